"""What stands between the rebalances of the story: what scripts did, what befell members.

Why: a rebalance has a history. What a rebalance or a step says already is not said again, and what
happened without a rebalance (a static member that was replaced) is said to have had none.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rebalance.timeline.events import MemberJoined, Step
from rebalance.timeline.lanes import GroupLanes, Lane, Mark
from rebalance.timeline.rebalances import EXPIRED, LEFT, Rebalance

_AT_ONCE_MS = 1_000
"""A step this close to the rebalance it caused is told by the rebalance alone."""


class Aside(NamedTuple):
    """A line of the story; sorted, they are in the order of the trace."""

    t: int
    order: int
    """Its event's place in the trace."""
    text: str
    style: str


def asides_of(group: GroupLanes, found: Sequence[Rebalance]) -> Iterator[Aside]:
    """What scripts did and what befell members, unless a rebalance or a step says it already."""
    steps = [(order, event) for order, event in enumerate(group.events) if isinstance(event, Step)]
    for order, step in steps:
        if step.text and not _told(found, step.member, step.t, step.cause):
            yield Aside(step.t, order, step.text, "")
    done_to: dict[str, list[Step]] = {}
    for _, step in steps:
        done_to.setdefault(step.member, []).append(step)
    for lane in group.lanes:
        yield from _befell(lane, done_to.get(lane.name, ()), found)
    yield from _replaced(group, found)


def _befell(lane: Lane, steps: Sequence[Step], found: Sequence[Rebalance]) -> Iterator[Aside]:
    previous = -1
    for mark in lane.marks:
        text = _mark_text(mark)
        cause = LEFT if mark.kind == "closed" else ""
        said = any(previous <= s.t <= mark.t for s in steps)
        expected = mark.kind not in ("refused", "assignor") and said
        if text and not expected and not _told(found, lane.name, mark.t, cause):
            style = "bad" if mark.kind != "closed" else ""
            yield Aside(mark.t, mark.order, f"{lane.name} {text}", style)
        previous = mark.t + 1


def _replaced(group: GroupLanes, found: Sequence[Rebalance]) -> Iterator[Aside]:
    """Static members that came back for their partitions while nothing else moved."""
    last: dict[str, str] = {}
    for order, event in enumerate(group.events):
        if not isinstance(event, MemberJoined) or event.group_instance_id is None:
            continue
        lane = group.names[event.member_id]
        before = last.get(event.group_instance_id)
        last[event.group_instance_id] = lane
        if before is not None and not _during(found, event.t):
            what = "is back" if before == lane else f"replaces {before}"
            text = f"{lane} {what} (static, {event.group_instance_id}): no rebalance"
            yield Aside(event.t, order, text, "")


def _during(found: Sequence[Rebalance], t: int) -> bool:
    """Was there a rebalance at `t`?"""
    before = found[: bisect_right(found, t, key=_start)]
    return any(r.end_ms is None or t <= r.end_ms for r in before)


def _told(found: Sequence[Rebalance], member: str, t: int, cause: str) -> bool:
    """Does a rebalance say it all? Never of a crash: how long nobody noticed is the story."""
    if cause == EXPIRED or not member:
        return False
    first = bisect_left(found, t - _AT_ONCE_MS, key=_start)
    return any(
        r.cause == cause and member in (r.member, *r.joined, *r.removed)
        for r in found[first : bisect_right(found, t + _AT_ONCE_MS, key=_start)]
    )


def _start(r: Rebalance) -> int:
    return r.start_ms


def _mark_text(mark: Mark) -> str:
    match mark.kind:
        case "crashed":
            return "crashed"
        case "failed":
            return f"failed: {mark.text}"
        case "closed":
            return "closed"
        case "paused":
            return "stands still"
        case "resumed":
            return "goes on"
        case "assignor":
            return f"assignor {mark.text}"
        case "refused":
            return f"commit refused: {mark.text}"
        case _:
            return ""
