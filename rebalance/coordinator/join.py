"""JoinGroup (J01-J22): who may join, who is parked, who is answered at once.

Source: GroupMetadataManager.classicGroupJoin and its neighbours; KIP-394, KIP-800.
"""

from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.group_size import has_room, turn_away
from rebalance.coordinator.join_phase import Why, current_generation, maybe_complete, rebalance
from rebalance.coordinator.join_reason import rejoin_cause, words
from rebalance.coordinator.membership import add, update
from rebalance.coordinator.static_members import replace
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import GroupMetadata
from rebalance.protocol.requests import NO_MEMBER_ID, JoinGroupRequest, protocol_names
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind

_REQUIRES_KNOWN_MEMBER_ID = 4
"""First version of KIP-394."""


def join(context: Context, token: Token, request: JoinGroupRequest) -> None:
    """Handle a JoinGroup in the order of J01."""
    error = request_error(context, request)
    if error is not None:
        _refuse(context, token, error, request.member_id)
        return
    group = context.groups.get(request.group_id)
    if group is None:
        if request.member_id != NO_MEMBER_ID:
            _refuse(context, token, ErrorCode.UNKNOWN_MEMBER_ID, request.member_id)
            return
        group = _create(context, request.group_id)
    if not has_room(group, request.member_id, context.config.group_max_size):
        turn_away(context, group, request.member_id)
        _refuse(context, token, ErrorCode.GROUP_MAX_SIZE_REACHED, NO_MEMBER_ID)
    elif group.state is GroupState.DEAD:
        _refuse(context, token, ErrorCode.COORDINATOR_NOT_AVAILABLE, request.member_id)
    elif not group.supports(request.protocol_type, protocol_names(request.protocols)):
        _refuse(context, token, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, request.member_id)
    elif request.member_id == NO_MEMBER_ID:
        _join_new(context, group, token, request)
    else:
        _join_known(context, group, token, request)


def request_error(context: Context, request: JoinGroupRequest) -> ErrorCode | None:
    """What is wrong with the request itself, whoever coordinates the group (J01)."""
    config = context.config
    if not request.group_id:
        return ErrorCode.INVALID_GROUP_ID
    least, most = config.group_min_session_timeout_ms, config.group_max_session_timeout_ms
    if not least <= request.session_timeout_ms <= most:
        return ErrorCode.INVALID_SESSION_TIMEOUT
    return None


def _refuse(context: Context, token: Token, error: ErrorCode, member_id: str) -> None:
    context.reply(token, JoinGroupResponse(error=error, member_id=member_id))


def _create(context: Context, group_id: str) -> ClassicGroup:
    """Rule J02: the group exists from here on, even if this join is refused."""
    group = ClassicGroup(group_id=group_id, state_since_ms=context.now)
    context.groups[group_id] = group
    context.append(group_id, (GroupMetadata(group_id=group_id, value=group.record_value({})),))
    return group


def _join_new(
    context: Context, group: ClassicGroup, token: Token, request: JoinGroupRequest
) -> None:
    instance_id = request.group_instance_id
    prefix = request.client_id if instance_id is None else instance_id
    member_id = context.new_member_id(prefix)
    if instance_id is not None:
        old_member_id = group.static_members.get(instance_id)
        if old_member_id is not None:
            replace(context, group, token, request, old_member_id, member_id)
        else:
            add(context, group, token, request, member_id)
    elif request.version >= _REQUIRES_KNOWN_MEMBER_ID:
        group.pending[member_id] = None
        context.arm(TimerKind.SESSION, group.group_id, request.session_timeout_ms, member_id)
        _refuse(context, token, ErrorCode.MEMBER_ID_REQUIRED, member_id)
    else:
        add(context, group, token, request, member_id)


def _join_known(
    context: Context, group: ClassicGroup, token: Token, request: JoinGroupRequest
) -> None:
    member_id = request.member_id
    if member_id in group.pending:
        if request.group_instance_id is not None:
            # Kafka runs into an illegal state of its own here; clients see this (J20).
            _refuse(context, token, ErrorCode.UNKNOWN_SERVER_ERROR, NO_MEMBER_ID)
        else:
            add(context, group, token, request, member_id)
        return
    error = member_error(group, member_id, request.group_instance_id)
    if error is not None:
        _refuse(context, token, error, member_id)
        return
    _rejoin(context, group, group.members[member_id], token, request)


def _rejoin(
    context: Context,
    group: ClassicGroup,
    member: ClassicMemberState,
    token: Token,
    request: JoinGroupRequest,
) -> None:
    """Rule J07. What is answered at once changes nothing (J18)."""
    unchanged = member.protocols == request.protocols
    leads = member.member_id == group.leader
    completing = group.state is GroupState.COMPLETING_REBALANCE
    stable = group.state is GroupState.STABLE
    if unchanged and (completing or (stable and not leads)):
        context.reply(token, current_generation(group, member.member_id))
        return
    if not group.can_rebalance:  # nobody will ask why
        update(context, group, member, token, request)
        maybe_complete(context, group)
        return
    cause = rejoin_cause(member, request, group.protocol_name or "", leads=leads)
    update(context, group, member, token, request)
    rebalance(
        context, group, Why(cause=cause, member_id=member.member_id, reason=words(request.reason))
    )
