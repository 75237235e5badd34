"""Bugs of a coordinator."""

from rebalance.coordinator import (
    assignment,
    coordinator,
    expiry,
    group_size,
    heartbeat,
    join,
    join_phase,
    leave,
    membership,
    offsets,
    static_members,
    sync,
)
from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import end_session
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind
from tests.mutations.mutation import Mutation, Patch, room

COORDINATOR: list[Mutation] = []
mutation = room("coordinator", COORDINATOR)


def _nothing(*_: object, **__: object) -> None:
    """Leaves out what it stands for."""


@mutation()
def heartbeat_rearms_nothing(patch: Patch) -> None:
    """H01: an accepted heartbeat does not re-arm the session."""
    patch(heartbeat, "arm_session", _nothing)


@mutation("redpanda-data/redpanda#3300: members that were disconnected were not kicked out")
def session_never_expires(patch: Patch) -> None:
    """H06: a member that is not heard of stays for ever."""

    def fires(context: Context, group: ClassicGroup, member_id: str) -> None:
        if member_id in group.pending:
            real(context, group, member_id)

    real = patch(coordinator, "on_session_timeout", fires)


@mutation()
def pending_id_is_not_waited_for(patch: Patch) -> None:
    """G04: the join phase ends without those who were just given an id."""
    joined = property(lambda group: group.awaiting_join == len(group.members))
    patch(ClassicGroup, "all_joined", joined)


@mutation("KAFKA-7610: members that nobody will ever use pile up")
def pending_id_never_expires(patch: Patch) -> None:
    """H06: an id that was given out and never joined with is kept for ever."""

    def fires(context: Context, group: ClassicGroup, member_id: str) -> None:
        if member_id not in group.pending:
            real(context, group, member_id)

    real = patch(coordinator, "on_session_timeout", fires)


@mutation("KAFKA-7909: rebalances were not completed in time after pending members failed")
def pending_expiry_is_not_looked_at(patch: Patch) -> None:
    """H06: a pending id that expires does not end the join phase that waited for it."""

    def fires(context: Context, group: ClassicGroup, member_id: str) -> None:
        if member_id in group.pending:
            group.remove(member_id)
        else:
            real(context, group, member_id)

    real = patch(coordinator, "on_session_timeout", fires)


@mutation()
def old_generation_may_sync(patch: Patch) -> None:
    """S01: a SyncGroup of an old generation is taken for one of this."""

    def refusal(group: ClassicGroup, request: object) -> ErrorCode | None:
        error: ErrorCode | None = real(group, request)
        return None if error is ErrorCode.ILLEGAL_GENERATION else error

    real = patch(sync, "_group_error", refusal)


@mutation()
def old_generation_may_heartbeat(patch: Patch) -> None:
    """H01: a heartbeat of an old generation is answered as if all were well."""

    def refusal(group: ClassicGroup, request: object) -> ErrorCode | None:
        error: ErrorCode | None = real(group, request)
        return None if error is ErrorCode.ILLEGAL_GENERATION else error

    real = patch(heartbeat, "_refusal", refusal)


@mutation("librdkafka#2631: removed from its group, and goes on committing successfully")
def old_generation_may_commit(patch: Patch) -> None:
    """O02: a commit is taken from whoever says that it is of the group."""

    def refusal(group: ClassicGroup, request: object) -> ErrorCode | None:
        error: ErrorCode | None = real(group, request)
        fencing = (
            ErrorCode.ILLEGAL_GENERATION,
            ErrorCode.UNKNOWN_MEMBER_ID,
            ErrorCode.FENCED_INSTANCE_ID,
        )
        return None if error in fencing else error

    real = patch(offsets, "commit_error", refusal)


@mutation("KAFKA-8225: what KIP-345 was before conflicting instances were fenced")
def static_twin_is_not_fenced(patch: Patch) -> None:
    """J06: who lost its instance id to another is told to join again, and takes it back."""

    def refusal(group: ClassicGroup, member_id: str, instance_id: str | None) -> ErrorCode | None:
        error: ErrorCode | None = real(group, member_id, instance_id)
        return ErrorCode.UNKNOWN_MEMBER_ID if error is ErrorCode.FENCED_INSTANCE_ID else error

    real = patch(heartbeat, "member_error", refusal)
    for module in (join, sync, offsets):
        patch(module, "member_error", refusal)
    patch(static_members, "_fence", _fenced_without_a_word)


def _fenced_without_a_word(
    context: Context, group: ClassicGroup, member: ClassicMemberState
) -> None:
    gone = JoinGroupResponse(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id="")
    join_phase.answer_join(context, group, member, gone)
    assignment.refuse_sync(context, member, ErrorCode.UNKNOWN_MEMBER_ID)
    end_session(context, group, member.member_id)


def _without_timer(patch: Patch, left_out: TimerKind) -> None:
    def arm(
        context: Context, kind: TimerKind, group_id: str, delay_ms: int, member_id: str = ""
    ) -> None:
        if kind is not left_out:
            real(context, kind, group_id, delay_ms, member_id)

    real = patch(Context, "arm", arm)


@mutation()
def join_timer_is_not_armed(patch: Patch) -> None:
    """J11: the join phase waits for who does not join again for as long as it lives."""
    _without_timer(patch, TimerKind.JOIN)


@mutation("KAFKA-12890: group stuck in CompletingRebalance")
def sync_timer_is_not_armed(patch: Patch) -> None:
    """S04: who joined and never syncs is waited for."""
    _without_timer(patch, TimerKind.SYNC)


@mutation()
def parked_sync_outlives_its_generation(patch: Patch) -> None:
    """J12: a SyncGroup that is parked when a rebalance begins is answered with the next plan."""
    patch(join_phase, "call_off", _nothing)


@mutation()
def late_plan_is_taken(patch: Patch) -> None:
    """S02: a plan that was written after its generation ended goes to the next generation."""

    def stored(self: sync._Stored, context: Context, error: ErrorCode) -> None:
        if self.group.state is GroupState.COMPLETING_REBALANCE and error is ErrorCode.NONE:
            assignment.propagate(context, self.group, self.assignments)
            context.tell(self.group.transition(GroupState.STABLE, context.now))
        elif self.group.generation_id == self.generation_id:
            real(self, context, error)

    real = patch(sync._Stored, "__call__", stored)


@mutation()
def changed_metadata_is_not_noticed(patch: Patch) -> None:
    """J07: a follower that wants other topics gets the generation it is in."""

    def rejoin(context, group, member, token, request) -> None:  # type: ignore[no-untyped-def]
        stable = group.state is GroupState.STABLE and member.member_id != group.leader
        if stable:
            answer = join_phase.current_generation(group, member.member_id)
            context.reply(token, answer)
        else:
            real(context, group, member, token, request)

    real = patch(join, "_rejoin", rejoin)


@mutation("segmentio/kafka-go#646: it joins again for new partitions, into the same generation")
def leader_may_not_rebalance(patch: Patch) -> None:
    """J07: a leader of others that joins again, for new partitions, gets the same generation."""

    def rejoin(context, group, member, token, request) -> None:  # type: ignore[no-untyped-def]
        leads = member.member_id == group.leader and len(group.members) > 2
        if group.state is GroupState.STABLE and leads:
            answer = join_phase.current_generation(group, member.member_id)
            context.reply(token, answer)
        else:
            real(context, group, member, token, request)

    real = patch(join, "_rejoin", rejoin)


@mutation("KAFKA-8653: rebalances end at once and kick out all old members")
def rebalance_timeout_is_the_smallest(patch: Patch) -> None:
    """G05: the most impatient member decides how long all others have to join again."""
    smallest = property(
        lambda group: min((m.rebalance_timeout_ms for m in group.members.values()), default=0)
    )
    patch(ClassicGroup, "rebalance_timeout_ms", smallest)


@mutation()
def generation_is_not_bumped(patch: Patch) -> None:
    """G02: from the fifth on a join phase ends in the generation that was there before."""

    def start(context: Context, group: ClassicGroup) -> None:
        if group.generation_id > 4:
            group.generation_id -= 1
        real(context, group)

    real = patch(join_phase, "_start_generation", start)


@mutation()
def one_member_too_many(patch: Patch) -> None:
    """J03: group.max.size is off by one."""

    def has_room(group: ClassicGroup, member_id: str, most: int) -> bool:
        room: bool = real(group, member_id, most + 1)
        return room

    real = group_size.has_room
    patch(join, "has_room", has_room)


@mutation()
def leave_starts_no_rebalance(patch: Patch) -> None:
    """H04: a member leaves and nobody gets what it had."""

    def quiet(context: Context, group: ClassicGroup, why: join_phase.Why) -> None:
        if len(group.members) < 2:
            real(context, group, why)

    real = patch(leave, "rebalance", quiet)


@mutation()
def expiry_starts_no_rebalance(patch: Patch) -> None:
    """H06: a member expires and nobody gets what it had."""

    def quiet(context: Context, group: ClassicGroup, why: join_phase.Why) -> None:
        if not group.members:
            real(context, group, why)

    real = patch(expiry, "rebalance", quiet)


@mutation()
def newcomer_waits_for_the_next_rebalance(patch: Patch) -> None:
    """J07: who joins a Stable group is parked until something else happens."""

    def quiet(context: Context, group: ClassicGroup, why: join_phase.Why) -> None:
        if group.state is not GroupState.STABLE or len(group.members) < 4:
            real(context, group, why)

    real = patch(membership, "rebalance", quiet)


@mutation("KAFKA-9801: the assignment of the new member id was empty")
def static_member_comes_back_to_nothing(patch: Patch) -> None:
    """J15: a static member that is restarted in Stable gets an empty assignment."""

    def replaced(group: ClassicGroup, old: str, new: str) -> ClassicMemberState:
        member: ClassicMemberState = real(group, old, new)
        member.assignment = b""
        return member

    real = patch(ClassicGroup, "replace_static", replaced)


@mutation()
def initial_delay_ends_when_all_joined(patch: Patch) -> None:
    """J10: four members of a new group do not wait for others."""

    def complete(context: Context, group: ClassicGroup) -> None:
        if not group.in_initial_delay or len(group.members) > 3:
            join_phase.complete_if_all_joined(context, group)

    patch(join_phase, "maybe_complete", complete)


@mutation("apache/kafka#451: no heartbeat was expected any more of who expired while it waited")
def session_ends_with_a_parked_sync(patch: Patch) -> None:
    """S05: no session begins with an assignment, and one that ran out while parked is gone."""
    patch(assignment, "arm_session", _nothing)
