"""A topic was deleted (O08): its offsets go, in every group, whoever subscribes to it.

Source: OffsetMetadataManager.onPartitionsDeleted.
"""

from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.coordinator.context import Context
from rebalance.coordinator.kept_offsets import forget_offsets, kept_partitions, tombstones
from rebalance.protocol.errors import ErrorCode


def on_topic_deleted(context: Context, topic: str) -> None:
    """Write the tombstones; nobody waits for an answer."""
    for group_id in context.groups_with_offsets():
        kept = sorted(kept_partitions(context, group_id))
        gone = tuple(partition for partition in kept if partition.topic == topic)
        if gone:
            stored = _Stored(group_id=group_id, gone=gone)
            context.append(group_id, tombstones(group_id, gone), stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the tombstones are written; those that could not be, retention finds again."""

    group_id: str
    gone: tuple[TopicPartition, ...]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        if error is ErrorCode.NONE:
            forget_offsets(context, self.group_id, self.gone)
