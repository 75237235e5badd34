"""A week of churn in virtual time: thousands of groups come and go, and nothing of them stays.

Members join, leave, crash, come back; groups without members commit; transactions, deletions,
failed appends and moves of the coordinator happen in between. Offsets are kept for a day. After the
week nobody comes any more, and three days later there must be no group, timer, id, append or
request left, and nothing in `__consumer_offsets` once it is compacted. Exit code 1 if there is.

Run: python -m benchmarks.churn [--days 7] [--groups 10000] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table

from benchmarks.load.churners import (
    Churner,
    commit_in_transaction,
    commit_once,
    drop_group,
    drop_offsets,
)
from benchmarks.load.churning import DAY_MS, PARTITIONS, ChurnedBroker
from rebalance.broker.groups.offsets_topic import COMPACT_AT_BYTES

__all__ = ["Outcome", "churn"]

HOUR_MS = DAY_MS // 24
AFTERWARDS_DAYS = 3
"""Sessions end, groups are Empty, a day passes, the next check comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What there was at the end of each day, and after everything."""

    days: tuple[dict[str, int], ...]
    left: dict[str, int]
    log_bytes: int
    compacted_bytes: int
    requests: int
    groups: int

    @property
    def problems(self) -> list[str]:
        """What should not be there."""
        found = [f"{number} {what}" for what, number in self.left.items() if number]
        if self.compacted_bytes:
            found.append(f"{self.compacted_bytes} bytes in a compacted log of nothing")
        # A partition may grow by it, and by as much as a compaction left, before the next one.
        most = PARTITIONS * 2 * COMPACT_AT_BYTES
        grown = max([self.log_bytes, *(day["log bytes"] for day in self.days)])
        if grown > most:
            found.append(f"a log of {grown} bytes, where {most} are a bound")
        return found


def churn(*, days: int, groups: int, seed: int) -> Outcome:
    """Play it."""
    broker = ChurnedBroker(seed)
    every_ms = days * DAY_MS // groups
    for number in range(groups):
        broker.at(number * every_ms, _group(broker, number))
    for hour in range(days * 24):
        broker.at(hour * HOUR_MS, lambda: broker.move(broker.random.randrange(PARTITIONS)))
    seen = []
    for day in range(1, days + 1):
        broker.run_until(day * DAY_MS)
        seen.append({**broker.held(), "log bytes": broker.log_bytes})
    broker.appends_fail = False
    broker.run_until((days + AFTERWARDS_DAYS) * DAY_MS)
    log_bytes = broker.log_bytes
    broker.compact()
    return Outcome(
        days=tuple(seen),
        left=broker.held(),
        log_bytes=log_bytes,
        compacted_bytes=broker.log_bytes,
        requests=broker.requests,
        groups=len(broker.group_ids),
    )


def _group(broker: ChurnedBroker, number: int) -> Callable[[], None]:
    """What becomes of one group."""
    random = broker.random
    group_id = f"group-{number}"

    def begin() -> None:
        kind = random.random()
        if kind < 0.1:
            commit_once(broker, group_id)
        elif kind < 0.2:
            commit_in_transaction(broker, group_id, number)
        else:
            for member in range(random.randint(1, 4)):
                broker.at(random.randint(0, HOUR_MS), partial(_member, broker, group_id, member))
        if kind > 0.9:
            broker.at(random.randint(0, 6 * HOUR_MS), partial(drop_offsets, broker, group_id))
            broker.at(random.randint(0, 9 * HOUR_MS), partial(drop_group, broker, group_id))

    return begin


def _member(broker: ChurnedBroker, group_id: str, number: int) -> None:
    instance_id = f"instance-{number}" if broker.random.random() < 0.2 else None
    Churner(broker, group_id, broker.random.randint(1, 6 * HOUR_MS), instance_id)


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    outcome = churn(days=options.days, groups=options.groups, seed=options.seed)
    took = time.perf_counter() - began
    afterwards = {**outcome.left, "log bytes": outcome.log_bytes}
    afterwards["log bytes, compacted"] = outcome.compacted_bytes
    title = f"{outcome.groups:,} groups, {outcome.requests:,} requests, {took:.0f} s, seed "
    table = Table(title=f"{title}{options.seed}", title_justify="left")
    table.add_column("held")
    for day in range(1, len(outcome.days) + 1):
        table.add_column(f"day {day}", justify="right")
    table.add_column("afterwards", justify="right")
    for what, number in afterwards.items():
        row = [f"{day[what]:,}" if what in day else "" for day in outcome.days]
        table.add_row(what, *row, f"{number:,}")
    Console(width=150).print(table)
    if outcome.problems:
        sys.exit("left behind: " + "; ".join(outcome.problems))


if __name__ == "__main__":
    main()
