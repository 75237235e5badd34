"""From what the machines say to the lines of a trace: the one translation.

Why: whoever drives a coordinator or a member (simulation, embedded broker, client adapters) writes
the same trace, so what a notice means in it is decided here and nowhere else. Pure: `t` is given.
What a driver does itself (start, pause or stop a process, make a topic) it writes itself.
"""

from collections.abc import Callable, Mapping

from assignors.errors import CodecError
from assignors.model import PartitionSet
from rebalance.member import events
from rebalance.protocol import effects as coordinator
from rebalance.protocol import notices
from rebalance.protocol.assignments import assigned_partitions
from rebalance.timeline import trace

__all__ = ["as_partitions", "coordinator_event", "member_events"]


def as_partitions(partitions: PartitionSet) -> trace.Partitions:
    """A set of partitions in the trace's shape: topic -> ascending ids."""
    return {topic: tuple(ids.tolist()) for topic, ids in partitions.by_topic.items()}


def coordinator_event(effect: coordinator.Effect, t: int) -> trace.Event | None:
    """The trace event of a coordinator's effect; None for a reply or an append.

    `t`: milliseconds since the trace began. An assignment that is no ConsumerProtocolAssignment
    (a group of another protocol type, or a peer's nonsense) is an event without partitions.
    """
    translate = _COORDINATOR.get(type(effect))
    return None if translate is None else translate(effect, t)


def member_events(
    effect: events.MemberEffect, t: int, *, group_id: str, member: str
) -> trace.Event | None:
    """The trace event of a member's effect; None where the trace has no word for it.

    `member` is the lane's name. When to call it decides what `t` means (rule M01): an `Assign` or
    `Lose` counts from the moment the member returned it, a `Revoke` from the end of its listener,
    for until then the member owns. A `Revoke` or `Lose` of nothing is no event.
    """
    translate = _MEMBER.get(type(effect))
    return None if translate is None else translate(effect, t, group_id, member)


# --- the coordinator's view ----------------------------------------------------------------------


def _state_changed(notice: notices.StateChanged, t: int) -> trace.Event:
    return trace.GroupStateChanged(
        t=t,
        group_id=notice.group_id,
        previous=notice.previous.value,
        state=notice.state.value,
        generation_id=notice.generation_id,
    )


def _member_added(notice: notices.MemberAdded, t: int) -> trace.Event:
    return trace.MemberJoined(
        t=t,
        group_id=notice.group_id,
        member_id=notice.member_id,
        client_id=notice.client_id,
        group_instance_id=notice.group_instance_id,
    )


def _member_removed(notice: notices.MemberRemoved, t: int) -> trace.Event:
    return trace.MemberRemoved(
        t=t, group_id=notice.group_id, member_id=notice.member_id, cause=notice.cause.value
    )


def _rebalance_started(notice: notices.RebalanceStarted, t: int) -> trace.Event:
    return trace.RebalanceStarted(
        t=t,
        group_id=notice.group_id,
        generation_id=notice.generation_id,
        cause=notice.cause.value,
        member_id=notice.member_id,
        reason=notice.reason,
    )


def _group_waits(notice: notices.GroupWaits, t: int) -> trace.Event:
    return trace.GroupWaits(
        t=t,
        group_id=notice.group_id,
        generation_id=notice.generation_id,
        waits_for=notice.waits_for,
        members=notice.members,
    )


def _join_completed(notice: notices.JoinCompleted, t: int) -> trace.Event:
    return trace.JoinCompleted(
        t=t,
        group_id=notice.group_id,
        generation_id=notice.generation_id,
        protocol_name=notice.protocol_name,
        leader=notice.leader,
        members=notice.members,
    )


def _assignment_sent(notice: notices.AssignmentSent, t: int) -> trace.Event:
    return trace.AssignmentSent(
        t=t,
        group_id=notice.group_id,
        generation_id=notice.generation_id,
        member_id=notice.member_id,
        partitions=_decoded(notice.assignment),
    )


def _decoded(assignment: bytes) -> trace.Partitions:
    try:
        return as_partitions(assigned_partitions(assignment)) if assignment else {}
    except CodecError:
        return {}


def _commit_refused(notice: notices.CommitRefused, t: int) -> trace.Event:
    return trace.CommitRefused(
        t=t,
        group_id=notice.group_id,
        member_id=notice.member_id,
        generation_id=notice.generation_id,
        error=notice.error,
    )


_COORDINATOR: Mapping[type, Callable[..., trace.Event]] = {
    notices.StateChanged: _state_changed,
    notices.MemberAdded: _member_added,
    notices.MemberRemoved: _member_removed,
    notices.RebalanceStarted: _rebalance_started,
    notices.GroupWaits: _group_waits,
    notices.JoinCompleted: _join_completed,
    notices.AssignmentSent: _assignment_sent,
    notices.CommitRefused: _commit_refused,
}

# --- a member's view -----------------------------------------------------------------------------


def _joining(effect: events.JoinStarted, t: int, group_id: str, lane: str) -> trace.Event:
    return trace.Joining(
        t=t, group_id=group_id, member=lane, member_id=effect.member_id, reason=effect.reason
    )


def _joined(effect: events.GenerationJoined, t: int, group_id: str, lane: str) -> trace.Event:
    return trace.Joined(
        t=t,
        group_id=group_id,
        member=lane,
        member_id=effect.member_id,
        generation_id=effect.generation_id,
        leader=effect.leader,
    )


def _revoked(effect: events.Revoke, t: int, group_id: str, lane: str) -> trace.Event | None:
    if not effect.partitions:
        return None
    partitions = as_partitions(effect.partitions)
    return trace.Revoked(t=t, group_id=group_id, member=lane, partitions=partitions)


def _assigned(effect: events.Assign, t: int, group_id: str, lane: str) -> trace.Event:
    return trace.Assigned(
        t=t,
        group_id=group_id,
        member=lane,
        partitions=as_partitions(effect.partitions),
        generation_id=effect.generation_id,
    )


def _lost(effect: events.Lose, t: int, group_id: str, lane: str) -> trace.Event | None:
    if not effect.partitions:
        return None
    partitions = as_partitions(effect.partitions)
    return trace.Lost(t=t, group_id=group_id, member=lane, partitions=partitions)


def _failed(effect: events.Failed, t: int, group_id: str, lane: str) -> trace.Event:
    return trace.MemberFailed(t=t, group_id=group_id, member=lane, error=effect.error)


_MEMBER: Mapping[type, Callable[..., trace.Event | None]] = {
    events.JoinStarted: _joining,
    events.GenerationJoined: _joined,
    events.Revoke: _revoked,
    events.Assign: _assigned,
    events.Lose: _lost,
    events.Failed: _failed,
}
