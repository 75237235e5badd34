"""One rebalance as every picture tells it: why, how long, who was waited for, what it cost.

Why: the list below the text, the SVG's, the page's and `--json` have the same facts, so they are
put together once, here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.metrics import Metrics, RebalanceMetrics
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.stages import Course, Stage, WaitedFor, courses
from rebalance.timeline.states import until_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceEntry:
    """One rebalance. Times in milliseconds since the trace began."""

    number: int
    start_ms: int
    end_ms: int | None
    until_ms: int
    """Where to end it in a picture: at rest, overtaken, or the end of the trace."""
    time_to_stable_ms: int | None
    """From its start until the group was at rest; None: overtaken, or the trace ended first."""
    outcome: str
    generation_from: int
    generation_to: int | None
    cause: str
    cause_source: str
    member: str
    reason: str
    told_by: str
    """Of a rebalance that members show: the lane whose own words `reason` has; "": nobody's."""
    seen_by: str
    joined: tuple[str, ...]
    removed: tuple[str, ...]
    change: int
    """Rebalances with the same number converge on one change."""
    stages: tuple[Stage, ...]
    waited_for: tuple[WaitedFor, ...]
    delayed: bool
    """The join phase waited for the initial delay of a new group, by its coordinator's word."""
    requests_lost: int
    """Requests that were lost or refused while it lasted, where the trace tells of requests."""
    partitions_moved: int
    partitions_stopped: int
    unavailable_partition_ms: int
    unavailable_since_ms: int | None


def entries_of(
    group: GroupLanes, found: Sequence[Rebalance], numbers: Metrics
) -> tuple[RebalanceEntry, ...]:
    """Each rebalance of a group, with its course and the part of `numbers` that is its own."""
    bad = sorted(r.sent_ms for lane in group.lanes for r in lane.requests if r.bad)
    told = zip(found, numbers.per_rebalance, courses(group, found), strict=True)
    return tuple(
        _entry(rebalance, cost, course, until_of(found, index, group.end_ms), bad)
        for index, (rebalance, cost, course) in enumerate(told)
    )


def _entry(
    rebalance: Rebalance, cost: RebalanceMetrics, course: Course, until_ms: int, bad: Sequence[int]
) -> RebalanceEntry:
    over = max([rebalance.start_ms, *(stage.end_ms for stage in course.stages)])
    return RebalanceEntry(
        number=rebalance.number,
        start_ms=rebalance.start_ms,
        end_ms=rebalance.end_ms,
        until_ms=until_ms,
        time_to_stable_ms=rebalance.time_to_stable_ms,
        outcome=rebalance.outcome,
        generation_from=rebalance.generation_from,
        generation_to=rebalance.generation_to,
        cause=rebalance.cause,
        cause_source=rebalance.cause_source,
        member=rebalance.member,
        reason=rebalance.reason,
        told_by=rebalance.told_by,
        seen_by=rebalance.seen_by,
        joined=rebalance.joined,
        removed=rebalance.removed,
        change=rebalance.change,
        stages=course.stages,
        waited_for=course.waited_for,
        delayed=course.delayed,
        requests_lost=bisect_right(bad, over) - bisect_left(bad, rebalance.start_ms),
        partitions_moved=cost.partitions_moved,
        partitions_stopped=cost.partitions_stopped,
        unavailable_partition_ms=cost.unavailable_partition_ms,
        unavailable_since_ms=cost.unavailable_since_ms,
    )
