"""What happens when a session timer fires (H06, J09).

Source: GroupMetadataManager.expireClassicGroupMemberHeartbeat.
"""

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, drop_member, maybe_complete, rebalance
from rebalance.protocol.causes import Cause


def on_session_timeout(context: Context, group: ClassicGroup, member_id: str) -> None:
    """A member or a pending id was not heard of in time."""
    if member_id in group.pending:
        group.remove(member_id)
        maybe_complete(context, group)
        return
    member = group.members.get(member_id)
    if member is None or member.cannot_expire:
        return
    drop_member(context, group, member, Cause.SESSION_EXPIRED)
    reason = f"removing member {member_id} on heartbeat expiration"
    why = Why(cause=Cause.SESSION_EXPIRED, member_id=member_id, reason=reason)
    rebalance(context, group, why)
