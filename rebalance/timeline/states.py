"""What a member was doing when: the stretches that every picture of a member's life is drawn from.

Why: the text, the other pictures and whoever reads the model must agree on what "rejoining" or
"gone, not noticed yet" means, so it is decided here, once. A stretch ends wherever anything about
the member changes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from rebalance.timeline.history import History, Stretch
from rebalance.timeline.lanes import GroupLanes, Lane
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.spans import Span, intersection, union

MemberState = Literal["joining", "syncing", "rejoining", "owns", "idle", "paused", "zombie", "gone"]
"""`gone`: crashed, and nobody has noticed yet."""


class Phase(NamedTuple):
    """What holds during one stretch of a member's life."""

    owned: int
    believed: int
    """Partitions that it believes to own after the coordinator removed it."""
    joining: bool
    paused: bool
    alive: bool

    @property
    def state(self) -> MemberState:
        """One word for it; of several that fit, the one that a user must know."""
        if self.believed:
            return "zombie"
        if self.paused:
            return "paused"
        if self.owned:
            return "rejoining" if self.joining else "owns"
        return "joining" if self.joining else "idle"


def phases_of(
    lane: Lane, counts: Mapping[int, tuple[int, int]], busy: tuple[Span, ...]
) -> list[tuple[int, int, Phase]]:
    """The lane's life cut wherever anything about it changes; equal neighbours joined."""
    alive = lane.alive or lane.counted
    joining = lane.joining if lane.alive else intersection(busy, lane.counted)
    edges = {t for span in (*alive, *joining, *lane.paused) for t in span} | set(counts)
    result: list[tuple[int, int, Phase]] = []
    owned = believed = 0
    ordered = sorted(edges)
    for start, end in pairwise(ordered):
        more, beliefs = counts.get(start, (0, 0))
        owned, believed = owned + more, believed + beliefs
        phase = Phase(
            owned, believed, _in(joining, start), _in(lane.paused, start), _in(alive, start)
        )
        if result and result[-1][1] == start and result[-1][2] == phase:
            start = result.pop()[0]
        result.append((start, end, phase))
    return [entry for entry in result if entry[2].alive or entry[2].owned or entry[2].believed]


def _in(spans: Sequence[Span], t: int) -> bool:
    """Spans in order and without overlaps, as `union` returns them."""
    index = bisect_right(spans, t, key=lambda span: span.start) - 1
    return index >= 0 and t < spans[index].end


def lane_counts(all_: Iterable[History]) -> dict[str, dict[int, tuple[int, int]]]:
    """For each lane: at which instants how many partitions came (+) or went (-), and how many
    that it only believes in."""
    result: dict[str, dict[int, tuple[int, int]]] = {}
    for history in all_:
        count = len(history.cells)
        for stretch in history.stretches:
            for lane in stretch.owners:
                _change(result, lane, stretch, (count, 0))
            for lane in stretch.zombies:
                _change(result, lane, stretch, (0, count))
    return result


def _change(
    result: dict[str, dict[int, tuple[int, int]]], lane: str, stretch: Stretch, by: tuple[int, int]
) -> None:
    changes = result.setdefault(lane, {})
    for t, sign in ((stretch.start, 1), (stretch.end, -1)):
        owned, believed = changes.get(t, (0, 0))
        changes[t] = (owned + sign * by[0], believed + sign * by[1])


def busy_spans(found: Sequence[Rebalance], group: GroupLanes) -> tuple[Span, ...]:
    """When a rebalance was in progress: all that a coordinator's view knows of joining."""
    return union(
        Span(r.start_ms, until_of(found, index, group.end_ms)) for index, r in enumerate(found)
    )


def until_of(found: Sequence[Rebalance], index: int, end_ms: int) -> int:
    """When a rebalance was over: at rest, or overtaken by the next, or not before the end."""
    end = found[index].end_ms
    if end is not None:
        return end
    return found[index + 1].start_ms if index + 1 < len(found) else end_ms


def waiting_spans(group: GroupLanes, all_: Iterable[History]) -> dict[str, tuple[Span, ...]]:
    """After a crash that no coordinator tells of: until others have what the member held."""
    if any(lane.counted for lane in group.lanes):
        return {}
    ends: dict[tuple[str, int], int] = {}
    for history in all_:
        for before, gap in pairwise(history.stretches):
            for owner in before.owners if gap.unavailable and before.end == gap.start else ():
                ends[owner, gap.start] = max(ends.get((owner, gap.start), 0), gap.end)
    return {
        lane.name: union(
            Span(mark.t, before_next_life(lane, mark.t, ends.get((lane.name, mark.t), mark.t)))
            for mark in lane.marks
            if mark.kind == "crashed"
        )
        for lane in group.lanes
    }


def before_next_life(lane: Lane, t: int, end: int) -> int:
    """`end`, or earlier where the lane comes back to life after `t`."""
    return min([end, *(life.start for life in lane.alive if life.start >= t)])


def unnoticed_spans(lane: Lane) -> tuple[Span, ...]:
    """After a crash, until the coordinator removes the member: why nothing happens yet."""
    result: list[Span] = []
    for crash in (mark.t for mark in lane.marks if mark.kind in ("crashed", "failed")):
        for span in lane.counted:
            if span.start <= crash < span.end:
                result.append(Span(crash, before_next_life(lane, crash, span.end)))
    return union(result)
