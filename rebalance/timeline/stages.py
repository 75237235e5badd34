"""The stages of a rebalance, and who was waited for: what the trace says, never a guess.

Why: "315 ms" helps nobody; "280 ms of it went by until B had sent its JoinGroup" does. The stages
of one rebalance follow each other without gap or overlap:

- `revoke`: from its start until the last member that gave up partitions had done so;
- `join`: from then until all JoinGroups were answered (the join phase of the coordinator);
- `sync`: from then until the group was at rest: the leader assigns, the assignment is stored;
- `settle`: from then until the last member of the generation had its partitions.

Who was waited for is the coordinator's word where its trace has it (`group_waits`); from a trace
without it, what members were seen to do. A stage of which the trace does not say is left out, or
shorter: without members' events there is neither `revoke` nor `settle`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rebalance.timeline.events import (
    Assigned,
    Event,
    GroupWaits,
    JoinCompleted,
    Joined,
    Joining,
    MemberRemoved,
    Revoked,
)
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.states import until_of

_GIVEN_UP = ("member did not rejoin", "member did not sync", "session expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage: [start, end) milliseconds since the trace began."""

    name: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitedFor:
    """The last member that a stage needed, and when it came; `came` False: it was given up."""

    stage: str
    member: str
    until_ms: int
    came: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one rebalance went."""

    stages: tuple[Stage, ...]
    waited_for: tuple[WaitedFor, ...]
    delayed: bool = False
    """The join phase waited for the initial delay of a new group, by its coordinator's word."""


def courses(group: GroupLanes, found: Sequence[Rebalance]) -> tuple[Course, ...]:
    """The course of each rebalance, from the events between its start and the next one's."""
    times = [event.t for event in group.events]
    spoken = any(isinstance(event, GroupWaits) for event in group.events)
    result: list[Course] = []
    for index, rebalance in enumerate(found):
        last = index + 1 == len(found)
        until = group.end_ms if last else found[index + 1].start_ms
        first = bisect_left(times, rebalance.start_ms)
        beyond = bisect_right(times, until) if last else bisect_left(times, until)
        events = group.events[first:beyond]
        over = until_of(found, index, group.end_ms)
        result.append(_course(group, rebalance, events, over, spoken=spoken))
    return tuple(result)


def _course(
    group: GroupLanes, r: Rebalance, events: Sequence[Event], until: int, *, spoken: bool
) -> Course:
    """`until`: when it was over, or overtaken; `spoken`: the coordinator says what it waits for."""
    completed = next((e.t for e in events if isinstance(e, JoinCompleted)), None)
    if completed is None and r.seen_by == "members":
        completed = max((e.t for e in events if _of_generation(e, r, Joined)), default=None)
    joined_by = until if completed is None else completed
    revoked = [
        e.t
        for e in events
        if isinstance(e, Revoked) and any(e.partitions.values()) and e.t <= joined_by
    ]
    settled = max((e.t for e in events if _of_generation(e, r, Assigned)), default=until)
    edges = [("revoke", max(revoked, default=r.start_ms)), ("join", joined_by)]
    if completed is not None:
        edges += [("sync", until), ("settle", settled)]
    stages: list[Stage] = []
    at = r.start_ms
    for name, end in edges:
        if end > at:
            stages.append(Stage(name=name, start_ms=at, end_ms=end))
            at = end
    told = _last_word(events, joined_by)
    joined = (
        _waited_to_join(group, r, events, joined_by, told)
        if spoken
        else _seen_to_join(group, r, events, joined_by)
    )
    waited = (*joined, *_waited_to_settle(r, events, until))
    delayed = told is not None and told.waits_for == "delay"
    return Course(stages=tuple(stages), waited_for=waited, delayed=delayed)


def _of_generation(event: Event, r: Rebalance, kind: type[Joined] | type[Assigned]) -> bool:
    return isinstance(event, kind) and event.generation_id in (-1, r.generation_to)


def _waited_to_join(
    group: GroupLanes, r: Rebalance, events: Sequence[Event], until: int, told: GroupWaits | None
) -> Iterable[WaitedFor]:
    """By the coordinator's word: whoever was given up, else the last that was left to wait for."""
    given_up = tuple(_given_up(group, r, events, until))
    yield from given_up
    gone = {e.member_id for e in events if isinstance(e, MemberRemoved) and e.t <= until}
    for member_id in told.members if told is not None and not given_up else ():
        lane = group.names.get(member_id, member_id)
        yield WaitedFor(stage="join", member=lane, until_ms=until, came=member_id not in gone)


def _seen_to_join(
    group: GroupLanes, r: Rebalance, events: Sequence[Event], until: int
) -> Iterable[WaitedFor]:
    """Without that word: whoever was given up, else whose JoinGroup was seen last.

    Nobody where more time went by after the last JoinGroup than before it: then a timer was waited
    for, the initial delay of a new group.
    """
    given_up = tuple(_given_up(group, r, events, until))
    yield from given_up
    sent = {e.member: e.t for e in events if isinstance(e, Joining) and e.t <= until}
    if not given_up and len(sent) > 1:
        last = max(sent, key=lambda member: sent[member])
        if sent[last] - r.start_ms > until - sent[last]:
            yield WaitedFor(stage="join", member=last, until_ms=sent[last])


def _given_up(
    group: GroupLanes, r: Rebalance, events: Sequence[Event], until: int
) -> Iterable[WaitedFor]:
    for e in events:
        if isinstance(e, MemberRemoved) and r.start_ms < e.t <= until and e.cause in _GIVEN_UP:
            lane = group.names[e.member_id]
            yield WaitedFor(stage="join", member=lane, until_ms=e.t, came=False)


def _last_word(events: Sequence[Event], until: int) -> GroupWaits | None:
    """What the coordinator last said that the join phase waits for."""
    words = [e for e in events if isinstance(e, GroupWaits) and e.t <= until]
    return next((e for e in reversed(words) if e.waits_for != "sync"), None)


def _waited_to_settle(r: Rebalance, events: Sequence[Event], until: int) -> Iterable[WaitedFor]:
    """Whose partitions came last, where the group was at rest before."""
    got = {e.member: e.t for e in events if _of_generation(e, r, Assigned)}  # type: ignore[attr-defined]
    if len(got) > 1:
        last = max(got, key=lambda member: got[member])
        if got[last] > until:
            yield WaitedFor(stage="settle", member=last, until_ms=got[last])
