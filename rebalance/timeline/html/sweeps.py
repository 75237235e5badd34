"""What is counted over time: partitions without an owner, members alive, loads between rebalances.

Why: what the strips of a page show is counted from the whole model, before anything is merged or
left out, so that no number depends on what a page has room for.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from rebalance.timeline.model import GroupModel, PartitionLane, RebalanceEntry

Levels = tuple[int, ...]
Steps = list[tuple[int, Levels]]
"""From each instant on so many of each kind."""


def ownership_steps(lanes: Iterable[PartitionLane]) -> Steps:
    """How many partitions nobody owns, two or more own, a zombie believes in."""
    changes: dict[int, list[int]] = {}
    for lane in lanes:
        count = len(lane.partitions)
        for run in lane.runs:
            wrong = (run.unowned, len(run.owners) > 1, bool(run.zombies) and len(run.owners) < 2)
            for kind, holds in enumerate(wrong):
                if holds:
                    changes.setdefault(run.start_ms, [0, 0, 0])[kind] += count
                    changes.setdefault(run.end_ms, [0, 0, 0])[kind] -= count
    return _summed(changes, 3)


def live_steps(model: GroupModel) -> Steps:
    """How many members were alive, or not noticed to be gone."""
    changes: dict[int, list[int]] = {}
    for member in model.members:
        for span in member.states:
            if span.state != "gone":
                changes.setdefault(span.start_ms, [0])[0] += 1
                changes.setdefault(span.end_ms, [0])[0] -= 1
    return _summed(changes, 1)


def _summed(changes: dict[int, list[int]], kinds: int) -> Steps:
    now = [0] * kinds
    steps: Steps = []
    for t in sorted(changes):
        now = [level + by for level, by in zip(now, changes[t], strict=True)]
        if not steps or steps[-1][1] != tuple(now):
            steps.append((t, tuple(now)))
    return steps


def coarser_steps(rows: Sequence[Steps], span_ms: int, most: int) -> tuple[list[Steps], int]:
    """At most `most` instants altogether, or as few as can be, and the length that was merged: of
    each stretch of it the highest level is told, and then where it ended."""
    result, step = list(rows), 0
    while sum(map(len, result)) > most and step < span_ms:
        step = max(step * 2, span_ms // 4_096, 1)
        result = [_merged(row, step) for row in rows]
    return result, step


def _merged(row: Steps, step_ms: int) -> Steps:
    result: Steps = []
    at = 0
    while at < len(row):
        first = row[at][0]
        inside = [row[at][1]]
        at += 1
        while at < len(row) and row[at][0] < first + step_ms:
            inside.append(row[at][1])
            at += 1
        highest = tuple(max(levels) for levels in zip(*inside, strict=True))
        for t, levels in ((first, highest), (first + step_ms, inside[-1])):
            if result and result[-1][0] == t:
                result.pop()
            if not result or result[-1][1] != levels:
                result.append((t, levels))
    return result


class Rest(NamedTuple):
    """After a rebalance, once the last member has its partitions, until the next."""

    start_ms: int
    end_ms: int
    generation: int
    """-1: not known."""


class Load(NamedTuple):
    """A part of a rest in which it stays the same how much members own."""

    start_ms: int
    end_ms: int
    members: int
    """That are alive, and no zombies."""
    least: int
    most: int
    owned: int
    """By all of them."""


def rests(model: GroupModel) -> list[Rest]:
    """The times between rebalances."""
    entries = model.rebalances
    ends = [*(entry.start_ms for entry in entries[1:]), model.end_ms][: len(entries)]
    return [
        Rest(start, end, -1 if entry.generation_to is None else entry.generation_to)
        for entry, end in zip(entries, ends, strict=True)
        if (start := _settled(entry)) < end
    ]


def loads(model: GroupModel, found: Iterable[Rest]) -> list[Load]:
    """How partitions are spread in each of the rests."""
    spread = _Spread(model)
    result: list[Load] = []
    for rest in found:
        at = rest.start_ms
        while at < rest.end_ms:
            until = int(min(spread.at(at), rest.end_ms))
            result.append(Load(at, until, *spread.now()))
            at = until
    return result


def _settled(entry: RebalanceEntry) -> int:
    return entry.stages[-1].end_ms if entry.stages else entry.until_ms


class _Spread:
    """How many partitions each live member owns, asked for at instants that ascend; a zombie is
    none."""

    def __init__(self, model: GroupModel) -> None:
        changes: dict[int, Counter[int]] = {}
        for member in model.members:
            for span in member.states:
                if span.state not in ("gone", "zombie"):
                    changes.setdefault(span.start_ms, Counter())[span.owned] += 1
                    changes.setdefault(span.end_ms, Counter())[span.owned] -= 1
        self._changes = [(t, changes[t]) for t in sorted(changes) if any(changes[t].values())]
        self._next = 0
        self._owned: list[int] = []

    def at(self, t: int) -> float:
        """Go on to `t`, and return when something changes behind it."""
        while self._next < len(self._changes) and self._changes[self._next][0] <= t:
            for owned, by in self._changes[self._next][1].items():
                for _ in range(by):
                    insort(self._owned, owned)
                for _ in range(-by):
                    del self._owned[bisect_left(self._owned, owned)]
            self._next += 1
        return self._changes[self._next][0] if self._next < len(self._changes) else inf

    def now(self) -> tuple[int, int, int, int]:
        """Live members, the least, the most, and all that they own."""
        owned = self._owned
        return (len(owned), owned[0], owned[-1], sum(owned)) if owned else (0, 0, 0, 0)
