"""Heartbeat (H01, H02): the one request that must cost next to nothing.

Source: GroupMetadataManager.classicGroupHeartbeat.
"""

from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import arm_session
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest
from rebalance.protocol.responses import HeartbeatResponse
from rebalance.protocol.states import GroupState

_ANSWERS = {
    error: HeartbeatResponse(error=error)
    for error in (
        ErrorCode.NONE,
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.REBALANCE_IN_PROGRESS,
    )
}


def heartbeat(context: Context, token: Token, request: HeartbeatRequest) -> None:
    """Handle a Heartbeat in the order of H01."""
    if not request.group_id:
        context.reply(token, _ANSWERS[ErrorCode.INVALID_GROUP_ID])
        return
    group = context.groups.get(request.group_id)
    error = ErrorCode.UNKNOWN_MEMBER_ID if group is None else _refusal(group, request)
    if error is not None or group is None:
        context.reply(token, _ANSWERS[error or ErrorCode.UNKNOWN_MEMBER_ID])
        return
    arm_session(context, group, group.members[request.member_id])
    preparing = group.state is GroupState.PREPARING_REBALANCE
    context.reply(token, _ANSWERS[ErrorCode.REBALANCE_IN_PROGRESS if preparing else ErrorCode.NONE])


def _refusal(group: ClassicGroup, request: HeartbeatRequest) -> ErrorCode | None:
    """An Empty group has no members, so it needs no rule of its own here."""
    if group.state is GroupState.DEAD:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    error = member_error(group, request.member_id, request.group_instance_id)
    if error is not None:
        return error
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    return None
