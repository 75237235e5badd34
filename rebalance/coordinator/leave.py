"""LeaveGroup (H04, H05): members go in good order, one or many at once.

Kafka's log lists the ids of all who left and then the client's reason. A notice has the first one's
id in a field of its own, and every one's in its MemberRemoved; its reason is the client's alone.
Source: GroupMetadataManager.classicGroupLeave; KIP-345 (batches), KIP-800 (reasons).
"""

from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, drop_member, rebalance
from rebalance.coordinator.join_reason import leave_cause, words
from rebalance.coordinator.sessions import end_session
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import NO_MEMBER_ID, LeaveGroupRequest, LeavingMember
from rebalance.protocol.responses import LeaveGroupResponse, LeftMember
from rebalance.protocol.states import GroupState

_BATCHES = 3
"""First version with an error for each member; below, the one error stands at the top."""


def leave(context: Context, token: Token, request: LeaveGroupRequest) -> None:
    """Handle a LeaveGroup: each member on its own, then at most one rebalance."""
    if not request.group_id:
        context.reply(token, LeaveGroupResponse(error=ErrorCode.INVALID_GROUP_ID))
        return
    group = context.groups.get(request.group_id)
    if group is not None and group.state is GroupState.DEAD:
        context.reply(token, LeaveGroupResponse(error=ErrorCode.COORDINATOR_NOT_AVAILABLE))
        return
    left: list[LeftMember] = []
    first: Why | None = None
    for member in request.members:
        why = _why(group, member)
        left.append(_left(context, group, member, why))
        if left[-1].error is ErrorCode.NONE:
            first = first or why
    _answer(context, token, tuple(left), request.version)
    if group is not None and first is not None and group.state is not GroupState.EMPTY:
        rebalance(context, group, first)


def _why(group: ClassicGroup | None, member: LeavingMember) -> Why:
    """Who leaves and why; an admin removes a static member by its instance id alone."""
    member_id, instance_id = member.member_id, member.group_instance_id
    if group is not None and member_id == NO_MEMBER_ID and instance_id is not None:
        member_id = group.static_members.get(instance_id, NO_MEMBER_ID)
    cause, reason = leave_cause(member.reason), words(member.reason)
    return Why(cause=cause, member_id=member_id, reason=reason)


def _left(
    context: Context, group: ClassicGroup | None, member: LeavingMember, why: Why
) -> LeftMember:
    error = ErrorCode.UNKNOWN_MEMBER_ID
    if group is not None:
        error = _remove(context, group, why, member.group_instance_id)
    return LeftMember(
        member_id=member.member_id, group_instance_id=member.group_instance_id, error=error
    )


def _remove(
    context: Context, group: ClassicGroup, why: Why, group_instance_id: str | None
) -> ErrorCode:
    member_id = why.member_id
    if member_id in group.pending:
        group.remove(member_id)
        end_session(context, group, member_id)
        return ErrorCode.NONE
    error = member_error(group, member_id, group_instance_id)
    if error is not None:
        return error
    drop_member(context, group, group.members[member_id], why.cause)
    return ErrorCode.NONE


def _answer(context: Context, token: Token, left: tuple[LeftMember, ...], version: int) -> None:
    if version >= _BATCHES:
        context.reply(token, LeaveGroupResponse(members=left))
    else:
        error = left[0].error if left else ErrorCode.NONE
        context.reply(token, LeaveGroupResponse(error=error))
