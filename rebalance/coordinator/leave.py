"""LeaveGroup (H04, H05): members go in good order, one or many at once.

Source: GroupMetadataManager.classicGroupLeave; KIP-345 (batches), KIP-800 (reasons).
"""

from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, drop_member, rebalance
from rebalance.coordinator.join_reason import leave_cause
from rebalance.coordinator.sessions import end_session
from rebalance.protocol.causes import Cause
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
    left = tuple(_left(context, group, member) for member in request.members)
    _answer(context, token, left, request.version)
    gone = [
        (member, answer)
        for member, answer in zip(request.members, left, strict=True)
        if answer.error is ErrorCode.NONE
    ]
    if group is not None and gone and group.state is not GroupState.EMPTY:
        names = ", ".join(answer.member_id for _, answer in gone)
        said = gone[0][0].reason or "not provided"
        reason = f"explicit `LeaveGroup` request for ({names}) members; client reason: {said}"
        first = gone[0][0]
        cause = leave_cause(first.reason)
        rebalance(context, group, Why(cause=cause, member_id=first.member_id, reason=reason))


def _left(context: Context, group: ClassicGroup | None, member: LeavingMember) -> LeftMember:
    error = _remove(context, group, member) if group is not None else ErrorCode.UNKNOWN_MEMBER_ID
    return LeftMember(
        member_id=member.member_id, group_instance_id=member.group_instance_id, error=error
    )


def _remove(context: Context, group: ClassicGroup, member: LeavingMember) -> ErrorCode:
    member_id = member.member_id
    if member_id == NO_MEMBER_ID:
        # An admin removes a static member by its instance id alone.
        static = group.static_members.get(member.group_instance_id or "")
        if member.group_instance_id is None or static is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        drop_member(context, group, group.members[static], Cause.MEMBER_LEFT)
        return ErrorCode.NONE
    if member_id in group.pending:
        group.remove(member_id)
        end_session(context, group, member_id)
        return ErrorCode.NONE
    error = member_error(group, member_id, member.group_instance_id)
    if error is not None:
        return error
    drop_member(context, group, group.members[member_id], leave_cause(member.reason))
    return ErrorCode.NONE


def _answer(context: Context, token: Token, left: tuple[LeftMember, ...], version: int) -> None:
    if version >= _BATCHES:
        context.reply(token, LeaveGroupResponse(members=left))
    else:
        error = left[0].error if left else ErrorCode.NONE
        context.reply(token, LeaveGroupResponse(error=error))
