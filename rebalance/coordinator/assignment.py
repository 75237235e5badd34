"""Handing out what the leader decided, or the news that it is off (J12, S02, S05)."""

from collections.abc import Mapping

from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import arm_session
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import SyncGroupResponse


def propagate(context: Context, group: ClassicGroup, assignments: Mapping[str, bytes]) -> None:
    """Give every member its assignment (a missing one: empty bytes) and answer who is parked."""
    for member in group.members.values():
        member.assignment = assignments.get(member.member_id, b"")
    for member in group.members.values():
        if member.sync_token is not None:
            send_assignment(context, group, member)
            # It may have outlived its session while it was parked: S05.
            arm_session(context, group, member)


def send_assignment(context: Context, group: ClassicGroup, member: ClassicMemberState) -> None:
    """Answer the member's parked SyncGroup with its current assignment."""
    token, member.sync_token = member.sync_token, None
    context.reply(
        token,
        SyncGroupResponse(
            protocol_type=group.protocol_type,
            protocol_name=group.protocol_name,
            assignment=member.assignment,
        ),
    )
    context.tell(group.assignment_sent(member))


def call_off(context: Context, group: ClassicGroup, error: ErrorCode) -> None:
    """Completing is over before it was complete: no assignment, every parked sync gets `error`."""
    for member in group.members.values():
        member.assignment = b""
    for member in group.members.values():
        if refuse_sync(context, member, error):
            arm_session(context, group, member)


def refuse_sync(context: Context, member: ClassicMemberState, error: ErrorCode) -> bool:
    """Answer the member's parked SyncGroup with `error`; False when it has none."""
    if member.sync_token is None:
        return False
    token, member.sync_token = member.sync_token, None
    context.reply(token, SyncGroupResponse(error=error))
    return True
