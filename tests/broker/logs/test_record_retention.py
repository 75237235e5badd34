"""Records that are too old go, in memory batch by batch and in files segment by segment."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.config import BrokerConfig
from rebalance.broker.logs.batches import read_batch
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_retention import HOUR_MS, expire
from rebalance.broker.storage import MemoryStorage, Storage
from rebalance.broker.storage.directory import DataDirectory
from rebalance.broker.topics.topic import NewTopic, Topic
from rebalance.broker.topics.topics import TopicStore
from rebalance.protocol.java_hash import partition_of
from tests.broker.batch_maker import batch
from tests.broker.configs.test_broker_configs import _start
from tests.broker.handlers.test_produce import produce
from tests.broker.raw import connected, create_topic, run, until
from tests.broker.storage.making import segments

DAY_MS = 24 * HOUR_MS
NOW_MS = 1000 * DAY_MS
CONFIG = BrokerConfig()


class Stored:
    """A store with the topic "orders", and appends at times of the tester's choice."""

    def __init__(self, storage: Storage, configs: Mapping[str, str] = {}) -> None:
        self.store = TopicStore(CONFIG, uuid.uuid4, storage)
        self.topic: Topic = self.store.create(NewTopic(name="orders", configs=configs))
        found = self.topic.log(0)
        assert found is not None
        self.log: PartitionLog = found

    def append(self, age_ms: int, *, size: int = 10, producer_id: int = -1) -> None:
        sequence = -1 if producer_id < 0 else 0
        records = batch(
            bytes(size), timestamp=NOW_MS - age_ms, producer_id=producer_id, sequence=sequence
        )
        header = read_batch(records, max_bytes=2**21)
        self.store.append(self.topic, self.log, records, header)


Makes = Callable[[Mapping[str, str]], Stored]


@pytest.fixture(params=["memory", "files"])
def makes(request: pytest.FixtureRequest, tmp_path: Path) -> Makes:
    def make(configs: Mapping[str, str]) -> Stored:
        in_memory = request.param == "memory"
        return Stored(MemoryStorage() if in_memory else DataDirectory(tmp_path), configs)

    return make


def test_a_log_that_is_too_old_as_a_whole_is_emptied_and_goes_on(makes: Makes) -> None:
    made = makes({"retention.ms": "1000"})
    for age_ms in (3000, 2000, 1001):
        made.append(age_ms)
    expire(made.store, CONFIG, NOW_MS)
    assert (made.log.start_offset, made.log.end_offset, made.log.size_bytes) == (3, 3, 0)
    assert made.store.memory_bytes == 0
    made.append(0)
    assert (made.log.start_offset, made.log.end_offset) == (3, 4)
    made.store.close()


def test_what_is_as_old_as_its_retention_stays(makes: Makes) -> None:
    made = makes({"retention.ms": "1000"})
    made.append(1000)
    expire(made.store, CONFIG, NOW_MS)
    assert (made.log.start_offset, made.log.end_offset) == (0, 1)
    expire(made.store, CONFIG, NOW_MS + 1)
    assert made.log.start_offset == 1
    made.store.close()


@pytest.mark.parametrize(
    ("configs", "is_kept"),
    [
        ({}, False),
        ({"retention.ms": "-1"}, True),
        ({"retention.ms": str(9 * DAY_MS)}, True),
        ({"cleanup.policy": "compact"}, True),
        ({"cleanup.policy": "compact,delete"}, False),
    ],
)
def test_a_week_unless_the_topic_says_otherwise(
    makes: Makes, configs: dict[str, str], is_kept: bool
) -> None:
    made = makes(configs)
    made.append(8 * DAY_MS)
    expire(made.store, CONFIG, NOW_MS)
    assert made.log.start_offset == (0 if is_kept else 1)
    made.store.close()


def test_log_retention_hours_is_the_default_of_topics(makes: Makes) -> None:
    made = makes({})
    made.append(2 * HOUR_MS)
    for hours, start in ((-1, 0), (3, 0), (1, 1)):
        expire(made.store, BrokerConfig(log_retention_hours=hours), NOW_MS)
        assert made.log.start_offset == start
    made.store.close()


def test_nothing_is_taken_out_of_the_middle(makes: Makes) -> None:
    made = makes({"retention.ms": "1000"})
    for age_ms in (500, 5000):
        made.append(age_ms)
    expire(made.store, CONFIG, NOW_MS)
    assert made.log.start_offset == 0
    made.store.close()


def test_in_memory_batches_go_one_by_one() -> None:
    made = Stored(MemoryStorage(), {"retention.ms": "1000"})
    for age_ms in (3000, 2000, 500, 100):
        made.append(age_ms)
    expire(made.store, CONFIG, NOW_MS)
    assert (made.log.start_offset, made.log.end_offset) == (2, 4)


def test_in_memory_what_has_no_time_stays() -> None:
    made = Stored(MemoryStorage(), {"retention.ms": "1000"})
    made.append(NOW_MS + 1)
    expire(made.store, CONFIG, NOW_MS)
    assert made.log.start_offset == 0


def test_in_files_whole_segments_go_and_the_active_one_with_the_rest_only(tmp_path: Path) -> None:
    made = Stored(DataDirectory(tmp_path), {"retention.ms": "1000", "segment.bytes": str(2**20)})
    half = 2**19
    for age_ms in (4000, 3000, 2000, 500):
        made.append(age_ms, size=half)
    assert len(segments(tmp_path / "orders-0")) == 4
    expire(made.store, CONFIG, NOW_MS)
    assert made.log.start_offset == 3
    made.append(400)
    expire(made.store, CONFIG, NOW_MS + 550)  # one of two batches of the active segment
    assert made.log.start_offset == 3
    expire(made.store, CONFIG, NOW_MS + 601)
    assert (made.log.start_offset, made.log.end_offset) == (5, 5)
    assert segments(tmp_path / "orders-0") == ["00000000000000000005.log"]
    made.store.close()
    again = TopicStore(CONFIG, uuid.uuid4, DataDirectory(tmp_path))
    log = again.log("orders", 0)
    assert log is not None
    assert (log.start_offset, log.end_offset) == (5, 5)
    again.close()


def test_in_files_the_files_time_counts_where_records_have_none(tmp_path: Path) -> None:
    made = Stored(DataDirectory(tmp_path), {"retention.ms": "1000"})
    made.append(NOW_MS + 1)
    (path,) = (tmp_path / "orders-0").glob("*.log")
    os.utime(path, (NOW_MS / 1000, NOW_MS / 1000))
    expire(made.store, CONFIG, NOW_MS + 1000)
    assert made.log.start_offset == 0
    expire(made.store, CONFIG, NOW_MS + 1001)
    assert made.log.start_offset == 1
    made.store.close()


def test_in_files_segment_ms_begins_a_new_segment(tmp_path: Path) -> None:
    made = Stored(DataDirectory(tmp_path), {"segment.ms": "1000"})
    for age_ms in (3000, 2000, 1999):
        made.append(age_ms)
    names = segments(tmp_path / "orders-0")
    assert names == [f"{offset:020d}.log" for offset in (0, 2)]
    made.store.close()


def test_a_producer_is_forgotten_a_day_after_its_last_batch(makes: Makes) -> None:
    made = makes({"retention.ms": "-1"})
    made.append(DAY_MS, producer_id=1)
    made.append(DAY_MS - 1, producer_id=2)
    expire(made.store, CONFIG, NOW_MS)
    assert list(made.log.producers._producers) == [2]
    expire(made.store, CONFIG, NOW_MS + 1)
    assert made.log.producers.memory_bytes == 0
    made.store.close()


def test_internal_topics_keep_what_they_have() -> None:
    internal = NewTopic(name="__consumer_offsets", num_partitions=50)
    store = TopicStore(CONFIG, uuid.uuid4, internal=[internal])
    topic = store.create(internal)
    log = topic.log(partition_of("g", 50))
    assert log is not None
    records = batch(b"x", timestamp=1000)
    store.append(topic, log, records, read_batch(records, max_bytes=1000))
    expire(store, CONFIG, NOW_MS)
    assert log.start_offset == 0


def test_a_topic_shows_the_brokers_hours_in_milliseconds() -> None:
    """As Apache Kafka 4.4.0 does: source DEFAULT (5), nothing behind it."""

    async def main() -> None:
        settings = {"log.retention.hours": "24"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            asked = {"resource_type": 2, "resource_name": "orders"}
            asked["configuration_keys"] = ["retention.ms"]
            body = {"resources": [asked], "include_synonyms": True}
            (config,) = (await client.ask("describe_configs", 4, body)).results[0].configs
            assert (config.value, config.config_source) == (str(DAY_MS), 5)
            assert config.synonyms == ()

    run(main())


def test_a_broker_looks_again_and_again() -> None:
    async def main() -> None:
        settings = {"log.retention.check.interval.ms": "1", "log.retention.hours": "1"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            await create_topic(client, "orders")
            log = broker._running().topics.log("orders", 0)
            assert log is not None
            for expected in (1, 2):
                await produce(client, "orders", batch(b"old", timestamp=1000))
                await until(lambda expected=expected: log.start_offset == expected)  # type: ignore[misc]
            await produce(client, "orders", batch(b"new", timestamp=int(time.time() * 1000)))
            assert await _start(client) == 2

    run(main())
