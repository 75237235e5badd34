"""Produce: what is taken and what is refused, on the embedded broker and on Apache Kafka alike."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.record.util import calc_crc32c

from rebalance.broker import EmbeddedBroker
from tests.broker.batch_maker import batch, values
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import KafkaBroker

TIME = int(time.time() * 1000)
"""Now: what is a week old, Kafka's retention takes away whenever it looks, with who wrote it."""
GOOD = batch(b"a", b"b", timestamp=TIME)


def request(topic: str, records: bytes | None, *, partition: int = 0, acks: int = -1) -> Any:
    data = [{"index": partition, "records": records}]
    return {
        "acks": acks,
        "timeout": 10_000,
        "topic_data": [{"name": topic, "partition_data": data}],
    }


async def produce(
    client: RawConnection, topic: str, records: bytes | None, version: int = 9, **more: Any
) -> Any:
    answer = await client.ask("produce", version, request(topic, records, **more))
    (entry,) = answer.responses
    (part,) = entry.partition_responses
    return part


def _signed(records: bytes, at: int, layout: str, value: int) -> bytes:
    """The batch with one header field changed, and a CRC that is right again."""
    changed = bytearray(records)
    struct.pack_into(layout, changed, at, value)
    struct.pack_into(">I", changed, 17, calc_crc32c(bytes(changed[21:])))
    return bytes(changed)


def _flipped(records: bytes, at: int) -> bytes:
    changed = bytearray(records)
    changed[at] ^= 1
    return bytes(changed)


CORRUPT, TOO_LARGE, INVALID = 2, 10, 87
REFUSED = [
    ("crc", _flipped(GOOD, -1), CORRUPT),
    ("crc field", _flipped(GOOD, 18), CORRUPT),
    ("magic 1", GOOD[:16] + b"\x01" + GOOD[17:], INVALID),
    ("nothing", b"", INVALID),
    ("half a header", GOOD[:30], INVALID),
    ("cut", GOOD[:-3], INVALID),
    ("zeros", bytes(70), CORRUPT),
    ("negative length", GOOD[:8] + struct.pack(">i", -1) + GOOD[12:], CORRUPT),
    ("two batches", GOOD + GOOD, INVALID),
    ("control batch", _signed(GOOD, 21, ">h", 0x20), INVALID),
    ("count differs from offsets", _signed(GOOD, 23, ">i", 7), INVALID),
    ("no records", _signed(_signed(GOOD, 57, ">i", 0), 23, ">i", -1), INVALID),
    (
        "producer id without sequence",
        batch(b"x", producer_id=5, epoch=0, sequence=-1, timestamp=TIME),
        INVALID,
    ),
    ("too large", batch(bytes(1_100_000), timestamp=TIME), TOO_LARGE),
]


@pytest.mark.parametrize(("records", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
async def test_a_batch_is_refused_with_kafkas_code(
    records: bytes, code: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        refused = await produce(client, topic, records)
        assert (refused.error_code.value, refused.base_offset) == (code, -1)
        taken = await produce(client, topic, GOOD)
        assert (taken.error_code.value, taken.base_offset) == (0, 0)


async def test_bytes_after_the_batch_are_dropped(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        assert (await produce(client, topic, GOOD + b"\0\0")).error_code.value == 0
        assert (await produce(client, topic, GOOD + GOOD[:40])).base_offset == 2


@pytest.mark.parametrize(
    ("more", "code"),
    [({"partition": 9}, 3), ({"partition": -1}, 3), ({"acks": 7}, 21), ({"acks": -2}, 21)],
)
async def test_a_partition_or_acks_that_do_not_exist(
    more: dict[str, int], code: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        assert (await produce(client, topic, GOOD, **more)).error_code.value == code


async def test_nobody_appends_to_an_internal_topic(kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        while (await client.ask("find_coordinator", 3, {"key": "g"})).error_code.value:
            pass
        for version in range(3, 13):
            refused = await produce(client, "__consumer_offsets", GOOD, version)
            assert (refused.error_code.value, refused.base_offset) == (17, -1)


async def test_produce_creates_no_topic(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        assert (await produce(client, unique("missing"), GOOD)).error_code.value == 3


async def test_zstandard_needs_version_7(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        zstd = _signed(GOOD, 21, ">h", 4)
        assert (await produce(client, topic, zstd, version=6)).error_code.value == 76
        if kafka_broker.kind == "embedded":  # Apache Kafka would open the batch, and it is no zstd
            assert (await produce(client, topic, zstd, version=7)).error_code.value == 0


async def test_a_transactional_batch_without_a_transactional_id(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        records = batch(
            b"x", producer_id=5, epoch=0, sequence=0, transactional=True, timestamp=TIME
        )
        assert (await produce(client, topic, records)).error_code.value == 53


def test_records_in_a_transaction_are_not_served_and_that_is_said() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            records = batch(b"x", producer_id=5, epoch=0, sequence=0, transactional=True)
            asked = {**request("orders", records), "transactional_id": "mine"}
            answer = await client.ask("produce", 9, asked)
            part = answer.responses[0].partition_responses[0]
            assert part.error_code.value == 53  # TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            assert part.error_message == "Records in a transaction are not served."

    run(main())


SEQUENCES = [
    # (what, epoch, first sequence, records, error, base offset)
    ("first", 0, 0, 2, 0, 0),
    ("the same again", 0, 0, 2, 0, 0),
    ("next", 0, 2, 1, 0, 2),
    ("gap", 0, 9, 1, 45, -1),
    ("3", 0, 3, 1, 0, 3),
    ("4", 0, 4, 1, 0, 4),
    ("5", 0, 5, 1, 0, 5),
    ("6", 0, 6, 1, 0, 6),
    ("7", 0, 7, 1, 0, 7),
    ("one of the last five again", 0, 3, 1, 0, 3),
    ("older than the last five", 0, 2, 1, 45, -1),
    ("overlaps", 0, 6, 2, 45, -1),
    ("new epoch, not from 0", 1, 5, 1, 45, -1),
    ("new epoch", 1, 0, 1, 0, 8),
    ("old epoch", 0, 8, 1, 47, -1),
]


async def test_an_idempotent_producer_writes_each_sequence_once(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        asked = {"transactional_id": None, "transaction_timeout": 1000}
        producer_id = (await client.ask("init_producer_id", 4, asked)).producer_id
        for what, epoch, sequence, count, code, offset in SEQUENCES:
            records = batch(
                *[b"v"] * count,
                producer_id=producer_id,
                epoch=epoch,
                sequence=sequence,
                timestamp=TIME,
            )
            part = await produce(client, topic, records)
            assert (part.error_code.value, part.base_offset) == (code, offset), what


async def test_a_sequence_wraps_after_the_largest_int(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        for offset, sequence in enumerate((2**31 - 2, 2**31 - 1, 0, 1)):
            records = batch(b"v", producer_id=77, epoch=0, sequence=sequence, timestamp=TIME)
            part = await produce(client, topic, records)
            assert (part.error_code.value, part.base_offset) == (0, offset)


def test_with_acks_0_nothing_is_answered_and_an_error_closes() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            client.send("produce", 9, request("orders", GOOD, acks=0), answered=False)
            # The next answer on this connection is the next request's.
            answer = await client.ask("metadata", 1, {"topics": [{"name": "orders"}]})
            assert answer.topics[0].name == "orders"
            client.send("produce", 9, request("missing", GOOD, acks=0), answered=False)
            assert await client.is_closed_by_peer()

    run(main())


@pytest.mark.parametrize("gzip", [False, True])
def test_batches_stay_opaque_and_get_offset_and_epoch_only(gzip: bool) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            sent = batch(b"a", b"b", b"c", gzip=gzip)
            await produce(client, "orders", sent)
            await produce(client, "orders", sent)
            answer = await client.ask("fetch", 11, _fetch("orders"))
            records = answer.responses[0].partitions[0].records
            assert values(records) == [(i, v) for i, v in enumerate([b"a", b"b", b"c"] * 2)]
            second = records[len(sent) :]
            assert second[:8] == struct.pack(">q", 3)
            assert second[8:12] == sent[8:12]
            assert second[12:16] == struct.pack(">i", 0)
            assert second[16:] == sent[16:]

    run(main())


def _fetch(topic: str) -> dict[str, Any]:
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 100_000}
    return {
        "replica_id": -1,
        "max_wait": 0,
        "min_bytes": 1,
        "max_bytes": 100_000,
        "topics": [{"topic": topic, "partitions": [part]}],
    }


def test_many_producers_at_once_get_dense_offsets() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            broker.create_topic("orders", 1)

            async def one() -> list[int]:
                async with connected(broker) as client:
                    parts = [await produce(client, "orders", GOOD) for _ in range(10)]
                    return [part.base_offset for part in parts]

            offsets = await asyncio.gather(*(one() for _ in range(10)))
            assert all(mine == sorted(mine) for mine in offsets)
            assert sorted(offset for mine in offsets for offset in mine) == list(range(0, 200, 2))

    run(main())
