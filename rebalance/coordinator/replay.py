"""What the log of one partition says of its groups: the last word on each (P02, P03).

Rule kept: records count in the order of the log, and only the last of each key; a tombstone takes
back what was said before it. What a producer wrote in a transaction counts from the marker of its
commit on, unless it was overtaken in between (O07).
Source: GroupMetadataManager.replay, OffsetMetadataManager.replay.
"""

from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.coordinator.open_transactions import OpenTransactions
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

    transactions: OpenTransactions = field(default_factory=OpenTransactions)
    """What is neither committed nor aborted by then."""

    def take(self, record: Record, producer_id: int | None = None) -> None:
        """One record, later than all before it; `producer_id`: of this producer's transaction."""
        if isinstance(record, OffsetCommit):
            self._take_offset(record, producer_id)
        elif record.value is None:
            self.groups.pop(record.group_id, None)
        else:
            self.groups[record.group_id] = record.value

    def end(self, producer_id: int, *, committed: bool) -> None:
        """A producer's transaction ended here."""
        for group_id in self.transactions.groups_of(producer_id):
            counting = self.transactions.settle(producer_id, group_id, committed=committed)
            if counting:
                self.groups.setdefault(group_id, None)  # deleted meanwhile
                self.offsets.setdefault(group_id, {}).update(counting)

    def _take_offset(self, record: OffsetCommit, producer_id: int | None) -> None:
        group_id, partition = record.group_id, record.partition
        committed = self.offsets.setdefault(group_id, {})
        if record.value is None:
            committed.pop(partition, None)
            self.transactions.forget(group_id, [partition])
            return
        self.groups.setdefault(group_id, None)
        if producer_id is not None:
            self.transactions.add(producer_id, group_id, {partition: record.value})
            return
        committed[partition] = record.value
        self.transactions.overtake(group_id, partition, self.transactions.written)
