"""Taking a member in, and taking over what a known one says of itself.

Rule kept: the timeouts and protocols of a member change here alone, and only when its JoinGroup
is parked (J18).
"""

from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, rebalance
from rebalance.coordinator.join_reason import words
from rebalance.coordinator.sessions import NEW_MEMBER_JOIN_TIMEOUT_MS, arm_session
from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Token
from rebalance.protocol.requests import JoinGroupRequest


def add(
    context: Context, group: ClassicGroup, token: Token, request: JoinGroupRequest, member_id: str
) -> None:
    """A new member: parked, with five minutes to see its first join complete (J08)."""
    member = ClassicMemberState(
        member_id=member_id,
        group_instance_id=request.group_instance_id,
        client_id=request.client_id,
        client_host=request.client_host,
        session_timeout_ms=request.session_timeout_ms,
        rebalance_timeout_ms=rebalance_timeout_ms(request),
        protocol_type=request.protocol_type,
        protocols=request.protocols,
        join_token=token,
    )
    if group.in_initial_delay:
        group.new_member_added = True
    group.add(member)
    context.tell(member.added(group.group_id))
    arm_session(context, group, member, NEW_MEMBER_JOIN_TIMEOUT_MS)
    why = Why(cause=Cause.MEMBER_JOINED, member_id=member_id, reason=words(request.reason))
    rebalance(context, group, why)


def update(
    context: Context,
    group: ClassicGroup,
    member: ClassicMemberState,
    token: Token,
    request: JoinGroupRequest,
) -> None:
    """Take over what the request says and park it; a parked one before it is forgotten (J17)."""
    group.update_protocols(member, request.protocols)
    member.session_timeout_ms = request.session_timeout_ms
    member.rebalance_timeout_ms = rebalance_timeout_ms(request)
    group.awaiting_join += not member.awaits_join
    member.join_token = token


def rebalance_timeout_ms(request: JoinGroupRequest) -> int:
    """Rule G05: v0 has none, the session timeout serves."""
    return request.session_timeout_ms if request.version == 0 else request.rebalance_timeout_ms
