"""The group coordinator: requests and time in, effects out.

Why: this is the one coordinator of the project. The simulation, the embedded broker and the tests
drive this object; it does no I/O and reads no clock. `handle` only dispatches; each rule lives in
the file that bears its name.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rebalance.coordinator.admission import admitted
from rebalance.coordinator.context import Context
from rebalance.coordinator.delete import delete
from rebalance.coordinator.expiry import on_session_timeout, time_out
from rebalance.coordinator.heartbeat import heartbeat
from rebalance.coordinator.join import join
from rebalance.coordinator.join_phase import on_initial_delay, on_join_timeout
from rebalance.coordinator.leave import leave
from rebalance.coordinator.loading import (
    elected,
    loaded,
    marker_replayed,
    replayed,
    resigned,
)
from rebalance.coordinator.offset_delete import delete_offsets
from rebalance.coordinator.offsets import commit, fetch
from rebalance.coordinator.retention import keep_checking, on_retention_check
from rebalance.coordinator.snapshot import GroupSnapshot, ListedGroup, snapshot
from rebalance.coordinator.sync import on_sync_timeout, sync
from rebalance.coordinator.topic_deletion import on_topic_deleted
from rebalance.coordinator.transactional_offsets import (
    commit_in_transaction,
    on_transaction_ended,
)
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Appended,
    CoordinatorEvent,
    Effect,
    Elected,
    Loaded,
    MarkerReplayed,
    Received,
    Replayed,
    Resigned,
    SessionTimedOut,
    Token,
    TopicDeleted,
    TransactionEnded,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    CoordinatorRequest,
    DeleteGroupsRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    OffsetDeleteRequest,
    OffsetFetchRequest,
    SyncGroupRequest,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.timers import TimerKey, TimerKind


class GroupCoordinator:
    """Coordinates classic groups, static members included (rules G, J, S, H, O, A03, A04).

    It coordinates every group until it is told about partitions of `__consumer_offsets`; from the
    first `Elected` or `Resigned` on only those of the partitions that were loaded (P04).

    Args:
        config: Kafka's settings.
        new_member_id_suffix: gives what follows the client id and a dash in a new member id; a
            broker gives a random UUID, a test a counter. Every call must give another text.
    """

    def __init__(self, config: CoordinatorConfig, new_member_id_suffix: Callable[[], str]) -> None:
        self._context = Context(config, new_member_id_suffix)

    def handle(self, event: CoordinatorEvent, now: int) -> tuple[Effect, ...]:
        """Take one event at `now` (ms, never going back) and say what must happen, in order.

        A peer's mistake is a reply with Kafka's error. Timers that are due are not fired here:
        call `advance` first, so that the order is the caller's decision.

        Raises:
            KeyError: `Appended` with a token that was not given out or was answered before.
            TypeError: the event or request is none of the vocabulary's.
            ValueError: a partition that does not exist, or whose turn for this event it is not; a
                session that does not run.
        """
        context = self._context
        context.now = now
        match event:
            case Received(token=token, request=request):
                self._received(token, request)
            case Appended(token=append_token, error=error):
                context.appended(append_token, error)
            case Elected(partition=partition):
                elected(context, partition)
            case Replayed(partition=partition, records=records, producer_id=producer_id):
                replayed(context, partition, records, producer_id)
            case MarkerReplayed(partition=partition, producer_id=producer_id, committed=committed):
                marker_replayed(context, partition, producer_id, committed)
            case Loaded(partition=partition):
                loaded(context, partition)
            case Resigned(partition=partition):
                resigned(context, partition)
            case SessionTimedOut(group_id=group_id, member_id=member_id):
                time_out(context, group_id, member_id)
            case TopicDeleted(topic=topic):
                on_topic_deleted(context, topic)
            case TransactionEnded():
                on_transaction_ended(context, event)
            case _:
                raise TypeError(f"no event of a coordinator: {event!r}")
        keep_checking(context)
        return context.take_effects()

    def advance(self, now: int) -> tuple[Effect, ...]:
        """Fire what is due at `now` (ms), in order of deadline, then of arming."""
        context = self._context
        context.now = now
        while (key := context.timers.pop_due(now)) is not None:
            self._fire(key)
        return context.take_effects()

    def next_deadline(self) -> int | None:
        """When `advance` has something to do next (ms), or None."""
        return self._context.timers.next_deadline()

    def group(self, group_id: str) -> GroupSnapshot | None:
        """The group as it stands, or None when nobody has heard of it."""
        group = self._context.groups.get(group_id)
        return None if group is None else snapshot(group)

    def availability(self, group_id: str) -> ErrorCode:
        """NONE where the group is coordinated here, else what a request about it is told (P04)."""
        return self._context.ownership.error(group_id)

    @property
    def is_loading(self) -> bool:
        """Some partition's groups are not all here yet."""
        return self._context.ownership.is_loading

    def knows(self, group_id: str) -> bool:
        """Whether there is such a group."""
        return group_id in self._context.groups

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._context.groups)

    @property
    def group_ids(self) -> tuple[str, ...]:
        """All groups, in the order in which they were made."""
        return tuple(self._context.groups)

    def listed(self) -> list[ListedGroup]:
        """All groups, in the order in which they were made, without their members."""
        return [
            ListedGroup(group.group_id, group.state, group.protocol_type)
            for group in self._context.groups.values()
        ]

    @property
    def timers(self) -> Mapping[TimerKey, int]:
        """The armed timers and when they fire (ms), the next one first; a copy, safe to keep."""
        return MappingProxyType(dict(self._context.timers.armed()))

    @property
    def timer_entries(self) -> int:
        """Entries in the timer queue, stale ones included: what timers cost in memory."""
        return self._context.timers.entries

    def _received(self, token: Token, request: CoordinatorRequest) -> None:
        context = self._context
        if not admitted(context, token, request):
            return  # it was answered at the door
        match request:
            case HeartbeatRequest():
                heartbeat(context, token, request)
            case JoinGroupRequest():
                join(context, token, request)
            case SyncGroupRequest():
                sync(context, token, request)
            case LeaveGroupRequest():
                leave(context, token, request)
            case OffsetCommitRequest():
                commit(context, token, request)
            case OffsetFetchRequest():
                fetch(context, token, request)
            case DeleteGroupsRequest():
                delete(context, token, request)
            case OffsetDeleteRequest():
                delete_offsets(context, token, request)
            case TxnOffsetCommitRequest():
                commit_in_transaction(context, token, request)
            case _:
                raise TypeError(f"no request of a coordinator: {request!r}")

    def _fire(self, key: TimerKey) -> None:
        if key.kind is TimerKind.RETENTION:
            on_retention_check(self._context)
            return
        group = self._context.groups[key.group_id]
        match key.kind:
            case TimerKind.SESSION:
                on_session_timeout(self._context, group, key.member_id)
            case TimerKind.INITIAL_DELAY:
                on_initial_delay(self._context, group)
            case TimerKind.JOIN:
                on_join_timeout(self._context, group)
            case TimerKind.SYNC:
                on_sync_timeout(self._context, group)
            case _:
                raise AssertionError(f"the coordinator never arms {key}")
