"""The log of one partition, in memory: batches as they came, an offset each, a bound on bytes.

Kept: offsets are dense and never go back; what is dropped is always the oldest and moves the log
start offset; a producer is forgotten with its last batch. Nothing here waits: whoever waits for
data listens.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from rebalance.broker.batches import BatchHeader, first_at_or_after, stamp
from rebalance.broker.producers import ProducerTable

__all__ = ["LEADER_EPOCH", "OffsetAndTimestamp", "PartitionLog"]

LEADER_EPOCH = 0
"""This broker has led every partition since it was made."""

BATCH_OVERHEAD_BYTES = 200
"""About what Python adds to a batch; counted, or tiny batches would slip under the bound."""

_COMPACT_AT = 1024

Listener = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    base_offset: int
    last_offset: int
    max_timestamp: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetAndTimestamp:
    """The answer to a search; -1 and -1 when nothing matches."""

    offset: int = -1
    timestamp: int = -1


class PartitionLog:
    """One partition's batches, oldest first. `end_offset` is the high watermark: one replica."""

    __slots__ = (
        "_batches",
        "_deleted_before",
        "_head",
        "_listeners",
        "end_offset",
        "producers",
        "size_bytes",
    )

    def __init__(self) -> None:
        self._batches: list[_Stored] = []
        self._head = 0  # batches in front of it are dropped; the list is cut now and then
        self._deleted_before = 0
        self._listeners: set[Listener] = set()
        self.end_offset = 0
        self.size_bytes = 0
        self.producers = ProducerTable()

    @property
    def start_offset(self) -> int:
        """The oldest offset that can be read, or `end_offset` of an empty log."""
        oldest = self._batches[self._head].base_offset if self._live else self.end_offset
        return max(oldest, self._deleted_before)

    @property
    def memory_bytes(self) -> int:
        """`size_bytes` with what Python adds, and what is remembered of producers."""
        batches = self.size_bytes + self._live * BATCH_OVERHEAD_BYTES
        return batches + self.producers.memory_bytes

    @property
    def _live(self) -> int:
        return len(self._batches) - self._head

    def append(self, records: bytes, header: BatchHeader) -> int:
        """Append a batch that was read and checked; return its base offset."""
        base_offset = self.end_offset
        stored = _Stored(
            base_offset=base_offset,
            last_offset=base_offset + header.last_offset_delta,
            max_timestamp=header.max_timestamp,
            data=stamp(records, header.size_bytes, base_offset, LEADER_EPOCH),
        )
        self._batches.append(stored)
        self.end_offset = stored.last_offset + 1
        self.size_bytes += len(stored.data)
        self.producers.remember(header, base_offset)
        for listener in tuple(self._listeners):
            listener()
        return base_offset

    def drop_oldest(self, keep_bytes: int, *, keep_newest: bool = True) -> None:
        """Drop oldest batches until at most `keep_bytes` are left, the newest only if told so."""
        while self.size_bytes > keep_bytes and self._live > keep_newest:
            self._drop_first()
        self._after_dropping()

    def _drop_first(self) -> None:
        self.size_bytes -= len(self._batches[self._head].data)
        self._head += 1

    def _after_dropping(self) -> None:
        if self._head > _COMPACT_AT or self._head > self._live:
            del self._batches[: self._head]
            self._head = 0
        self.producers.forget_before(self.start_offset)

    def delete_before(self, offset: int) -> None:
        """Begin at `offset`; a batch that it lies in stays whole, as in Kafka."""
        self._deleted_before = max(self._deleted_before, offset)
        while self._live and self._batches[self._head].last_offset < offset:
            self._drop_first()
        self._after_dropping()

    def read(self, offset: int, max_bytes: int, *, at_least_one: bool) -> bytes:
        """Whole batches from the one that holds `offset`, together at most `max_bytes`.

        With `at_least_one` the first batch comes whatever its size (KIP-74). Empty at the end.
        """
        parts: list[bytes] = []
        left = max_bytes
        for index in range(self._index(offset), len(self._batches)):
            data = self._batches[index].data
            if len(data) > left and not (at_least_one and not parts):
                break
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def available(self, offset: int, max_bytes: int) -> int:
        """How many bytes `read` has for this offset, counted up to `max_bytes`."""
        total = 0
        for index in range(self._index(offset), len(self._batches)):
            total += len(self._batches[index].data)
            if total >= max_bytes:
                break
        return min(total, max_bytes)

    def _index(self, offset: int) -> int:
        return bisect_left(self._batches, offset, lo=self._head, key=lambda b: b.last_offset)

    def by_timestamp(self, timestamp: int) -> OffsetAndTimestamp:
        """The first record with that timestamp (ms) or a later one."""
        for stored in self._batches[self._head :]:
            if stored.max_timestamp >= timestamp:
                found = first_at_or_after(stored.data, timestamp)
                if found is not None:
                    return OffsetAndTimestamp(offset=found[0], timestamp=found[1])
        return OffsetAndTimestamp()

    def max_timestamp(self) -> OffsetAndTimestamp:
        """The first record that carries the largest timestamp (KIP-734)."""
        live = self._batches[self._head :]
        if not live:
            return OffsetAndTimestamp()
        return self.by_timestamp(max(stored.max_timestamp for stored in live))

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every append until `ignore`."""
        self._listeners.add(listener)

    def ignore(self, listener: Listener) -> None:
        """Stop calling `listener`."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """The partition is being deleted: whoever waits for it must look again."""
        for listener in tuple(self._listeners):
            listener()
