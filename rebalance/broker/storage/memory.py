"""Batches in memory, as long as the process lives.

Kept: what is dropped costs nothing any more soon after; dropping is O(1) a batch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

from rebalance.broker.storage.interface import (
    Batch,
    LogLimits,
    OnBatch,
    StoredCommit,
    StoredConfigs,
    StoredTopic,
)

__all__ = ["BATCH_OVERHEAD_BYTES", "MemoryBatches", "MemoryStorage"]

BATCH_OVERHEAD_BYTES = 200
"""About what Python adds to a batch; counted, or tiny batches would slip under the bound."""

_COMPACT_AT = 1024


class MemoryBatches:
    """The batches of one partition in a list."""

    __slots__ = ("_batches", "_head", "end_offset", "size_bytes", "start_offset")

    def __init__(self) -> None:
        self._batches: list[Batch] = []
        self._head = 0  # batches in front of it are dropped; the list is cut now and then
        self.start_offset = 0
        self.end_offset = 0
        self.size_bytes = 0

    @property
    def memory_bytes(self) -> int:
        """`size_bytes` with what Python adds."""
        return self.size_bytes + self._live * BATCH_OVERHEAD_BYTES

    @property
    def max_timestamp(self) -> int | None:
        """The largest of all batches, None without any."""
        return max((batch.max_timestamp for batch in self._batches[self._head :]), default=None)

    @property
    def _live(self) -> int:
        return len(self._batches) - self._head

    def append(self, batch: Batch) -> None:
        """Keep a batch."""
        self._batches.append(batch)
        self.end_offset = batch.last_offset + 1
        self.size_bytes += len(batch.data)

    def drop_oldest(self, keep_bytes: int, *, keep_newest: bool) -> None:
        """Drop oldest batches until at most `keep_bytes` are left, the newest only if told so."""
        dropped = self._head
        while self.size_bytes > keep_bytes and self._live > keep_newest:
            self._drop_first()
        self._begin_at_oldest(dropped)

    def drop_expired(self, before_ms: int) -> None:
        """Drop oldest batches as long as each is before `before_ms`; one without a time stays."""
        dropped = self._head
        while self._live and 0 <= self._batches[self._head].max_timestamp < before_ms:
            self._drop_first()
        self._begin_at_oldest(dropped)

    def delete_before(self, offset: int) -> None:
        """Begin at `offset`; a batch that it lies in stays whole, as in Kafka."""
        self.start_offset = max(self.start_offset, offset)
        while self._live and self._batches[self._head].last_offset < offset:
            self._drop_first()
        self._let_go()

    def replace(self, batches: Iterable[Batch]) -> None:
        """Keep these in place of all."""
        self._batches, self._head = list(batches), 0
        self.size_bytes = sum(len(batch.data) for batch in self._batches)

    def read(self, offset: int, max_bytes: int, *, at_least_one: bool) -> bytes:
        """Whole batches from the one that holds `offset`; see `BatchStore`."""
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
        """How many bytes there are from this offset on, counted up to `max_bytes`."""
        total = 0
        for index in range(self._index(offset), len(self._batches)):
            total += len(self._batches[index].data)
            if total >= max_bytes:
                break
        return min(total, max_bytes)

    def batches(self, reaching: int | None = None) -> Iterator[Batch]:
        """All of them, or only those whose largest timestamp is at least `reaching`."""
        for batch in self._batches[self._head :]:
            if reaching is None or batch.max_timestamp >= reaching:
                yield batch

    def close(self, *, flush: bool = True) -> None:
        """Nothing waits to be written."""

    def _index(self, offset: int) -> int:
        return bisect_left(self._batches, offset, lo=self._head, key=lambda b: b.last_offset)

    def _begin_at_oldest(self, dropped: int) -> None:
        """The log begins with the oldest batch that is left, if any went since `dropped`."""
        if self._head > dropped:
            oldest = self._batches[self._head].base_offset if self._live else self.end_offset
            self.start_offset = max(self.start_offset, oldest)
        self._let_go()

    def _drop_first(self) -> None:
        self.size_bytes -= len(self._batches[self._head].data)
        self._head += 1

    def _let_go(self) -> None:
        if self._head > _COMPACT_AT or self._head > self._live:
            del self._batches[: self._head]
            self._head = 0


class MemoryStorage:
    """A broker that keeps nothing beyond its life."""

    __slots__ = ("_next_producer_id",)

    path = None

    most_producers = None
    """Batches are bounded, and a producer is forgotten with its last one."""

    def __init__(self) -> None:
        self._next_producer_id = 0

    def topics(self) -> Sequence[StoredTopic]:
        """None: every life begins empty."""
        return ()

    def save_topics(self, topics: Iterable[StoredTopic]) -> None:
        """The topics are where they are used."""

    def configs(self) -> StoredConfigs:
        """None: every life begins as it was started."""
        return StoredConfigs()

    def save_configs(self, configs: StoredConfigs) -> None:
        """What was set is where it is used."""

    def commits(self) -> Sequence[StoredCommit]:
        """None: no transaction outlives the broker."""
        return ()

    def save_commits(self, commits: Iterable[StoredCommit]) -> None:
        """Nobody comes after this broker."""

    def open_log(
        self,
        topic: str,
        partition: int,
        limits: Callable[[], LogLimits],
        on_batch: OnBatch,
    ) -> MemoryBatches:
        """An empty log."""
        return MemoryBatches()

    def opened_before(self, topic: StoredTopic) -> Sequence[int]:
        """None."""
        return ()

    def delete_topic(self, topic: str, partitions: int) -> None:
        """Its logs go with the last who knows them."""

    leader_epoch = 0
    """Nobody was told any before."""

    def keep_leader_epoch(self, epoch: int) -> None:
        """Nobody comes after this broker."""

    def next_producer_id(self) -> int:
        """An id that was never given out."""
        self._next_producer_id += 1
        return self._next_producer_id - 1

    def close(self) -> None:
        """Nothing is held."""
