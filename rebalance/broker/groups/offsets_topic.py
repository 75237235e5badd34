"""`__consumer_offsets`: where the coordinator's records stand, and from where they come back.

Rule kept: the records of one `Append` are one batch, in the partition of their group (P01), in the
bytes that Kafka writes (P05, P06); offsets of a transaction are a batch of its producer's, and its
end is a marker (O07). A partition that has grown to a multiple of what is live in it
is compacted, so that a week of commits takes no more room than an hour of them.
Source: CoordinatorPartitionWriter, CoordinatorLoaderImpl, GroupCoordinatorService
.groupMetadataTopicConfigs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from rebalance.broker.logs.batches import BatchError, BatchHeader, read_header
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_batch import (
    build_batch,
    build_marker,
    read_marker,
    read_records,
)
from rebalance.broker.topics.topic import OFFSETS_TOPIC, NewTopic, Topic
from rebalance.broker.topics.topics import TopicStore
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.protocol.effects import MarkerReplayed, Replayed
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.offsets_records import (
    OtherRecord,
    RecordError,
    decode_record,
    encode_record,
)
from rebalance.protocol.records import Producer, Record

__all__ = ["OffsetsTopic", "offsets_topic"]

_log = logging.getLogger("rebalance.broker")

COMPACT_AT_BYTES = 2**20
"""A partition may grow by it, and by twice what the last compaction left, before the next one."""


def offsets_topic(partitions: int, segment_bytes: int) -> NewTopic:
    """The topic as Kafka makes it."""
    return NewTopic(
        name=OFFSETS_TOPIC,
        num_partitions=partitions,
        configs={
            "cleanup.policy": "compact",
            "compression.type": "producer",
            "segment.bytes": str(segment_bytes),
        },
    )


class OffsetsTopic:
    """The topic of one cluster, as soon as there is one."""

    __slots__ = ("_compact_at", "_topic", "_topics")

    def __init__(self, topics: TopicStore) -> None:
        self._topics = topics
        self._topic: Topic | None = None
        self._compact_at: dict[int, int] = {}

    @property
    def topic(self) -> Topic | None:
        """The topic, while there is one."""
        if self._topic is None or self._topic.is_deleted:
            self._topic = self._topics.get(OFFSETS_TOPIC)
            self._compact_at.clear()
        return self._topic

    def create(self) -> None:
        """Make the topic, which is not there.

        Raises:
            TopicError: it cannot be made.
        """
        self._topics.create(NewTopic(name=OFFSETS_TOPIC))

    def append(
        self,
        group_id: str,
        records: Sequence[Record],
        now_ms: int,
        producer: Producer | None = None,
    ) -> ErrorCode:
        """Write a group's records as one batch, in a producer's transaction or not; NONE once they
        are in the log, else why not."""
        topic = self.topic
        if topic is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        partition = partition_of(group_id, topic.num_partitions)
        try:
            encoded = [encode_record(record) for record in records]
            return self._write(topic, partition, *build_batch(encoded, now_ms, producer))
        except RecordError as error:
            _log.warning("a record of group %r cannot be written: %s", group_id[:100], error)
            return ErrorCode.UNKNOWN_SERVER_ERROR

    def append_marker(
        self, partition: int, producer: Producer, committed: bool, now_ms: int
    ) -> ErrorCode:
        """Write the end of a producer's transaction; NONE once it is in the log, else why not."""
        topic = self.topic
        if topic is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        marker = build_marker(producer, committed=committed, timestamp=now_ms)
        return self._write(topic, partition, *marker)

    def _write(self, topic: Topic, partition: int, batch: bytes, header: BatchHeader) -> ErrorCode:
        log = topic.log(partition)
        assert log is not None
        try:
            if header.size_bytes > self._topics.max_batch_bytes(topic):
                return ErrorCode.MESSAGE_TOO_LARGE
            self._topics.append(topic, log, batch, header)
        except BatchError as error:
            return error.code
        self._keep_bounded(partition, log)
        return ErrorCode.NONE

    def end_all(self, commits: KeptCommits, now_ms: int) -> None:
        """Write an end to every transaction that has none: its producer is of an earlier life.
        What was committed then is, the rest is aborted.

        Raises:
            BatchError: it cannot be written.
        """
        topic = self.topic
        for partition in () if topic is None else range(topic.num_partitions):
            assert topic is not None
            for producer in _open(topic.used_log(partition)):
                commit = commits.has(producer.producer_id, partition)
                if commit is not None:
                    producer = Producer(producer_id=commit.producer_id, epoch=commit.epoch)
                error = self.append_marker(partition, producer, commit is not None, now_ms)
                if error is not ErrorCode.NONE:
                    raise BatchError(error, f"{OFFSETS_TOPIC}-{partition} cannot be written")

    def replay(self, partition: int) -> Iterator[Replayed | MarkerReplayed]:
        """What a partition says, batch by batch; what this coordinator does not keep is left out.

        A record that cannot be read, or of a group that belongs elsewhere (somebody changed the
        number of partitions), is told once a partition and left out.
        """
        topic = self.topic
        log = None if topic is None else topic.used_log(partition)
        if topic is None or log is None:
            return
        strange: list[str] = []
        for batch in log.batches():
            header = read_header(batch)
            producer_id = header.producer_id if header.is_transactional else None
            if header.is_control:
                yield MarkerReplayed(
                    partition=partition,
                    producer_id=header.producer_id,
                    committed=read_marker(batch),
                )
                continue
            records = tuple(_records(batch, partition, topic, strange))
            yield Replayed(partition=partition, records=records, producer_id=producer_id)
        if strange:
            where = f"{OFFSETS_TOPIC}-{partition}"
            _log.warning("%s: %d records left out, first %s", where, len(strange), strange[0])

    def _keep_bounded(self, partition: int, log: PartitionLog) -> None:
        if log.size_bytes <= self._compact_at.get(partition, COMPACT_AT_BYTES):
            return
        try:
            self._topics.compact(log)
        except BatchError as error:
            _log.error("%s", error)
        self._compact_at[partition] = COMPACT_AT_BYTES + 2 * log.size_bytes


def _open(log: PartitionLog | None) -> list[Producer]:
    """Whose transactions have no end in a log."""
    found: dict[int, Producer] = {}
    for batch in () if log is None else log.batches():
        header = read_header(batch)
        if header.is_control:
            found.pop(header.producer_id, None)
        elif header.is_transactional:
            found[header.producer_id] = Producer(
                producer_id=header.producer_id, epoch=header.producer_epoch
            )
    return list(found.values())


def _records(batch: bytes, partition: int, topic: Topic, strange: list[str]) -> Iterator[Record]:
    for stored in read_records(batch):
        try:
            record = decode_record(stored.key or b"", stored.value)
        except RecordError as error:
            strange.append(f"offset {stored.offset}: {error}")
            continue
        if isinstance(record, OtherRecord):
            continue
        if partition_of(record.group_id, topic.num_partitions) != partition:
            strange.append(f"offset {stored.offset}: group {record.group_id!r} belongs elsewhere")
            continue
        yield record
