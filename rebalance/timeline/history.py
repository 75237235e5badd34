"""The history of a partition: stretches of time in which nothing about it changed.

Why: metrics and pictures must agree to the millisecond, so both read these stretches. Partitions
with one and the same history are one `History`: ten thousand partitions of fifty members are a
few hundred of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from rebalance.timeline.lanes import Ownership
from rebalance.timeline.ownership import Cell, Hold
from rebalance.timeline.spans import Span


class Stretch(NamedTuple):
    """In [start, end): who owns the partition, who wrongly believes so, whether it is wanted, and
    whether it is not because nobody is alive who would want it."""

    start: int
    end: int
    owners: tuple[str, ...]
    zombies: tuple[str, ...]
    wanted: bool
    deserted: bool = False

    @property
    def unavailable(self) -> bool:
        """Wanted, and nobody who is live owns it."""
        return self.wanted and not self.owners

    @property
    def double(self) -> bool:
        """Owned by more than one at once; zombies do not count."""
        return len(self.owners) > 1


class Move(NamedTuple):
    """At `t` the partition went to another member than its last owner."""

    t: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to each of `cells`; stretches in order, time about which nothing is known left
    out (nobody owns, believes or wants it, though somebody is alive who might)."""

    cells: tuple[Cell, ...]
    stretches: tuple[Stretch, ...]
    moves: tuple[Move, ...]

    def gaps(self) -> tuple[Span, ...]:
        """The longest spans in which the partition was unavailable."""
        result: list[Span] = []
        for stretch in self.stretches:
            if not stretch.unavailable:
                continue
            if result and result[-1].end == stretch.start:
                result[-1] = Span(result[-1].start, stretch.end)
            else:
                result.append(Span(stretch.start, stretch.end))
        return tuple(result)


def histories(ownership: Ownership) -> tuple[History, ...]:
    """The histories of all partitions of a view, ordered by their first partition."""
    same: dict[tuple[int, int, int], list[Cell]] = {}
    for cell, wanted in ownership.wanted.items():
        key = (id(ownership.holds.get(cell)), id(wanted), id(ownership.deserted.get(cell)))
        same.setdefault(key, []).append(cell)
    groups: dict[_Past, list[Cell]] = {}
    for cells in same.values():
        one = cells[0]
        past = (
            ownership.holds.get(one, ()), ownership.wanted[one], ownership.deserted.get(one, ())
        )  # fmt: skip
        groups.setdefault(past, []).extend(cells)
    return tuple(
        History(cells=tuple(sorted(cells)), stretches=stretches(*past), moves=moves(past[0]))
        for past, cells in groups.items()
    )


_Past: TypeAlias = tuple[tuple[Hold, ...], tuple[Span, ...], tuple[Span, ...]]
"""Holds, when it was wanted, when it was deserted."""


def stretches(
    holds: Iterable[Hold], wanted: Iterable[Span], deserted: Iterable[Span] = ()
) -> tuple[Stretch, ...]:
    """Sweep over the edges of holds and demand: O(n log n), exact."""
    edges: list[tuple[int, int, str]] = []
    for hold in holds:
        kind = "z" if hold.zombie else "o"
        edges += [(hold.start, 1, kind + hold.lane), (hold.end, -1, kind + hold.lane)]
    for span in wanted:
        edges += [(span.start, 1, "w"), (span.end, -1, "w")]
    for span in deserted:
        edges += [(span.start, 1, "d"), (span.end, -1, "d")]
    edges.sort(key=lambda edge: (edge[0], edge[1]))
    active: dict[str, int] = {}
    result: list[Stretch] = []
    previous = 0
    for t, step, key in edges:
        if t > previous and active:
            _append(result, _stretch(previous, t, active))
        previous = t
        active[key] = active.get(key, 0) + step
        if not active[key]:
            del active[key]
    return tuple(result)


def _stretch(start: int, end: int, active: dict[str, int]) -> Stretch:
    names = sorted(active)
    owners = tuple(name[1:] for name in names if name[0] == "o")
    zombies = tuple(name[1:] for name in names if name[0] == "z")
    deserted = "d" in active and not owners
    return Stretch(start, end, owners, zombies, "w" in active, deserted)


def _append(result: list[Stretch], stretch: Stretch) -> None:
    if result and result[-1].end == stretch.start and result[-1][2:] == stretch[2:]:
        stretch = stretch._replace(start=result.pop().start)
    result.append(stretch)


def moves(holds: Iterable[Hold]) -> tuple[Move, ...]:
    """Each time the partition went to another owner than before, however briefly; the first owner
    is no move. `holds` are in the order in which they began."""
    result: list[Move] = []
    before = ""
    for hold in (hold for hold in holds if not hold.zombie):
        if before and hold.lane != before:
            result.append(Move(hold.start, before, hold.lane))
        before = hold.lane
    return tuple(result)
