"""The rebalances of a group: when, how long, which generations, and why.

Why: "why did this rebalance happen?" is the first question of every user. Rule kept: the cause is
the coordinator's word; where it has none, the word of a script's own step, marked as such; else
it is unknown. What members were seen to do is told as `reason`, never turned into a cause.
A step reaches only as far as its kind of cause can take, and never over another member's own word.
A rebalance begins when its coordinator says so. Where none speaks, it begins with the member that
a script closed, for that is when the LeaveGroup was sent, else with the first member that moves:
when a coordinator gave up on a crashed member, clients cannot see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rebalance.timeline.events import (
    Event,
    GroupStateChanged,
    JoinCompleted,
    MemberJoined,
    MemberRemoved,
    RebalanceStarted,
    Step,
)
from rebalance.timeline.lanes import GroupLanes, Lane
from rebalance.timeline.witnesses import witnessed

UNKNOWN = "unknown"
JOINED, LEFT, EXPIRED = "member joined", "member left", "session expired"
POLL_EXCEEDED = "poll interval exceeded"
POLL_INTERVAL_MS = 300_000
"""max.poll.interval.ms of a member that does not say another."""
_POLLED_MS = 5_000
"""So long before it was made busy a member may have polled last."""
SECOND_HALF = "partitions revoked"
"""The cause of a rebalance that only hands over what the one before it revoked."""
_REACH_MS = 30_000
"""So long after a step its rebalance begins at most: a client starts, the next heartbeat comes."""
_REACHES_MS = {EXPIRED: 2 * 45_000, "metadata changed": 300_000 + _REACH_MS}
"""Twice session.timeout.ms, where the member does not say another; metadata.max.age.ms."""
_AT_REST = frozenset({"Stable", "Empty", "Dead"})

Outcome = Literal["stable", "empty", "dead", "overtaken", "unfinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalance:
    """One rebalance. Times in milliseconds since the trace began."""

    number: int
    """From 1, in order of time; what the picture and the list call it."""
    start_ms: int
    end_ms: int | None
    """When the group was at rest again; None: overtaken by the next, or the trace ends first."""
    outcome: Outcome
    generation_from: int
    """-1: not known."""
    generation_to: int | None
    """None: the join phase never completed."""
    cause: str = UNKNOWN
    cause_source: Literal["coordinator", "script", "unknown"] = "unknown"
    member: str = ""
    """The lane that caused it; "": nobody in particular, or not known."""
    reason: str = ""
    """More words: the client's or the coordinator's own, or what members were seen to do first."""
    told_by: str = ""
    """Of a rebalance that members show: the lane whose own words `reason` has; "": nobody's."""
    seen_by: Literal["coordinator", "members"] = "coordinator"
    joined: tuple[str, ...] = ()
    """Lanes that the coordinator added while this rebalance gathered its members, and the one
    whose joining is its cause."""
    removed: tuple[str, ...] = ()
    """Lanes that the coordinator removed meanwhile, and the one whose going is its cause."""
    change: int = 0
    """Rebalances with the same number converge on one change (see `changes` in metrics)."""

    @property
    def time_to_stable_ms(self) -> int | None:
        """From start to rest."""
        return None if self.end_ms is None else self.end_ms - self.start_ms


def find_rebalances(group: GroupLanes) -> tuple[Rebalance, ...]:
    """The rebalances of a group: as its coordinator tells them, else as its members show them."""
    found = _told(group)
    if not found:
        found = [
            Rebalance(
                number=0,
                start_ms=seen.start,
                end_ms=seen.end,
                outcome="unfinished" if seen.end is None else "stable",
                generation_from=seen.generation_from,
                generation_to=seen.generation_to,
                reason=seen.reason,
                told_by=seen.told_by,
                seen_by="members",
            )
            for seen in witnessed(group)
        ]
    return tuple(_numbered(_consistent(r) for r in _with_scripts(found, group)))


def _told(group: GroupLanes) -> list[Rebalance]:
    events = group.events
    if any(isinstance(event, RebalanceStarted) for event in events):
        return _by_word(group)
    if any(isinstance(event, GroupStateChanged) for event in events):
        return _by_state(events)
    return []


def _by_word(group: GroupLanes) -> list[Rebalance]:
    found: list[Rebalance] = []
    just_now: list[Event] = []
    for event in group.events:
        current = found[-1] if found and found[-1].outcome == "unfinished" else None
        if isinstance(event, MemberJoined | MemberRemoved):
            just_now = [e for e in just_now if e.t == event.t] + [event]
        match event:
            case RebalanceStarted():
                if current is not None:
                    found[-1] = replace(current, outcome="overtaken")
                found.append(
                    Rebalance(
                        number=0,
                        start_ms=event.t,
                        end_ms=None,
                        outcome="unfinished",
                        generation_from=event.generation_id,
                        generation_to=None,
                        cause=event.cause,
                        cause_source="unknown" if event.cause == UNKNOWN else "coordinator",
                        member=group.names.get(event.member_id, ""),
                        reason=event.reason,
                    )
                )
                for earlier in just_now:
                    if earlier.t == event.t:
                        found[-1] = _followed(found[-1], earlier, group)
                just_now = []
            case _ if current is not None:
                found[-1] = _followed(current, event, group)
            case _:
                pass
    return found


def _followed(current: Rebalance, event: Event, group: GroupLanes) -> Rebalance:
    """A rebalance in progress after one more event."""
    match event:
        case JoinCompleted():
            return replace(current, generation_to=event.generation_id)
        case MemberJoined() if current.generation_to is None:
            return replace(current, joined=(*current.joined, group.names[event.member_id]))
        case MemberRemoved() if current.generation_to is None:
            return replace(current, removed=(*current.removed, group.names[event.member_id]))
        case GroupStateChanged() if event.state in _AT_REST:
            return _rested(current, event)
        case _:
            return current


def _rested(current: Rebalance, event: GroupStateChanged) -> Rebalance:
    outcomes: dict[str, Outcome] = {"Stable": "stable", "Empty": "empty", "Dead": "dead"}
    return replace(
        current,
        end_ms=event.t,
        outcome=outcomes[event.state],
        generation_to=event.generation_id,
    )


def _by_state(events: Iterable[Event]) -> list[Rebalance]:
    """An observer that polls states sees when a group left its rest and when it came back."""
    found: list[Rebalance] = []
    generation = -1
    for event in events:
        if not isinstance(event, GroupStateChanged):
            continue
        moving = bool(found) and found[-1].outcome == "unfinished"
        if moving and event.state in _AT_REST:
            found[-1] = _rested(found[-1], event)
        elif not moving and event.state not in _AT_REST:
            found.append(
                Rebalance(
                    number=0,
                    start_ms=event.t,
                    end_ms=None,
                    outcome="unfinished",
                    generation_from=generation,
                    generation_to=None,
                )
            )
        generation = event.generation_id
    return found


def _with_scripts(found: list[Rebalance], group: GroupLanes) -> list[Rebalance]:
    """Give each rebalance without a cause the closest step before it that no other has used."""
    lanes = {lane.name for lane in group.lanes}
    steps = [
        event
        for event in group.events
        if isinstance(event, Step) and event.cause and (not event.member or event.member in lanes)
    ]
    told = {lane.name: lane for lane in group.lanes}
    first_seen = {lane.name: lane.alive[0].start for lane in group.lanes if lane.alive}
    result: list[Rebalance] = []
    for position, rebalance in enumerate(found):
        before = [step for step in steps if _explains(step, rebalance, told)]
        if rebalance.cause_source == "coordinator":
            before = [step for step in before if step.cause == rebalance.cause]
        if before:
            step = before[-1]
            steps.remove(step)
            if rebalance.cause_source != "coordinator":
                rebalance = replace(
                    rebalance,
                    start_ms=_began(step, rebalance, result, group),
                    cause=step.cause,
                    cause_source="script",
                    member=step.member,
                )
        result.append(rebalance)
        until = found[position + 1].start_ms if position + 1 < len(found) else group.end_ms
        steps = [s for s in steps if not _merged(s, rebalance, first_seen, until)]
    return result


def _explains(step: Step, rebalance: Rebalance, lanes: Mapping[str, Lane]) -> bool:
    """It was before, not too long ago, and nobody else says that it was for a reason of his own.
    Who is made busy leaves when its max.poll.interval.ms is over, and not before."""
    lane = lanes.get(step.member)
    session_ms = lane.session_timeout_ms if lane and step.cause == EXPIRED else None
    reach = 2 * session_ms if session_ms else _REACHES_MS.get(step.cause, _REACH_MS)
    since = step.t
    if step.cause == POLL_EXCEEDED:
        interval_ms = lane.rebalance_timeout_ms if lane else None
        since += max((interval_ms or POLL_INTERVAL_MS) - _POLLED_MS, 0)
    heard = rebalance.told_by in ("", step.member) or not step.member
    if rebalance.seen_by == "coordinator" and rebalance.reason and rebalance.member:
        heard = heard and step.member in ("", rebalance.member)
    return heard and 0 <= rebalance.start_ms - since <= reach


def _began(
    step: Step, rebalance: Rebalance, earlier: Sequence[Rebalance], group: GroupLanes
) -> int:
    """Of a member that was closed: when it was gone; a broker that tells its start knows better."""
    if step.cause != LEFT or rebalance.seen_by == "coordinator":
        return rebalance.start_ms
    gone = [
        mark.t
        for lane in group.lanes
        if lane.name == step.member
        for mark in lane.marks
        if mark.kind == "closed" and step.t <= mark.t <= rebalance.start_ms
    ]
    before = [r.start_ms if r.end_ms is None else r.end_ms for r in earlier]
    return min(max([gone[0] if gone else step.t, *before]), rebalance.start_ms)


def _consistent(rebalance: Rebalance) -> Rebalance:
    """Who caused it by coming or going came or went, though a clock may have ticked meanwhile."""
    member = rebalance.member
    if rebalance.cause == JOINED and member and member not in rebalance.joined:
        return replace(rebalance, joined=(member, *rebalance.joined))
    if rebalance.cause in (LEFT, EXPIRED) and member and member not in rebalance.removed:
        return replace(rebalance, removed=(member, *rebalance.removed))
    return rebalance


def _merged(step: Step, rebalance: Rebalance, first_seen: dict[str, int], until: int) -> bool:
    """A member that started before or during this rebalance joined in it: no later one is its."""
    started = first_seen.get(step.member)
    joins = step.cause == JOINED and started is not None
    end = until if rebalance.end_ms is None else rebalance.end_ms
    return joins and started is not None and step.t <= end and started <= end


def _numbered(found: Iterable[Rebalance]) -> Iterable[Rebalance]:
    change = 0
    previous: Rebalance | None = None
    for number, rebalance in enumerate(found, 1):
        goes_on = previous is not None and (
            rebalance.cause == SECOND_HALF or previous.end_ms is None
        )
        change += 0 if goes_on else 1
        previous = replace(rebalance, number=number, change=change)
        yield previous
