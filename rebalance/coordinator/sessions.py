"""A member's session timer: how long the coordinator goes without hearing of it.

Rule kept: a new member has five minutes until its first join completes (J08); a pending id has
its session timeout (J05). Re-arming costs O(log n) at most.
"""

from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.protocol.timers import TimerKind

NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000
"""Rule J08. Source: ClassicGroup's new member join timeout, not configurable in Kafka either."""


def arm_session(
    context: Context, group: ClassicGroup, member: ClassicMemberState, timeout_ms: int | None = None
) -> None:
    """The member was heard of: its session begins anew."""
    timeout_ms = member.session_timeout_ms if timeout_ms is None else timeout_ms
    context.arm(TimerKind.SESSION, group.group_id, timeout_ms, member.member_id)


def end_session(context: Context, group: ClassicGroup, member_id: str) -> None:
    """Nobody waits for this member any more."""
    context.cancel(TimerKind.SESSION, group.group_id, member_id)
