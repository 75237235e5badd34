"""How groups come to a coordinator and go: elected, replayed, loaded, resigned (P02-P04).

Rule kept: what a group was when its last record was written is what it is after loading, and
nothing else: members are Stable again (none: Empty) in the generation they had, with only the
chosen protocol known and with their sessions armed in full. Offsets without a group record make a
simple group. What was not written (a join without a sync) is forgotten, so that the previous
generation is live again.
Source: GroupMetadataManager.replay, onLoaded, onUnloaded; OffsetMetadataManager.replay.
"""

from collections.abc import Iterable

from rebalance.coordinator.assignment import refuse_sync
from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import Why, answer_join, rebalance
from rebalance.coordinator.replay import Replay
from rebalance.coordinator.sessions import arm_session, end_session
from rebalance.protocol.causes import Cause
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import MemberRemoved
from rebalance.protocol.records import GroupMetadataMember, GroupMetadataValue, Record
from rebalance.protocol.requests import GroupProtocol
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind

_NO_TIMEOUT = -1
_OVER_CAPACITY = Why(
    cause=Cause.GROUP_FULL,
    member_id="",
    reason="the loaded group is over its capacity; members may commit before some are turned away",
)


def elected(context: Context, partition: int) -> None:
    """Loading begins; until `loaded` nothing of it is seen.

    Raises:
        ValueError: there is no such partition, it is ours already, or groups exist that nobody
            loaded: partitions are told before the first request, or never.
    """
    _check(context, partition)
    if context.ownership.owns(partition):
        raise ValueError(f"partition {partition} of __consumer_offsets is loaded already")
    context.ownership.begin(partition)
    context.replays[partition] = Replay()


def replayed(
    context: Context, partition: int, records: Iterable[Record], producer_id: int | None
) -> None:
    """More of the log, in its order; `producer_id`: of this producer's transaction.

    Raises:
        ValueError: the partition is not being loaded, or a record is of another partition's group.
    """
    replay = _loading(context, partition)
    for record in records:
        if context.ownership.partition_of(record.group_id) != partition:
            raise ValueError(f"partition {partition} keeps no group {record.group_id!r}: P01")
        replay.take(record, producer_id)


def marker_replayed(context: Context, partition: int, producer_id: int, committed: bool) -> None:
    """A producer's transaction ended here.

    Raises:
        ValueError: the partition is not being loaded.
    """
    _loading(context, partition).end(producer_id, committed=committed)


def loaded(context: Context, partition: int) -> None:
    """The end of the log: its groups are here from now on.

    Raises:
        ValueError: the partition is not being loaded.
    """
    replay = _loading(context, partition)
    del context.replays[partition]
    for group_id, value in replay.groups.items():
        group = _restored(context, group_id, value)
        context.groups[group_id] = group
        for member in group.members.values():
            arm_session(context, group, member)
            context.tell(member.added(group_id))
            context.tell(group.assignment_sent(member))
        if len(group.members) > context.config.group_max_size:
            rebalance(context, group, _OVER_CAPACITY)
        if replay.offsets.get(group_id):
            context.offsets[group_id] = replay.offsets[group_id]
    context.transactions.absorb(replay.transactions)
    context.ownership.finish(partition)


def resigned(context: Context, partition: int) -> None:
    """The partition is no longer ours: whoever waits is sent away, its groups are forgotten.

    Raises:
        ValueError: there is no such partition, or groups exist that nobody loaded.
    """
    _check(context, partition)
    context.ownership.drop(partition)
    context.replays.pop(partition, None)
    for group in tuple(context.groups.values()):
        if context.ownership.partition_of(group.group_id) == partition:
            _unload(context, group)
    # After the groups are Dead: no continuation may change them or begin a rebalance.
    context.abandon_appends(partition, ErrorCode.NOT_COORDINATOR)


def _check(context: Context, partition: int) -> None:
    partitions = context.ownership.partitions
    if not 0 <= partition < partitions:
        raise ValueError(f"__consumer_offsets has no partition {partition}, but {partitions}")
    if not context.ownership.is_told and context.groups:
        raise ValueError("there are groups already: tell of partitions before the first request")


def _loading(context: Context, partition: int) -> Replay:
    replay = context.replays.get(partition)
    if replay is None:
        raise ValueError(f"partition {partition} of __consumer_offsets is not being loaded")
    return replay


def _restored(context: Context, group_id: str, value: GroupMetadataValue | None) -> ClassicGroup:
    """Rule P03: the group as its last record has it."""
    if value is None:
        return ClassicGroup(group_id=group_id, state_since_ms=context.now)
    since_ms = value.current_state_timestamp_ms
    group = ClassicGroup(
        group_id=group_id,
        state=GroupState.STABLE if value.members else GroupState.EMPTY,
        state_since_ms=context.now if since_ms < 0 else since_ms,
        generation_id=value.generation_id,
        protocol_name=value.protocol_name,
        leader=value.leader,
    )
    for member in value.members:
        group.add(_member(member, value))
    group.protocol_type = value.protocol_type or None
    group.subscriptions = tuple(member.subscription for member in value.members)
    return group


def _member(member: GroupMetadataMember, value: GroupMetadataValue) -> ClassicMemberState:
    timeout_ms = member.rebalance_timeout_ms
    return ClassicMemberState(
        member_id=member.member_id,
        group_instance_id=member.group_instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        session_timeout_ms=member.session_timeout_ms,
        # Records of old brokers have none; the session timeout serves, as for JoinGroup v0 (G05).
        rebalance_timeout_ms=member.session_timeout_ms if timeout_ms == _NO_TIMEOUT else timeout_ms,
        protocol_type=value.protocol_type,
        protocols=(GroupProtocol(name=value.protocol_name or "", metadata=member.subscription),),
        assignment=member.assignment,
        is_new=False,
    )


def _unload(context: Context, group: ClassicGroup) -> None:
    """Rule P04: parked requests are answered, nothing of the group stays, its timers included."""
    for kind in (TimerKind.INITIAL_DELAY, TimerKind.JOIN, TimerKind.SYNC):
        context.cancel(kind, group.group_id)
    for member_id in group.pending:
        end_session(context, group, member_id)
    for member in group.members.values():
        refusal = JoinGroupResponse(error=ErrorCode.NOT_COORDINATOR, member_id=member.member_id)
        answer_join(context, group, member, refusal)
        refuse_sync(context, member, ErrorCode.NOT_COORDINATOR)
        end_session(context, group, member.member_id)
        context.tell(
            MemberRemoved(
                group_id=group.group_id,
                member_id=member.member_id,
                cause=Cause.COORDINATOR_MOVED,
            )
        )
    context.tell(group.transition(GroupState.DEAD, context.now))
    del context.groups[group.group_id]
    context.offsets.pop(group.group_id, None)
    context.transactions.drop(group.group_id)
