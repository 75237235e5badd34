"""How long offsets and empty groups are kept (O05, O10).

Rule kept: one check for all groups, every offsets.retention.check.interval.ms, and nothing is
forgotten between two of them. An offset may go

    in a group that never had members    offsets.retention.minutes after its commit,
    in one that has none any more        so long after the group became Empty,
    in a Stable group of consumers       so long after its commit, where nobody reads its topic,

and in all of these at the time that its own request gave instead (OffsetCommit v2 to v4). Other
groups keep theirs. An Empty group without offsets goes as well, whoever holds an id of it (J05).
What a transaction may still change stays, and so does its group (O07). The timer runs only while
there is a group: an idle coordinator has nothing to wake up for.
Source: GroupCoordinatorShard.cleanupGroupMetadata, OffsetMetadataManager.cleanupExpiredOffsets,
ClassicGroup.offsetExpirationCondition, OffsetExpirationConditionImpl; KIP-211.
"""

from collections.abc import Callable
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.delete import bury, tombstones_of_group
from rebalance.coordinator.kept_offsets import forget_offsets, tombstones
from rebalance.coordinator.subscribed import is_consumer, is_subscribed, subscribed_topics
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import NO_EXPIRY, OffsetCommitValue
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind

_MINUTE_MS = 60_000


def keep_checking(context: Context) -> None:
    """Arm the timer of the next check, unless it runs or there is nothing to check."""
    if context.groups and not context.retention_runs:
        context.retention_runs = True
        delay_ms = context.config.offsets_retention_check_interval_ms
        context.arm(TimerKind.RETENTION, "", delay_ms)


def on_retention_check(context: Context) -> None:
    """Look at every group once."""
    context.retention_runs = False
    for group in tuple(context.groups.values()):
        if next(context.in_flight(group.group_id), None) is None:
            _check(context, group)  # else the next time: what it keeps is being changed
    keep_checking(context)


def _check(context: Context, group: ClassicGroup) -> None:
    offsets = context.offsets.get(group.group_id, {})
    gone = _expired(context, group, offsets) if offsets else ()
    unused = len(gone) == len(offsets) and not context.transactions.partitions(group.group_id)
    if group.state is GroupState.EMPTY and unused:
        records = tombstones_of_group(group.group_id, gone)
        known = frozenset(group.pending)
        context.append(group.group_id, records, _Gone(group=group, partitions=gone, known=known))
    elif gone:
        records = tombstones(group.group_id, gone)
        context.append(group.group_id, records, _Gone(group=group, partitions=gone))


def _expired(
    context: Context, group: ClassicGroup, offsets: dict[TopicPartition, OffsetCommitValue]
) -> tuple[TopicPartition, ...]:
    """The partitions whose offsets may go now."""
    since_ms = _since(group)
    topics = subscribed_topics(group)
    if since_ms is None or (group.state is not GroupState.EMPTY and topics is None):
        return ()
    unstable = context.transactions.partitions(group.group_id)
    retention_ms = context.config.offsets_retention_minutes * _MINUTE_MS
    return tuple(
        partition
        for partition in sorted(offsets)
        if partition not in unstable
        and not is_subscribed(group, topics, partition.topic)
        and context.now >= _end_ms(offsets[partition], since_ms, retention_ms)
    )


def _since(group: ClassicGroup) -> Callable[[OffsetCommitValue], int] | None:
    """From when on an offset's time runs; None in a group that keeps its offsets."""
    if not group.protocol_type:
        return _committed_at
    if group.state is GroupState.EMPTY:
        return lambda _: group.state_since_ms
    if group.state is GroupState.STABLE and is_consumer(group):
        return _committed_at
    return None


def _committed_at(value: OffsetCommitValue) -> int:
    return value.commit_timestamp_ms


def _end_ms(
    value: OffsetCommitValue, since_ms: Callable[[OffsetCommitValue], int], retention_ms: int
) -> int:
    if value.expire_timestamp_ms != NO_EXPIRY:
        return value.expire_timestamp_ms
    return since_ms(value) + retention_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """Goes on when the tombstones are written; what could not be is found again the next time."""

    group: ClassicGroup
    partitions: tuple[TopicPartition, ...]
    known: frozenset[str] | None = None
    """The ids that were pending, where the group is to go as well."""

    def __call__(self, context: Context, error: ErrorCode) -> None:
        if error is not ErrorCode.NONE:
            return
        forget_offsets(context, self.group.group_id, self.partitions)
        if self.known is not None:
            bury(context, self.group, self.known)
