"""`__consumer_offsets`: one batch an append, Kafka's own bytes, bounded (P01, P05, P06)."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path

import pytest
from aiokafka.record.default_records import DefaultRecordBatch

from assignors.model import TopicPartition
from rebalance.broker.config import BrokerConfig
from rebalance.broker.groups import offsets_topic as module
from rebalance.broker.groups.offsets_topic import OffsetsTopic, offsets_topic
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_batch import build_batch, read_records
from rebalance.broker.storage import MemoryStorage
from rebalance.broker.storage.directory import DataDirectory
from rebalance.broker.topics.topic import OFFSETS_TOPIC, NewTopic
from rebalance.broker.topics.topics import TopicError, TopicStore
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.protocol.effects import MarkerReplayed, Replayed
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.offsets_records import decode_record, encode_record
from rebalance.protocol.records import GroupMetadata, OffsetCommit, OffsetCommitValue, Producer

NOW = 1_795_000_000_000


def _commit(group_id: str, offset: int, partition: int = 0) -> OffsetCommit:
    value = OffsetCommitValue(offset=offset, leader_epoch=-1, metadata="", commit_timestamp_ms=NOW)
    return OffsetCommit(
        group_id=group_id, partition=TopicPartition("orders", partition), value=value
    )


def _topics(data: Path | None = None, **settings: str) -> TopicStore:
    config = BrokerConfig.from_properties({k.replace("_", "."): v for k, v in settings.items()})
    storage = MemoryStorage() if data is None else DataDirectory(data)
    return TopicStore(config, uuid.uuid4, storage, [offsets_topic(50, 2**20)])


def _log(topics: TopicStore, group_id: str) -> PartitionLog:
    topic = topics.get(OFFSETS_TOPIC)
    assert topic is not None
    log = topic.log(partition_of(group_id, 50))
    assert log is not None
    return log


def test_it_is_an_internal_topic_as_kafka_makes_it() -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    assert offsets.topic is None
    offsets.create()
    topic = offsets.topic
    assert topic is not None
    assert (topic.name, topic.num_partitions, topic.is_internal) == (OFFSETS_TOPIC, 50, True)
    assert topic.configs == {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": "1048576",
    }
    assert topics.get(OFFSETS_TOPIC) is topic


@pytest.mark.parametrize("wanted", [NewTopic(name=OFFSETS_TOPIC), None])
def test_whoever_makes_it_makes_it_so(wanted: NewTopic | None) -> None:
    topics = _topics(max_partitions="1")  # which counts what clients made
    made = topics.auto_create(OFFSETS_TOPIC) if wanted is None else topics.create(wanted)
    assert (made.num_partitions, made.configs["cleanup.policy"]) == (50, "compact")
    assert OffsetsTopic(topics).topic is made


def test_another_number_of_partitions_is_refused() -> None:
    with pytest.raises(TopicError, match="has 50 partitions on this broker") as refused:
        _topics().create(NewTopic(name=OFFSETS_TOPIC, num_partitions=3))
    assert refused.value.code is ErrorCode.INVALID_PARTITIONS


def test_p01_p06_the_records_of_an_append_are_one_batch_in_the_groups_partition() -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    offsets.create()
    records = (_commit("g", 1, 0), _commit("g", 2, 1), GroupMetadata(group_id="g", value=None))
    assert offsets.append("g", records, NOW) is ErrorCode.NONE
    (batch,) = _log(topics, "g").batches()
    stored = list(read_records(batch))
    assert [(record.key, record.value) for record in stored] == [encode_record(r) for r in records]
    assert {record.timestamp for record in stored} == {NOW}
    assert list(offsets.replay(partition_of("g", 50))) == [
        Replayed(partition=partition_of("g", 50), records=records)
    ]
    assert list(offsets.replay(partition_of("g", 50) + 1)) == []


def test_what_cannot_be_written_is_an_error_of_the_append(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert offsets.append("g", [_commit("g", 1)], NOW) is missing
    offsets.create()
    large = _commit("g" * 40_000, 1)
    assert offsets.append(large.group_id, [large], NOW) is ErrorCode.UNKNOWN_SERVER_ERROR
    assert "group id has 40000 bytes" in caplog.text
    many = [_commit("g", 1, partition) for partition in range(30_000)]
    assert offsets.append("g", many, NOW) is ErrorCode.MESSAGE_TOO_LARGE
    assert _log(topics, "g").end_offset == 0
    topic = topics.get(OFFSETS_TOPIC)
    assert topic is not None
    topics.delete(topic)
    assert offsets.append("g", [_commit("g", 1)], NOW) is missing
    assert offsets.topic is None


def test_retention_and_the_bound_on_memory_do_not_touch_it() -> None:
    topics = _topics(log_memory_bytes=str(2**20), log_retention_bytes="1")
    offsets = OffsetsTopic(topics)
    offsets.create()
    for partition in range(100):
        offsets.append("g", [_commit("g", 1, partition)], NOW)
    other = topics.create(NewTopic(name="orders"))
    log = other.log(0)
    assert log is not None
    for _ in range(30):
        batch, header = build_batch([(b"k", bytes(100_000))], NOW)
        topics.append(other, log, batch, header)
    assert topics.memory_bytes <= 2**20
    assert len(list(_log(topics, "g").batches())) == 100


@pytest.mark.parametrize("where", ["memory", "files"])
def test_a_week_of_commits_takes_no_more_room_than_an_hour(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPACT_AT_BYTES", 20_000)
    topics = _topics(tmp_path if where == "files" else None)
    offsets = OffsetsTopic(topics)
    offsets.create()
    log = _log(topics, "g")
    largest = 0
    for number in range(3_000):
        group_id = "g" if number % 2 else f"g{number}"  # groups that come and go
        assert offsets.append(group_id, [_commit(group_id, number)], NOW) is ErrorCode.NONE
        gone = (
            OffsetCommit(group_id=group_id, partition=TopicPartition("orders", 0), value=None),
            GroupMetadata(group_id=group_id, value=None),
        )
        if group_id != "g":
            assert offsets.append(group_id, gone, NOW) is ErrorCode.NONE
        largest = max(largest, log.size_bytes)
    assert largest < 25_000
    topic = topics.get(OFFSETS_TOPIC)
    assert topic is not None
    assert max(each.size_bytes for each in topic.logs()) < 25_000
    last = list(offsets.replay(partition_of("g", 50)))[-1]
    assert isinstance(last, Replayed)
    assert [record for record in last.records if record.group_id == "g"] == [_commit("g", 2_999)]
    if where == "memory":
        held = sum(each.memory_bytes for each in topic.logs())
        assert held == topics.memory_bytes
    topics.close()


def test_what_cannot_be_read_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    offsets.create()
    here = partition_of("g", 50)
    key, value = encode_record(_commit("g", 1))
    strange = [
        (key, b"\0\x04rubbish"),
        (b"\0\x03\0\x01g", b"a consumer group's"),
        (b"\0\x63", b"of a newer Kafka"),
        encode_record(_commit("elsewhere", 1)),
        (key, value),
    ]
    log = _log(topics, "g")
    log.append(*build_batch(strange, NOW))
    assert partition_of("elsewhere", 50) != here
    with caplog.at_level(logging.WARNING, "rebalance.broker"):
        assert list(offsets.replay(here)) == [
            Replayed(partition=here, records=(decode_record(key, value),))
        ]
    (told,) = caplog.messages
    assert told.startswith(f"__consumer_offsets-{here}: 2 records left out, first offset 0")


ONE, TWO = Producer(producer_id=7, epoch=3), Producer(producer_id=8, epoch=0)


def _transactional(
    offsets: OffsetsTopic, producer: Producer, offset: int, partition: int = 0
) -> None:
    commit = _commit("g", offset, partition)
    assert offsets.append("g", [commit], NOW, producer) is ErrorCode.NONE


def _end(offsets: OffsetsTopic, producer: Producer, *, committed: bool) -> None:
    where = partition_of("g", 50)
    assert offsets.append_marker(where, producer, committed, NOW) is ErrorCode.NONE


def test_o07_offsets_in_a_transaction_are_its_producers_batch_and_its_end_a_control_batch() -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    offsets.create()
    _transactional(offsets, ONE, 5)
    _end(offsets, ONE, committed=True)
    _end(offsets, TWO, committed=False)
    found = [DefaultRecordBatch(data) for data in _log(topics, "g").batches()]
    assert all(batch.validate_crc() for batch in found)
    assert [(b.is_transactional, b.is_control_batch, b.producer_id) for b in found] == [
        (True, False, 7),
        (True, True, 7),
        (True, True, 8),
    ]
    assert [(b.producer_epoch, b.base_sequence) for b in found] == [(3, 0), (3, -1), (0, -1)]
    markers = [record for batch in found[1:] for record in batch]
    assert [(r.key, r.value) for r in markers] == [
        (b"\0\0\0\1", b"\0\0\0\0\0\0"),
        (b"\0\0\0\0", b"\0\0\0\0\0\0"),
    ]
    here = partition_of("g", 50)
    assert list(offsets.replay(here)) == [
        Replayed(partition=here, records=(_commit("g", 5),), producer_id=7),
        MarkerReplayed(partition=here, producer_id=7, committed=True),
        MarkerReplayed(partition=here, producer_id=8, committed=False),
    ]


def test_o07_who_comes_after_a_broker_aborts_what_it_left_open() -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    offsets.create()
    _transactional(offsets, ONE, 5)
    _transactional(offsets, TWO, 6)
    _end(offsets, TWO, committed=True)
    here, heir = partition_of("g", 50), OffsetsTopic(topics)
    commits = KeptCommits(MemoryStorage())
    heir.end_all(commits, NOW)
    heir.end_all(commits, NOW)
    assert list(heir.replay(here))[3:] == [
        MarkerReplayed(partition=here, producer_id=7, committed=False)
    ]


def test_o07_compaction_keeps_what_counts_and_what_is_open() -> None:
    topics = _topics()
    offsets = OffsetsTopic(topics)
    offsets.create()
    log = _log(topics, "g")
    here = partition_of("g", 50)
    _transactional(offsets, ONE, 10, 0)  # is committed after the plain one, and came before it
    _transactional(offsets, ONE, 11, 1)
    offsets.append("g", [_commit("g", 20, 0), _commit("g", 21, 3)], NOW)
    _end(offsets, ONE, committed=True)
    _transactional(offsets, TWO, 30, 1)
    _end(offsets, TWO, committed=False)
    _transactional(offsets, TWO, 40, 3)
    _transactional(offsets, TWO, 41, 4)
    gone = OffsetCommit(group_id="g", partition=TopicPartition("orders", 4), value=None)
    offsets.append("g", [gone], NOW)
    before = log.end_offset
    log.compact()
    assert (log.end_offset, list(offsets.replay(here))) == (
        before,
        [
            Replayed(partition=here, records=(_commit("g", 11, 1),)),
            Replayed(partition=here, records=(_commit("g", 20, 0), _commit("g", 21, 3))),
            Replayed(partition=here, records=(_commit("g", 40, 3),), producer_id=8),
        ],
    )
    _end(offsets, TWO, committed=True)
    log.compact()
    assert list(offsets.replay(here)) == [
        Replayed(partition=here, records=(_commit("g", 11, 1),)),
        Replayed(partition=here, records=(_commit("g", 20, 0),)),
        Replayed(partition=here, records=(_commit("g", 40, 3),)),
    ]
