"""Seeking, and what a consumer may ask of its cluster: as with aiokafka's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from rebalance.testing import SimulatedConsumer, simulate

P0, P1 = TopicPartition("orders", 0), TopicPartition("orders", 1)
ALONE = "start A\nrun for 10s"


def test_seek_to_beginning_and_end() -> None:
    seen: list[Any] = []

    async def code(consumer: SimulatedConsumer) -> None:
        with pytest.raises(AssertionError, match="No partitions are currently assigned"):
            await consumer.seek_to_end()
        await consumer.getone()
        await asyncio.sleep(2)
        ends = await consumer.end_offsets([P0, P1])
        seen.append(await consumer.seek_to_end())
        seen.append({p: await consumer.position(p) for p in (P0, P1)} == ends)
        seen.append(await consumer.seek_to_beginning(P1))
        seen.append((await consumer.position(P0) > 15, await consumer.position(P1)))
        seen.append(await consumer.seek_to_beginning())
        seen.append((await consumer.position(P0), await consumer.position(P1)))
        for seek in (consumer.seek_to_beginning, consumer.seek_to_end):
            with pytest.raises(
                IllegalStateError, match=r"Partitions \{orders-7\} are not assigned"
            ):
                await seek(("orders", 7))
        async for _ in consumer:
            continue

    simulate(code, scenario=ALONE, members=1, topics={"orders": 2}).check()
    assert seen == [True, True, True, (True, 0), True, (0, 0)]


def test_i06_who_goes_to_the_end_leaves_records_out() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        await consumer.getone(P0)
        await asyncio.sleep(2)
        await consumer.seek_to_end(P0)
        async for _ in consumer:
            continue

    result = simulate(code, scenario=ALONE, members=1, topics={"orders": 1})
    assert [finding.kind for finding in result.findings] == ["gap"]


def test_topics_and_their_partitions() -> None:
    seen: list[Any] = []

    async def code(consumer: SimulatedConsumer) -> None:
        seen.append(list(await consumer.topics()))
        for topic in ("orders", "parcels", "nowhere"):
            seen.append(consumer.partitions_for_topic(topic))
        async for _ in consumer:
            continue

    topics = {"parcels": 3, "orders": 1}
    simulate(code, scenario=ALONE, members=1, topics=topics).check()
    assert seen == [["orders", "parcels"], {0}, {0, 1, 2}, None]
