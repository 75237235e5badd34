"""ListOffsets: times that are questions, and times that are times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.broker.batch_maker import batch
from tests.broker.handlers.test_produce import TIME, produce
from tests.broker.raw import RawConnection, connected, create_topic
from tests.support.brokers import KafkaBroker


async def look_up(
    client: RawConnection, topic: str, timestamp: int, version: int = 11, **more: Any
) -> Any:
    part = {"partition_index": 0, "timestamp": timestamp, **more}
    asked = {"replica_id": -1, "topics": [{"name": topic, "partitions": [part]}]}
    answer = await client.ask("list_offsets", version, asked)
    (entry,) = answer.topics
    (found,) = entry.partitions
    return found


@pytest.mark.parametrize("gzip", [False, True])
async def test_by_time(gzip: bool, kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        await produce(client, topic, batch(b"a", b"b", timestamp=TIME, gzip=gzip))
        await produce(client, topic, batch(b"c", b"d", timestamp=TIME + 100, gzip=gzip))
        for timestamp, expected in (
            (0, (0, TIME)),
            (TIME, (0, TIME)),
            (TIME + 1, (1, TIME + 1)),
            (TIME + 2, (2, TIME + 100)),
            (TIME + 101, (3, TIME + 101)),
            (TIME + 102, (-1, -1)),
            (-1, (4, -1)),
            (-2, (0, -1)),
            (-3, (3, TIME + 101)),
            (-4, (0, -1)),
            (-5, (-1, -1)),
            (-6, (-1, -1)),
        ):
            found = await look_up(client, topic, timestamp)
            assert (found.offset, found.timestamp) == expected, timestamp
            assert found.error_code.value == 0
            assert found.leader_epoch == (-1 if found.offset < 0 else 0)


@pytest.mark.parametrize(
    ("timestamp", "since"), [(-3, 7), (-4, 8), (-5, 9), (-6, 11), (-7, 12), (-1, 1), (-2, 1)]
)
async def test_a_question_is_refused_below_its_version(
    timestamp: int, since: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        for version in range(1, 12):
            found = await look_up(client, topic, timestamp, version)
            assert found.error_code.value == (0 if version >= since else 35)


async def test_an_empty_partition(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        for timestamp, offset in ((-1, 0), (-2, 0), (-3, -1), (0, -1)):
            assert (await look_up(client, topic, timestamp)).offset == offset


async def test_refusals(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        assert (await look_up(client, topic, -1, partition_index=9)).error_code.value == 3
        assert (await look_up(client, unique("missing"), -1)).error_code.value == 3
        newer = await look_up(client, topic, -1, current_leader_epoch=5)
        assert (newer.error_code.value, newer.offset) == (75, -1)


async def test_a_partition_asked_twice_is_refused_once(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic, 2)
        parts = [{"partition_index": index, "timestamp": -1} for index in (0, 0, 1)]
        asked = {"replica_id": -1, "topics": [{"name": topic, "partitions": parts}]}
        (entry,) = (await client.ask("list_offsets", 8, asked)).topics
        assert {p.partition_index: p.error_code.value for p in entry.partitions} == {0: 42, 1: 0}
