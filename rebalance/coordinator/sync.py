"""SyncGroup (S01-S05): members fetch what the leader decided.

Source: GroupMetadataManager.classicGroupSync, expirePendingSync.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.assignment import call_off, propagate, send_assignment
from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, drop_member, rebalance
from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import GroupMetadata
from rebalance.protocol.requests import SyncGroupRequest
from rebalance.protocol.responses import SyncGroupResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind

_NAMES_PROTOCOL = 5
"""First version that must say protocol type and name (KIP-559)."""


def sync(context: Context, token: Token, request: SyncGroupRequest) -> None:
    """Handle a SyncGroup in the order of S01."""
    error = request_error(request)
    group = context.groups.get(request.group_id)
    if error is None:
        error = ErrorCode.UNKNOWN_MEMBER_ID if group is None else _group_error(group, request)
    if error is not None or group is None:
        context.reply(token, SyncGroupResponse(error=error or ErrorCode.UNKNOWN_MEMBER_ID))
        return
    member = group.members[request.member_id]
    member.sync_token = token  # a parked one before it is forgotten (J17)
    _synced(context, group, request.member_id)
    if group.state is GroupState.STABLE:
        send_assignment(context, group, member)
    elif request.member_id == group.leader:
        _store(context, group, request)


def request_error(request: SyncGroupRequest) -> ErrorCode | None:
    """What is wrong with the request itself, whoever coordinates the group (S01)."""
    nameless = request.protocol_type is None or request.protocol_name is None
    if request.version >= _NAMES_PROTOCOL and nameless:
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    return None if request.group_id else ErrorCode.INVALID_GROUP_ID


def _group_error(group: ClassicGroup, request: SyncGroupRequest) -> ErrorCode | None:
    if group.state is GroupState.EMPTY:
        return ErrorCode.UNKNOWN_MEMBER_ID
    if group.state is GroupState.DEAD:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    error = member_error(group, request.member_id, request.group_instance_id)
    if error is not None:
        return error
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    if request.protocol_type not in (None, group.protocol_type):
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    # Before its first generation a group has no protocol that a name could differ from.
    if group.protocol_name and request.protocol_name not in (None, group.protocol_name):
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    if group.state is GroupState.PREPARING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return None


def _synced(context: Context, group: ClassicGroup, member_id: str) -> None:
    """Nobody waits for this member's sync any more; the last one stops the timer."""
    group.pending_sync.pop(member_id, None)
    if not group.pending_sync:
        context.cancel(TimerKind.SYNC, group.group_id)


def _store(context: Context, group: ClassicGroup, request: SyncGroupRequest) -> None:
    """Rule S02: the leader's word counts once it is written."""
    given = {entry.member_id: entry.assignment for entry in request.assignments}
    assignments = {member_id: given.get(member_id, b"") for member_id in group.members}
    record = GroupMetadata(group_id=group.group_id, value=group.record_value(assignments))
    stored = _Stored(
        group=group,
        generation_id=group.generation_id,
        leader=request.member_id,
        assignments=assignments,
    )
    context.append(group.group_id, (record,), stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the assignment is durable, or could not be written."""

    group: ClassicGroup
    """The very group: another one may have its name when it was deleted meanwhile (A03)."""
    generation_id: int
    leader: str
    assignments: Mapping[str, bytes]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        group = self.group
        completing = group.state is GroupState.COMPLETING_REBALANCE
        if not completing or group.generation_id != self.generation_id:
            return  # a rebalance began meanwhile, or the group is gone
        if error is ErrorCode.NONE:
            propagate(context, group, self.assignments)
            context.tell(group.transition(GroupState.STABLE, context.now))
            return
        answer = client_error(error)
        call_off(context, group, answer)
        reason = f"error {answer.name} when storing group assignment during SyncGroup"
        why = Why(cause=Cause.ASSIGNMENT_NOT_STORED, member_id=self.leader, reason=reason)
        rebalance(context, group, why)


def on_sync_timeout(context: Context, group: ClassicGroup) -> None:
    """Rule S04: who joined and did not sync is out. (The timer is re-armed by each generation.)"""
    if group.state not in (GroupState.COMPLETING_REBALANCE, GroupState.STABLE):
        return
    late = tuple(group.pending_sync)
    if not late:
        return
    for member_id in late:
        drop_member(context, group, group.members[member_id], Cause.SYNC_EXPIRED)
    reason = f"removing {', '.join(late)} on pending sync request expiration"
    rebalance(context, group, Why(cause=Cause.SYNC_EXPIRED, member_id=late[0], reason=reason))
