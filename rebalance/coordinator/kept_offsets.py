"""What is kept of a group's offsets, and how it is forgotten.

Rule kept: an offset goes by a tombstone that was written. What is being written counts as kept,
since its record stands in front of any tombstone to come; a tombstone ends a transactional offset
of the same partition too, committed or not (O07).
Source: OffsetMetadataManager.replay.
"""

from collections.abc import Collection, Iterable

from assignors.model import TopicPartition
from rebalance.coordinator.context import Context
from rebalance.protocol.records import OffsetCommit


def kept_partitions(context: Context, group_id: str) -> set[TopicPartition]:
    """Partitions that this group has an offset of, also where it is still being written."""
    partitions = {*context.offsets.get(group_id, ()), *context.transactions.partitions(group_id)}
    for record in context.in_flight(group_id):
        if isinstance(record, OffsetCommit):
            partitions.add(record.partition)
    return partitions


def tombstones(group_id: str, partitions: Iterable[TopicPartition]) -> tuple[OffsetCommit, ...]:
    """The records that end these offsets."""
    return tuple(
        OffsetCommit(group_id=group_id, partition=partition, value=None) for partition in partitions
    )


def forget_offsets(context: Context, group_id: str, partitions: Collection[TopicPartition]) -> None:
    """Their tombstones are written."""
    context.transactions.forget(group_id, partitions)
    offsets = context.offsets.get(group_id)
    if offsets is None:
        return
    for partition in partitions:
        offsets.pop(partition, None)
    if not offsets:
        del context.offsets[group_id]
