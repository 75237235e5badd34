"""The join phase of a rebalance: how it begins, what it waits for, how it ends (G04, J10-J14).

    Empty --------> Preparing (initial delay, J10) --timer--+
    Stable,                                                 +--> Completing (members) or Empty
    Completing ---> Preparing (until all joined, J11) ------+

Source: GroupMetadataManager.prepareRebalance, completeClassicGroupJoin and their neighbours.
"""

from dataclasses import dataclass

from rebalance.coordinator.assignment import call_off, refuse_sync
from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.selection import select_protocol
from rebalance.coordinator.sessions import arm_session, end_session
from rebalance.coordinator.waits import tell_wait, tell_wait_for_leader, tell_what_is_left
from rebalance.protocol.causes import Cause
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import JoinCompleted, MemberRemoved, RebalanceStarted
from rebalance.protocol.records import GroupMetadata
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a rebalance is wanted: the cause, who, and in words."""

    cause: Cause
    member_id: str
    reason: str


def rebalance(context: Context, group: ClassicGroup, why: Why) -> None:
    """Begin a join phase, or, while one is on, see whether it can end."""
    if group.can_rebalance:
        _prepare(context, group, why)
    else:
        maybe_complete(context, group)


def maybe_complete(context: Context, group: ClassicGroup) -> None:
    """End the join phase if all joined (G04); no join and no leave ends the initial delay (J10)."""
    if not group.in_initial_delay:
        complete_if_all_joined(context, group)


def complete_if_all_joined(context: Context, group: ClassicGroup) -> None:
    """End the join phase if all joined, the initial delay as well: what an expiry does (H06)."""
    if group.state is not GroupState.PREPARING_REBALANCE:
        return
    if group.all_joined:
        _complete(context, group)
    elif not group.in_initial_delay:
        tell_what_is_left(context, group)


def _prepare(context: Context, group: ClassicGroup, why: Why) -> None:
    if group.state is GroupState.COMPLETING_REBALANCE:
        call_off(context, group, ErrorCode.REBALANCE_IN_PROGRESS)
    context.cancel(TimerKind.SYNC, group.group_id)
    context.tell(
        RebalanceStarted(
            group_id=group.group_id,
            generation_id=group.generation_id,
            cause=why.cause,
            member_id=why.member_id,
            reason=why.reason,
        )
    )
    context.tell(group.transition(GroupState.PREPARING_REBALANCE, context.now))
    if group.in_initial_delay:
        delay = context.config.group_initial_rebalance_delay_ms
        _arm_initial_delay(context, group, delay, max(group.rebalance_timeout_ms - delay, 0))
        tell_wait(context, group)
    elif group.all_joined:
        _complete(context, group)
    else:
        context.arm(TimerKind.JOIN, group.group_id, group.rebalance_timeout_ms)
        tell_wait(context, group)


def _arm_initial_delay(
    context: Context, group: ClassicGroup, delay_ms: int, remaining_ms: int
) -> None:
    group.initial_delay_ms, group.initial_remaining_ms = delay_ms, remaining_ms
    context.arm(TimerKind.INITIAL_DELAY, group.group_id, delay_ms)


def on_initial_delay(context: Context, group: ClassicGroup) -> None:
    """Rule J10: wait again while newcomers keep coming and time remains, else complete.

    Kafka forgets a newcomer only when it waits again. One that came in the last window of a group
    that was emptied since is remembered, and the next first join waits twice (observed on 4.4.0).
    """
    remaining = group.initial_remaining_ms
    if group.new_member_added and remaining:
        group.new_member_added = False
        delay = min(context.config.group_initial_rebalance_delay_ms, remaining)
        _arm_initial_delay(context, group, delay, max(remaining - group.initial_delay_ms, 0))
    else:
        _complete(context, group)


def on_join_timeout(context: Context, group: ClassicGroup) -> None:
    """Rule J11: go on without those who did not rejoin."""
    _complete(context, group)


def _complete(context: Context, group: ClassicGroup) -> None:
    context.cancel(TimerKind.JOIN, group.group_id)
    context.cancel(TimerKind.INITIAL_DELAY, group.group_id)
    for member in [m for m in group.members.values() if not m.awaits_join]:
        if member.group_instance_id is None:
            drop_member(context, group, member, Cause.REJOIN_EXPIRED)
    if group.members and not _elect_joined_leader(group):
        # Static members remain and none of them rejoined: wait on, the generation stays (G06).
        # At least a millisecond: a member may ask for none, and time must go on.
        context.arm(TimerKind.JOIN, group.group_id, max(group.rebalance_timeout_ms, 1))
        return
    group.generation_id += 1
    group.pending_sync.clear()
    if group.members:
        _start_generation(context, group)
    else:
        group.protocol_name = None
        group.subscriptions = ()
        context.tell(group.transition(GroupState.EMPTY, context.now))
        # Kafka only warns when this cannot be written: an empty generation has nobody to lose.
        record = GroupMetadata(group_id=group.group_id, value=group.record_value({}))
        context.append(group.group_id, (record,))


def _elect_joined_leader(group: ClassicGroup) -> bool:
    """Rule G06: a leader that did not rejoin gives way to a member that did."""
    if group.leader is not None and group.members[group.leader].awaits_join:
        return True
    joined = next((m.member_id for m in group.members.values() if m.awaits_join), None)
    if joined is not None:
        group.leader = joined
    return joined is not None


def _start_generation(context: Context, group: ClassicGroup) -> None:
    """Rule J13: everybody learns the generation, the leader also of the others."""
    group.protocol_name = name = select_protocol(group)
    group.subscriptions = tuple(member.metadata(name) for member in group.members.values())
    context.tell(group.transition(GroupState.COMPLETING_REBALANCE, context.now))
    leader = group.leader or ""
    context.tell(
        JoinCompleted(
            group_id=group.group_id,
            generation_id=group.generation_id,
            protocol_type=group.protocol_type or "",
            protocol_name=group.protocol_name,
            leader=leader,
            members=tuple(group.members),
        )
    )
    tell_wait_for_leader(context, group)
    for member in group.members.values():
        answer_join(context, group, member, current_generation(group, member.member_id))
        arm_session(context, group, member)
        member.is_new = False
        group.pending_sync[member.member_id] = None
    context.arm(TimerKind.SYNC, group.group_id, group.rebalance_timeout_ms)


def current_generation(group: ClassicGroup, member_id: str) -> JoinGroupResponse:
    """The answer that puts a member into the current generation."""
    return JoinGroupResponse(
        generation_id=group.generation_id,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader or "",
        member_id=member_id,
        members=group.joined_members() if member_id == group.leader else (),
    )


def answer_join(
    context: Context, group: ClassicGroup, member: ClassicMemberState, response: JoinGroupResponse
) -> bool:
    """Answer the member's parked JoinGroup; False when it has none."""
    if member.join_token is None:
        return False
    token, member.join_token = member.join_token, None
    group.awaiting_join -= 1
    context.reply(token, response)
    return True


def drop_member(
    context: Context, group: ClassicGroup, member: ClassicMemberState, cause: Cause
) -> None:
    """Take a member out with its timer; its parked requests are answered (J14).

    Kafka leaves a parked SyncGroup without answer (a defect of 4.4.0); we answer it.
    """
    gone = JoinGroupResponse(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id="")
    answer_join(context, group, member, gone)
    refuse_sync(context, member, ErrorCode.UNKNOWN_MEMBER_ID)
    end_session(context, group, member.member_id)
    group.remove(member.member_id)
    context.tell(MemberRemoved(group_id=group.group_id, member_id=member.member_id, cause=cause))
