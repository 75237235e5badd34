"""What the brokers of a simulation keep of their groups: `__consumer_offsets`, all its partitions.

Rule kept (P02): what is in the log is all that a coordinator knows that takes over. Records are
written at once and durable later, when their append is acknowledged; until then a crash takes them
back, and a coordinator that moves in good order finds them. Only the last record of each key is
kept, as compaction would.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.protocol.records import OffsetCommit, Record

__all__ = ["OffsetsLog", "Write"]

Key = tuple[str, TopicPartition | None]


@dataclass(slots=True, kw_only=True, eq=False)
class Write:
    """Records of one group that are on their way to be durable."""

    partition: int
    records: tuple[Record, ...]
    settled: bool = False
    """Durable, or taken back."""


@dataclass(slots=True, kw_only=True)
class _Partition:
    durable: dict[Key, Record] = field(default_factory=dict)
    """By key, in the order in which they were written last."""
    pending: list[Write] = field(default_factory=list)


class OffsetsLog:
    """The log of every partition."""

    def __init__(self) -> None:
        self._partitions: dict[int, _Partition] = {}

    def write(self, partition: int, records: tuple[Record, ...]) -> Write:
        """Append; not durable yet."""
        write = Write(partition=partition, records=records)
        self._of(partition).pending.append(write)
        return write

    def acknowledge(self, write: Write) -> tuple[Record, ...]:
        """Durable from now on, if that was not settled before; gives what became so."""
        if write.settled:
            return ()
        log = self._settle(write)
        durable = log.durable
        for record in write.records:
            key = record.group_id, (record.partition if isinstance(record, OffsetCommit) else None)
            durable.pop(key, None)
            if record.value is not None:
                durable[key] = record
        return write.records

    def take_back(self, write: Write) -> None:
        """It was never written, if that was not settled before."""
        if not write.settled:
            self._settle(write)

    def acknowledge_all(self, partition: int) -> tuple[Record, ...]:
        """Another broker leads the partition, and has all that was written to it."""
        pending = tuple(self._of(partition).pending)
        return tuple(record for write in pending for record in self.acknowledge(write))

    def take_back_all(self, partition: int) -> None:
        """The broker that led the partition crashed before anybody else had these."""
        for write in tuple(self._of(partition).pending):
            self.take_back(write)

    def read(self, partition: int) -> Iterator[Record]:
        """All that is durable, in the order of the log."""
        yield from self._of(partition).durable.values()

    def _of(self, partition: int) -> _Partition:
        found = self._partitions.get(partition)
        if found is None:  # setdefault would make one for every write
            found = self._partitions[partition] = _Partition()
        return found

    def _settle(self, write: Write) -> _Partition:
        write.settled = True
        log = self._of(write.partition)
        log.pending.remove(write)
        return log
