"""Histories of one group as they pass on the wire, told by hand to the real registry."""

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    CoordinatorRequest,
    HeartbeatRequest,
    SyncGroupAssignment,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CoordinatorResponse,
    HeartbeatResponse,
    SyncGroupResponse,
)
from rebalance.simulation.checkers import Answer, Arrival, Checkers, Fact
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = [
    "AGAIN",
    "STABLE",
    "answered",
    "arrives",
    "at_once",
    "beat",
    "completed",
    "joined",
    "refusal",
    "removed",
    "rules",
    "state",
    "sync",
    "synced",
]


def rules(*facts: Fact) -> list[str]:
    """What is found wrong, in order."""
    views = Views()
    checkers = Checkers(views, lambda lane: True)
    for fact in facts:
        if isinstance(fact, trace.Event):
            checkers.check(fact)
            views.apply(fact)
        else:
            checkers.told(fact)
    return [violation.rule for violation in checkers.violations]


def state(previous: str, state: str, generation_id: int = 1) -> trace.GroupStateChanged:
    return trace.GroupStateChanged(
        t=0, group_id="g", previous=previous, state=state, generation_id=generation_id
    )


def joined(member_id: str, instance: str | None = None) -> trace.MemberJoined:
    return trace.MemberJoined(
        t=0, group_id="g", member_id=member_id, client_id=member_id, group_instance_id=instance
    )


def removed(member_id: str, cause: str = "session expired") -> trace.MemberRemoved:
    return trace.MemberRemoved(t=0, group_id="g", member_id=member_id, cause=cause)


def completed(generation_id: int, *members: str) -> tuple[trace.Event, ...]:
    """A join phase ends; the first member leads."""
    return (
        state("PreparingRebalance", "CompletingRebalance", generation_id),
        trace.JoinCompleted(
            t=0,
            group_id="g",
            generation_id=generation_id,
            protocol_name="range",
            leader=members[0],
            members=members,
        ),
    )


STABLE: tuple[Fact, ...] = (
    joined("a"),
    state("Empty", "PreparingRebalance", 0),
    *completed(1, "a"),
    state("CompletingRebalance", "Stable"),
)
"""A group of one in generation 1; nobody has heard its plan."""
AGAIN = state("Stable", "PreparingRebalance")


def arrives(request: CoordinatorRequest) -> Arrival:
    return Arrival(0, request, request)


def answered(request: CoordinatorRequest, response: CoordinatorResponse) -> Answer:
    return Answer(0, request, request, response)


def at_once(request: CoordinatorRequest, response: CoordinatorResponse) -> tuple[Fact, Fact]:
    return arrives(request), answered(request, response)


def beat(
    member_id: str, generation_id: int, error: ErrorCode, instance: str | None = None
) -> tuple[Fact, Fact]:
    """A heartbeat and its answer."""
    request = HeartbeatRequest(
        group_id="g",
        generation_id=generation_id,
        member_id=member_id,
        group_instance_id=instance,
    )
    return at_once(request, HeartbeatResponse(error=error))


def sync(
    member_id: str, generation_id: int, plan: dict[str, bytes] | None = None
) -> SyncGroupRequest:
    return SyncGroupRequest(
        group_id="g",
        generation_id=generation_id,
        member_id=member_id,
        assignments=tuple(
            SyncGroupAssignment(member_id=each, assignment=given)
            for each, given in (plan or {}).items()
        ),
    )


def synced(request: SyncGroupRequest, assignment: bytes) -> Answer:
    return answered(request, SyncGroupResponse(assignment=assignment))


def refusal(request: SyncGroupRequest, error: ErrorCode) -> Answer:
    return answered(request, SyncGroupResponse(error=error))
