"""What a log asks of the place where its batches are kept.

Kept by every implementation: offsets never go back, `end_offset` not even when everything was
dropped; batches are whole and in order; what `append` returned from is what a later `read` gives.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from rebalance.broker.logs.batches import BatchHeader

__all__ = [
    "Batch",
    "BatchStore",
    "LogLimits",
    "OnBatch",
    "Storage",
    "StoredCommit",
    "StoredConfigs",
    "StoredTopic",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A record batch at its place in the log; timestamps in milliseconds."""

    base_offset: int
    last_offset: int
    max_timestamp: int
    data: bytes = field(repr=False)


class BatchStore(Protocol):
    """The batches of one partition, oldest first."""

    @property
    def start_offset(self) -> int:
        """The oldest offset that may be asked for; compaction does not move it."""

    @property
    def end_offset(self) -> int:
        """The offset that comes next."""

    @property
    def size_bytes(self) -> int:
        """What all batches together take."""

    @property
    def memory_bytes(self) -> int:
        """What of it counts against `log.memory.bytes`."""

    @property
    def max_timestamp(self) -> int | None:
        """The largest of all batches, None without any."""

    def append(self, batch: Batch) -> None:
        """Keep a batch.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """

    def drop_oldest(self, keep_bytes: int, *, keep_newest: bool) -> None:
        """Let go of the oldest while more than `keep_bytes` are kept."""

    def drop_expired(self, before_ms: int) -> None:
        """Let go of the oldest as long as the largest timestamp in it is before `before_ms`.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """

    def delete_before(self, offset: int) -> None:
        """Begin at `offset`; a batch that it lies in stays whole.

        Raises:
            BatchError: it could not be written; nothing has changed.
        """

    def replace(self, batches: Iterable[Batch]) -> None:
        """Keep these in place of all: the same offsets, some of them gone (compaction).

        Raises:
            BatchError: they could not be written; nothing has changed.
        """

    def read(self, offset: int, max_bytes: int, *, at_least_one: bool) -> bytes:
        """Whole batches from the one that holds `offset`, together at most `max_bytes`.

        With `at_least_one` the first batch comes whatever its size (KIP-74). Empty at the end.
        """

    def available(self, offset: int, max_bytes: int) -> int:
        """How many bytes there are from this offset on, counted up to `max_bytes`."""

    def batches(self, reaching: int | None = None) -> Iterator[Batch]:
        """All of them, or only those whose largest timestamp is at least `reaching`."""

    def close(self, *, flush: bool = True) -> None:
        """Nobody asks any more; with `flush` what must reach the disk does."""


OnBatch: TypeAlias = Callable[[BatchHeader, int], None]
"""Told of every batch that is found in a log, with its base offset, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """How a log is kept in files."""

    segment_bytes: int
    """A segment file that a batch would make larger is followed by a new one."""
    segment_ms: int = 604_800_000
    """One whose first batch is older than a new one by more than this is followed by a new one."""
    flush_interval_messages: int
    """After so many records the operating system is told to write (fsync)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTopic:
    """A topic as it is kept."""

    name: str
    topic_id: uuid.UUID
    num_partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfigs:
    """What was set while brokers ran, by node id as text ("" is all brokers) and by group id."""

    brokers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCommit:
    """A transaction that was committed, though not all its partitions may know."""

    producer_id: int
    epoch: int
    """Of its markers."""
    partitions: tuple[int, ...]
    """Of `__consumer_offsets`."""


class Storage(Protocol):
    """Where topics and their logs are kept."""

    @property
    def path(self) -> Path | None:
        """The directory, absolute; None for memory."""

    def topics(self) -> Sequence[StoredTopic]:
        """The topics that were kept before this broker came, in the order of their creation."""

    def save_topics(self, topics: Iterable[StoredTopic]) -> None:
        """Keep these topics and no others. Where nothing is kept they are not even asked for.

        Raises:
            StorageError: they cannot be written.
        """

    def configs(self) -> StoredConfigs:
        """What was set for brokers and groups before this broker came.

        Raises:
            StorageError: it cannot be read.
        """

    def save_configs(self, configs: StoredConfigs) -> None:
        """Keep this and nothing else.

        Raises:
            StorageError: it cannot be written.
        """

    def commits(self) -> Sequence[StoredCommit]:
        """The commits that were kept before this broker came.

        Raises:
            StorageError: they cannot be read.
        """

    def save_commits(self, commits: Iterable[StoredCommit]) -> None:
        """Keep these and no others.

        Raises:
            StorageError: they cannot be written.
        """

    @property
    def most_producers(self) -> int | None:
        """How many producers a log may remember; None: as many as its bounded batches are from."""

    def open_log(
        self,
        topic: str,
        partition: int,
        limits: Callable[[], LogLimits],
        on_batch: OnBatch,
    ) -> BatchStore:
        """The log of a partition, with what it held before, of which `on_batch` hears.

        Raises:
            StorageError: its files cannot be read.
        """

    def opened_before(self, topic: StoredTopic) -> Sequence[int]:
        """The partitions of a topic that have a log already."""

    def delete_topic(self, topic: str, partitions: int) -> None:
        """Its logs are gone."""

    def next_producer_id(self) -> int:
        """An id that was never given out."""

    @property
    def leader_epoch(self) -> int:
        """The latest of any partition that a client was ever told."""

    def keep_leader_epoch(self, epoch: int) -> None:
        """A later one is told from now on.

        Raises:
            StorageError: it cannot be written.
        """

    def close(self) -> None:
        """The logs were closed; let go of everything else."""
