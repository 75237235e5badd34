"""Fetch: waiting, limits and refusals, on the embedded broker and on Apache Kafka alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.handlers import fetch as fetch_handler
from tests.broker.batch_maker import batch, values
from tests.broker.handlers.test_produce import TIME, produce
from tests.broker.raw import RawConnection, connected, create_topic, run, until
from tests.support.brokers import KafkaBroker

HOUR_MS = 3_600_000


def request(topic: str, offset: int = 0, **more: Any) -> dict[str, Any]:
    part = {
        "partition": more.pop("partition", 0),
        "fetch_offset": offset,
        "partition_max_bytes": more.pop("partition_max_bytes", 100_000),
        "current_leader_epoch": more.pop("current_leader_epoch", -1),
        "last_fetched_epoch": more.pop("last_fetched_epoch", -1),
    }
    return {
        "replica_id": -1,
        "max_wait": 0,
        "min_bytes": 1,
        "max_bytes": 100_000,
        "session_epoch": -1,
        "topics": [{"topic": topic, "topic_id": more.pop("topic_id", None), "partitions": [part]}],
        **more,
    }


async def fetch(client: RawConnection, topic: str, offset: int = 0, **more: Any) -> Any:
    answer = await client.ask("fetch", 12, request(topic, offset, **more))
    assert answer.error_code.value == 0
    (entry,) = answer.responses
    (part,) = entry.partitions
    return part


def one(value: bytes) -> bytes:
    return batch(value, timestamp=TIME)


@pytest.mark.parametrize(
    ("offset", "more", "code"),
    [
        (0, {}, 0),
        (3, {}, 0),
        (4, {}, 1),
        (-1, {}, 1),
        (0, {"partition": 9}, 3),
        (0, {"current_leader_epoch": 5}, 75),
        (0, {"current_leader_epoch": 0}, 0),
        (0, {"last_fetched_epoch": 7}, 1),
    ],
)
async def test_errors_of_a_partition(
    offset: int,
    more: dict[str, Any],
    code: int,
    kafka_broker: KafkaBroker,
    unique: Callable[[str], str],
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        await produce(client, topic, batch(b"a", b"b", b"c", timestamp=TIME))
        part = await fetch(client, topic, offset, **more)
        assert part.error_code.value == code
        known = (3, 3, 0) if code == 0 else (-1, -1, -1)
        assert (part.high_watermark, part.last_stable_offset, part.log_start_offset) == known


async def test_topics_that_do_not_exist(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        assert (await fetch(client, unique("missing"))).error_code.value == 3
        answer = await client.ask("fetch", 13, request("", topic_id=UUID(int=42)))
        assert answer.responses[0].partitions[0].error_code.value == 100


async def test_limits_count_whole_batches_and_the_first_always_comes(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        size = len(one(b"a"))
        for value in (b"a", b"b", b"c"):
            await produce(client, topic, one(value))
        cases: list[tuple[int, dict[str, Any], list[bytes]]] = [
            (0, {"max_bytes": 1}, [b"a"]),
            (0, {"partition_max_bytes": 1}, [b"a"]),
            (0, {"max_bytes": 0}, [b"a"]),
            (1, {"max_bytes": 1}, [b"b"]),
            (0, {}, [b"a", b"b", b"c"]),
            (3, {}, []),
        ]
        for offset, more, expected in cases:
            part = await fetch(client, topic, offset, **more)
            assert [value for _, value in values(part.records)] == expected, more
        # Where a limit falls inside a batch Kafka may send a part of it; we never do.
        if kafka_broker.kind == "embedded":
            part = await fetch(client, topic, max_bytes=2 * size + 1)
            assert [value for _, value in values(part.records)] == [b"a", b"b"]


async def test_an_offset_inside_a_batch_gets_the_whole_batch(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        await produce(client, topic, batch(b"a", b"b", b"c", timestamp=TIME))
        part = await fetch(client, topic, 2)
        assert values(part.records) == [(0, b"a"), (1, b"b"), (2, b"c")]


async def test_isolation_decides_whether_aborted_transactions_are_listed(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        assert (await fetch(client, topic, isolation_level=0)).aborted_transactions is None
        assert (await fetch(client, topic, isolation_level=1)).aborted_transactions == ()


async def test_an_unknown_session_is_refused(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        answer = await client.ask("fetch", 12, request(topic, session_id=5, session_epoch=3))
        assert (answer.error_code.value, answer.responses) == (70, ())
        closing = await client.ask("fetch", 12, request(topic, session_id=5, session_epoch=-1))
        assert (closing.error_code.value, closing.session_id) == (0, 0)


async def test_a_fetch_waits_until_something_is_produced(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    """`max_wait` is an hour: only the append can end the wait within the test's deadline."""
    topic = unique("topic")
    async with connected(kafka_broker) as waiting, connected(kafka_broker) as producing:
        await create_topic(producing, topic)
        waiting.send("fetch", 12, request(topic, max_wait=HOUR_MS))
        await produce(producing, topic, one(b"a"))
        answer = await waiting.receive("fetch", 12)
        assert values(answer.responses[0].partitions[0].records) == [(0, b"a")]


async def test_a_fetch_waits_for_min_bytes(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as waiting, connected(kafka_broker) as producing:
        await create_topic(producing, topic)
        min_bytes = 3 * len(one(b"a"))
        waiting.send("fetch", 12, request(topic, max_wait=HOUR_MS, min_bytes=min_bytes))
        for value in (b"a", b"b", b"c"):
            await produce(producing, topic, one(value))
        answer = await waiting.receive("fetch", 12)
        assert len(values(answer.responses[0].partitions[0].records)) == 3


async def test_a_fetch_with_nothing_new_ends_after_max_wait(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        assert (await fetch(client, topic, max_wait=20)).records == b""


def test_a_waiting_fetch_leaves_no_listener_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            logs: list[Any] = []
            wanted = fetch_handler._wanted

            def spy(*arguments: Any) -> Any:
                part = wanted(*arguments)
                logs.append(part.log)
                return part

            monkeypatch.setattr(fetch_handler, "_wanted", spy)
            await fetch(client, "orders", max_wait=5)
            assert [log._listeners for log in logs] == [{}]

    run(main())


def test_a_deleted_topic_wakes_those_who_wait_for_it() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            broker.create_topic("orders", 1)
            async with connected(broker) as waiting, connected(broker) as deleting:
                waiting.send("fetch", 12, request("orders", max_wait=HOUR_MS))
                await _until_wait(broker, 1)
                await deleting.ask("delete_topics", 1, {"topic_names": ["orders"], "timeout": 0})
                answer = await waiting.receive("fetch", 12)
                assert answer.responses[0].partitions[0].error_code.value == 3

    run(main())


async def _until_wait(broker: EmbeddedBroker, fetches: int) -> None:
    """Until so many fetches wait for "orders"; else nothing would have to wake them."""
    log = broker._running().topics.log("orders", 0)
    assert log is not None
    await until(lambda: len(log._listeners) >= fetches)


def test_what_retention_dropped_is_out_of_range() -> None:
    async def main() -> None:
        size = len(one(b"a"))
        settings = {"log.retention.bytes": str(2 * size)}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            for value in (b"a", b"b", b"c", b"d"):
                await produce(client, "orders", one(value))
            assert (await fetch(client, "orders", 1)).error_code.value == 1
            part = await fetch(client, "orders", 2)
            assert values(part.records) == [(2, b"c"), (3, b"d")]
            assert (part.log_start_offset, part.high_watermark) == (2, 4)

    run(main())


def test_a_hundred_waiting_clients_all_wake() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            broker.create_topic("orders", 1)

            async def wait() -> int:
                async with connected(broker) as client:
                    part = await fetch(client, "orders", max_wait=HOUR_MS)
                    return len(values(part.records))

            async with connected(broker) as producing:
                waiting = [asyncio.create_task(wait()) for _ in range(100)]
                await _until_wait(broker, 100)
                await produce(producing, "orders", one(b"a"))
                assert await asyncio.gather(*waiting) == [1] * 100

    run(main())
