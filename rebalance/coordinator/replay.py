"""What the log of one partition says of its groups: the last word on each (P02, P03).

Rule kept: records count in the order of the log, and only the last of each key; a tombstone takes
back what was said before it.
Source: GroupMetadataManager.replay, OffsetMetadataManager.replay.
"""

from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.protocol.records import (
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
    Record,
)


@dataclass(slots=True, kw_only=True)
class Replay:
    """What the log of one partition said so far: the last word on each group and offset."""

    groups: dict[str, GroupMetadataValue | None] = field(default_factory=dict)
    """None: only its offsets are known (a simple group)."""
    offsets: dict[str, dict[TopicPartition, OffsetCommitValue]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """One record, later than all before it."""
        if isinstance(record, OffsetCommit):
            self._take_offset(record)
        elif record.value is None:
            self.groups.pop(record.group_id, None)
        else:
            self.groups[record.group_id] = record.value

    def _take_offset(self, record: OffsetCommit) -> None:
        committed = self.offsets.setdefault(record.group_id, {})
        if record.value is None:
            committed.pop(record.partition, None)
            return
        self.groups.setdefault(record.group_id, None)
        committed[record.partition] = record.value
