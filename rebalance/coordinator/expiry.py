"""What happens when a session timer fires (H06, J09).

Rule kept: an expiry that leaves only members that have joined ends the join phase at once, also
in the initial delay; a leave does not (observed on Kafka 4.4.0).
Source: GroupMetadataManager.expireClassicGroupMemberHeartbeat.
"""

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, complete_if_all_joined, drop_member, rebalance
from rebalance.protocol.causes import Cause
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKey, TimerKind


def on_session_timeout(context: Context, group: ClassicGroup, member_id: str) -> None:
    """A member or a pending id was not heard of in time."""
    if member_id in group.pending:
        group.remove(member_id)
        complete_if_all_joined(context, group)
        return
    member = group.members.get(member_id)
    if member is None or member.cannot_expire:
        return
    drop_member(context, group, member, Cause.SESSION_EXPIRED)
    if group.state is GroupState.PREPARING_REBALANCE:
        complete_if_all_joined(context, group)
        return
    reason = f"removing member {member_id} on heartbeat expiration"
    why = Why(cause=Cause.SESSION_EXPIRED, member_id=member_id, reason=reason)
    rebalance(context, group, why)


def time_out(context: Context, group_id: str, member_id: str) -> None:
    """A session's timer fires now and not when it is due.

    Raises:
        ValueError: it is not armed, or could not fire: who is parked does not expire (J09).
    """
    group = context.groups.get(group_id)
    key = TimerKey(kind=TimerKind.SESSION, group_id=group_id, member_id=member_id)
    if group is None or context.timers.deadline(key) is None:
        raise ValueError(f"no session of {member_id!r} runs in group {group_id!r}")
    member = group.members.get(member_id)
    if member is not None and member.cannot_expire:
        raise ValueError(f"{member_id!r} waits for an answer in group {group_id!r} (J09)")
    context.timers.cancel(key)
    on_session_timeout(context, group, member_id)
