"""What stands above a picture of a group: who, how long, what it cost altogether, whose word it is.

Why: the text, the SVG, the page and `--json` must not tell different numbers, or leave different
ones out. The facts and the words for them are made here, once; a renderer only sets them. Rule
kept: a cost that the end of the trace cuts off is told as one that is still to come, never as none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from rebalance.timeline.events import Step
from rebalance.timeline.lanes import GroupLanes, Lane, Ownership
from rebalance.timeline.metrics import Metrics
from rebalance.timeline.rebalances import POLL_EXCEEDED, POLL_INTERVAL_MS, Rebalance
from rebalance.timeline.scale import counted, duration, seconds
from rebalance.timeline.states import unnoticed_spans

_NAMED = 3
"""Of those for whom a cost is still to come; the others are counted."""


class Fact(NamedTuple):
    """A few words with a number in them; `wrong`: it should never be."""

    words: str
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The whole of a group in one trace, or of what was measured of it."""

    group_id: str
    source: str
    """Who wrote the trace."""
    clock: str
    started_at_ms: int | None
    """Unix time of 0 s in milliseconds, where a real clock ran."""
    view: Literal["member", "coordinator", ""]
    """Whose word of ownership; "": nobody spoke of any."""
    since_ms: int
    """The numbers count from here on; 0: from the beginning."""
    duration_ms: int
    members: int
    partitions: int
    rebalances: int
    slowest_ms: int
    """The longest time that a change took until the group was at rest."""
    longest_unavailable_ms: int
    unavailable_partition_ms: int
    deserted_partition_ms: int
    double_owned_partition_ms: int
    zombie_partition_ms: int
    partitions_moved: int
    commits_refused: int
    moved_outside: int
    """Of `partitions_moved` what no rebalance explains."""
    unavailable_outside_partition_ms: int
    """Of `unavailable_partition_ms` what no rebalance explains."""
    to_come: tuple[str, ...]
    """What began and was not over when the trace ended, so that its cost is not known."""
    in_part: bool = False
    """Less is drawn than the numbers are of."""

    def extent(self) -> Iterator[str]:
        """Who, and how long."""
        yield counted(self.members, "member")
        yield counted(self.partitions, "partition")
        yield duration(self.duration_ms)
        if self.since_ms:
            yield f"measured from {seconds(self.since_ms)} on"
        yield counted(self.rebalances, "rebalance")
        if self.slowest_ms:
            yield f"slowest {duration(self.slowest_ms)}"
        if self.in_part and not self.since_ms:
            yield "numbers of the whole trace"

    def costs(self) -> Iterator[Fact]:
        """What it cost, and what is still to come."""
        if self.view:
            if self.longest_unavailable_ms:
                yield Fact(f"longest without owner {duration(self.longest_unavailable_ms)}")
            yield Fact(f"unavailable {self.unavailable_partition_ms:,} partition-ms")
            if self.deserted_partition_ms:
                yield Fact(f"nobody alive {self.deserted_partition_ms:,} partition-ms")
            if self.double_owned_partition_ms:
                yield Fact(f"double-owned {self.double_owned_partition_ms:,}", wrong=True)
            if self.zombie_partition_ms:
                yield Fact(f"zombie {self.zombie_partition_ms:,}", wrong=True)
            yield Fact(f"moved {self.partitions_moved:,}")
            if self.commits_refused:
                yield Fact(f"{counted(self.commits_refused, 'commit')} refused")
        for words in self.to_come:
            yield Fact(f"still to come: {words}", wrong=True)

    def origin(self) -> Iterator[str]:
        """Who wrote the trace, when it was, and whose word of ownership is drawn."""
        yield f"traced by {self.source}"
        if self.started_at_ms is not None:
            began = datetime.fromtimestamp(self.started_at_ms // 1000, tz=UTC)
            yield f"0 s is {began:%Y-%m-%d %H:%M:%S} UTC"
        elif self.clock == "virtual":
            yield "virtual time"
        if self.view:
            saw = "members saw it" if self.view == "member" else "the coordinator told it"
            yield f"ownership as {saw}"

    def outside(self) -> Iterator[str]:
        """What no rebalance explains; less than a hundredth of the time is not worth a word."""
        if self.moved_outside:
            yield f"moved {self.moved_outside:,}"
        if self.unavailable_outside_partition_ms * 100 > self.unavailable_partition_ms:
            yield f"unavailable {self.unavailable_outside_partition_ms:,} partition-ms"

    def to_dict(self) -> dict[str, Any]:
        """The numbers, and the words for them, as JSON knows them."""
        words = {"extent": list(self.extent()), "origin": list(self.origin())}
        costs = [[fact.words, fact.wrong] for fact in self.costs()]
        return asdict(self) | words | {"costs": costs, "outside": list(self.outside())}


def headline_of(
    group: GroupLanes, numbers: Metrics, found: Sequence[Rebalance], since_ms: int
) -> Headline:
    """The headline of a group of which `numbers` were measured."""
    owned = numbers.ownership
    costs = numbers.per_rebalance
    header = group.header
    return Headline(
        group_id=group.group_id,
        source=header.source,
        clock=header.clock,
        started_at_ms=header.started_at_ms,
        view=owned.view if owned else "",
        since_ms=since_ms,
        duration_ms=numbers.duration_ms,
        members=numbers.members,
        partitions=owned.partitions if owned else 0,
        rebalances=numbers.rebalances,
        slowest_ms=numbers.time_to_stable_max_ms,
        longest_unavailable_ms=owned.longest_unavailable_ms if owned else 0,
        unavailable_partition_ms=owned.unavailable_partition_ms if owned else 0,
        deserted_partition_ms=owned.deserted_partition_ms if owned else 0,
        double_owned_partition_ms=owned.double_owned_partition_ms if owned else 0,
        zombie_partition_ms=owned.zombie_partition_ms if owned else 0,
        partitions_moved=owned.partitions_moved if owned else 0,
        commits_refused=numbers.commits_refused,
        moved_outside=(
            owned.partitions_moved - sum(cost.partitions_moved for cost in costs) if owned else 0
        ),
        unavailable_outside_partition_ms=(
            owned.unavailable_partition_ms - sum(cost.unavailable_partition_ms for cost in costs)
            if owned
            else 0
        ),
        to_come=tuple(_to_come(group, found)),
    )


# --- what the end of the trace cuts off ----------------------------------------------------------


def _to_come(group: GroupLanes, found: Sequence[Rebalance]) -> Iterator[str]:
    end = group.end_ms
    if found and found[-1].outcome == "unfinished":
        yield f"rebalance #{found[-1].number} is not over"
    gone = [lane.name for lane in group.lanes if any(s.end == end for s in unnoticed_spans(lane))]
    if gone:
        yield f"{_names(gone)} gone, not noticed yet"
    stands = [lane.name for lane in group.lanes if _stands_still(lane, end)]
    if stands:
        yield f"{_names(stands)} standing still"
    busy = list(dict.fromkeys(_overbusy(group, found)))
    if busy:
        yield f"{_names(busy)} busy beyond max.poll.interval.ms"
    unowned = _unowned(group.ownership, end) if group.ownership is not None else 0
    if unowned:
        yield f"{counted(unowned, 'partition')} without owner"


def _stands_still(lane: Lane, end: int) -> bool:
    """To the end, and the group still counts on it; where nobody tells of that, it does."""
    counted = not lane.counted or lane.counted[-1].end == end
    return counted and any(span.end == end for span in lane.paused)


def _unowned(ownership: Ownership, end: int) -> int:
    """Partitions that are wanted to the end, and that nobody has then, or got at that moment; and
    those whose last consumer was lost, and that wait for another."""
    return sum(
        not any(hold.end == end and not hold.zombie for hold in ownership.holds.get(cell, ()))
        for cell, wanted in ownership.wanted.items()
        if any(spans and spans[-1].end == end for spans in (wanted, ownership.deserted.get(cell)))
    )


def _names(lanes: Sequence[str]) -> str:
    more = f" and {len(lanes) - _NAMED} more" if len(lanes) > _NAMED else ""
    return ", ".join(lanes[:_NAMED]) + more


def _overbusy(group: GroupLanes, found: Sequence[Rebalance]) -> Iterator[str]:
    """Whom a script made busy for longer than its group lets it, where the trace ends before that
    shows."""
    lanes = {lane.name: lane for lane in group.lanes}
    told = (event for event in group.events if isinstance(event, Step))
    for step in told:
        lane = lanes.get(step.member)
        if step.cause != POLL_EXCEEDED or lane is None:
            continue
        alive = any(span.end == group.end_ms for span in lane.alive)
        until = step.t + (lane.rebalance_timeout_ms or POLL_INTERVAL_MS)
        shown = any(r.cause == POLL_EXCEEDED and r.start_ms >= step.t for r in found)
        if alive and until >= group.end_ms and not shown:
            yield lane.name
