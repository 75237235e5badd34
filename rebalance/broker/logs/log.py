"""One partition's log: batches as they came, an offset each, wherever they are kept.

Kept: offsets are dense and never go back; what is dropped is always the oldest and moves the log
start offset; a producer is forgotten with its last batch. Nothing here waits: whoever waits for
data listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rebalance.broker.logs.batches import BatchHeader, first_at_or_after, stamp
from rebalance.broker.logs.compaction import compacted
from rebalance.broker.logs.leader_epochs import LeaderEpochs
from rebalance.broker.logs.producers import ProducerTable
from rebalance.broker.storage.interface import Batch, BatchStore
from rebalance.broker.storage.memory import MemoryBatches

__all__ = ["OffsetAndTimestamp", "PartitionLog"]

Listener = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetAndTimestamp:
    """The answer to a search; -1 and -1 when nothing matches."""

    offset: int = -1
    timestamp: int = -1


class PartitionLog:
    """One partition's batches, oldest first. `end_offset` is the high watermark: one replica.

    Args:
        store: where the batches are; what it holds already is part of the log.
        producers: who wrote what it holds.
    """

    __slots__ = ("_listeners", "_store", "available", "end_offset", "epochs", "producers", "read")

    def __init__(
        self, store: BatchStore | None = None, producers: ProducerTable | None = None
    ) -> None:
        self._store = MemoryBatches() if store is None else store
        self.producers = ProducerTable() if producers is None else producers
        self.epochs = LeaderEpochs()
        self._listeners: dict[Listener, None] = {}  # called in their order
        self.end_offset = self._store.end_offset
        # What every fetch asks goes to the store directly; `BatchStore` says what they do.
        self.read = self._store.read
        self.available = self._store.available

    @property
    def start_offset(self) -> int:
        """The oldest offset that can be read, or `end_offset` of an empty log."""
        return self._store.start_offset

    @property
    def size_bytes(self) -> int:
        """What all batches together take."""
        return self._store.size_bytes

    @property
    def memory_bytes(self) -> int:
        """What counts against `log.memory.bytes`: batches in memory and who wrote them."""
        batches = self._store.memory_bytes
        return batches + self.producers.memory_bytes if batches else 0

    def append(self, records: bytes, header: BatchHeader) -> int:
        """Append a batch that was read and checked; return its base offset.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """
        base_offset = self.end_offset
        last_offset = base_offset + header.last_offset_delta
        self._store.append(
            Batch(
                base_offset=base_offset,
                last_offset=last_offset,
                max_timestamp=header.max_timestamp,
                data=stamp(records, header.size_bytes, base_offset, self.epochs.current),
            )
        )
        self.end_offset = last_offset + 1
        self.producers.remember(header, base_offset)
        self._wake()
        return base_offset

    def lead(self, epoch: int) -> None:
        """Another leader appends from now on; whoever waits for data must look again."""
        self.epochs.begin(epoch, self.end_offset)
        self._wake()

    def drop_oldest(self, keep_bytes: int, *, keep_newest: bool = True) -> None:
        """Drop oldest batches until at most `keep_bytes` are left, the newest only if told so.

        A log in files drops whole segments, so that up to a segment more is left.
        """
        self._store.drop_oldest(keep_bytes, keep_newest=keep_newest)
        self.producers.forget_before(self.start_offset)

    def drop_expired(self, before_ms: int) -> None:
        """Drop what is before a time (ms since 1970), oldest first, whole segments in files.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """
        self._store.drop_expired(before_ms)
        self.producers.forget_before(self.start_offset)

    def delete_before(self, offset: int) -> None:
        """Begin at `offset`; a batch that it lies in stays whole, as in Kafka.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """
        self._store.delete_before(offset)
        self.producers.forget_before(self.start_offset)

    def compact(self) -> None:
        """Keep the last record of each key alone; offsets stay as they are.

        Raises:
            BatchError: the outcome could not be written; the log is as it was.
        """
        self._store.replace(compacted(self._store.batches))

    def batches(self) -> Iterator[bytes]:
        """Every batch, oldest first."""
        return (batch.data for batch in self._store.batches())

    def by_timestamp(self, timestamp: int) -> OffsetAndTimestamp:
        """The first record with that timestamp (ms) or a later one."""
        for batch in self._store.batches(timestamp):
            found = first_at_or_after(batch.data, timestamp)
            if found is not None:
                return OffsetAndTimestamp(offset=found[0], timestamp=found[1])
        return OffsetAndTimestamp()

    def max_timestamp(self) -> OffsetAndTimestamp:
        """The first record that carries the largest timestamp (KIP-734)."""
        largest = self._store.max_timestamp
        return OffsetAndTimestamp() if largest is None else self.by_timestamp(largest)

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every append and every change of leader until `ignore`."""
        self._listeners[listener] = None

    def ignore(self, listener: Listener) -> None:
        """Stop calling `listener`."""
        self._listeners.pop(listener, None)

    def close(self, *, flush: bool = True) -> None:
        """The broker stops, or the partition is deleted and nothing need reach the disk.

        Whoever waits for it must look again.
        """
        self._store.close(flush=flush)
        self._wake()

    def _wake(self) -> None:
        for listener in tuple(self._listeners):
            listener()
