"""One after another: `every 10s`, and so many at a time: `by 12`.

Why: a deploy does to many consumers what a line of a scenario does to one, at a pace of its own,
and goes on while time passes. Until the last one had its turn nothing counts as at rest. An even
pace may keep step with heartbeats, and then it tells of that and of nothing else: `every 8s..12s`
draws each pause, by the seed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rebalance.simulation.commands.command import clauses
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Stage
from rebalance.simulation.values import duration_range, whole_number

__all__ = ["CLAUSES", "Act", "Pace", "pace", "pace_of"]

Act = Callable[[Stage, str], None]
"""Do it to one consumer, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`by` consumers at once, the next ones later: by the least and the most of `every_ms`."""

    every_ms: tuple[int, int] = (0, 0)
    by: int = 1

    def turns(self, stage: Stage, members: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Each consumer and in how many milliseconds it has its turn."""
        delay_ms = 0
        for index, name in enumerate(members):
            if index and index % self.by == 0:
                delay_ms += stage.simulation.world.between(*self.every_ms)
            yield name, delay_ms

    def act(self, stage: Stage, members: Sequence[str], act: Act, what: str) -> None:
        """Do it to each of them at its turn; who has it now, at once."""
        for name, delay_ms in self.turns(stage, members):
            if delay_ms:
                stage.simulation.later(name, delay_ms, partial(act, stage), what)
            else:
                act(stage, name)


def pace(call: Call) -> tuple[tuple[str, ...], Pace]:
    """The names of a line, and the pace that stands behind them."""
    words, found = clauses(call, CLAUSES)
    return words, pace_of(call, found)


def pace_of(call: Call, found: Mapping[str, Any]) -> Pace:
    """The pace among the clauses of a line."""
    if "by" in found and "every" not in found:
        raise call.error("`by` says how many at a time: expected `every DURATION` too")
    return Pace(every_ms=found.get("every", (0, 0)), by=found.get("by", 1))


def _at_least_one(text: str) -> int:
    """So many at a time. Raises ValueError for none."""
    number = whole_number(text)
    if number < 1:
        raise ValueError(f"{text!r}: expected 1 or more at a time")
    return number


CLAUSES: Mapping[str, Callable[[str], Any]] = {"every": duration_range, "by": _at_least_one}
