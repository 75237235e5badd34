"""Code of users that several tests run, and stories for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from rebalance.testing import SimulatedConsumer, SimulationResult

HAND_OVER = """
start A
run for 5s
start B
run for 10s
"""


async def plain(consumer: SimulatedConsumer) -> None:
    """At least once: process, then commit."""
    async for record in consumer:
        await asyncio.sleep(0.002)
        try:
            await consumer.commit({(record.topic, record.partition): record.offset + 1})
        except KafkaError:
            continue


class Quiet:
    """A listener that does nothing."""

    def __init__(self, consumer: SimulatedConsumer) -> None:
        self.consumer = consumer

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> Any:
        """Nothing."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> Any:
        """Nothing."""


def kinds(result: SimulationResult) -> list[str]:
    """What was found, each kind once."""
    return list(dict.fromkeys(finding.kind for finding in result.findings))


async def background(consumer: SimulatedConsumer, sink: Any) -> None:
    """Takes 200 ms for a record, beside its reading, whatever becomes of the partition."""

    async def work(records: list[Any]) -> None:
        for record in records:
            await asyncio.sleep(0.2)
            sink(record)

    running = set()
    while True:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            running.add(asyncio.create_task(work(records)))
