"""aiokafka's consumer with its own assignor; eager, which is all it speaks."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from rebalance.cli.demonstration.process import stop_consumer
from tests.judges.members import speech


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Tells what it is told."""

    def on_partitions_revoked(self, revoked: Any) -> None:
        speech.tell_partitions("revoked", revoked)

    def on_partitions_assigned(self, assigned: Any) -> None:
        speech.tell_partitions("assigned", assigned)


async def main() -> None:
    """Live until told to close."""
    wanted = speech.wanted()
    found = speech.commands()
    assert wanted.assignor == RangePartitionAssignor.name
    consumer = AIOKafkaConsumer(
        bootstrap_servers=wanted.servers,
        group_id=wanted.group_id,
        client_id=wanted.member,
        group_instance_id=wanted.instance_id,
        partition_assignment_strategy=[RangePartitionAssignor],
        session_timeout_ms=wanted.session_timeout_ms,
        heartbeat_interval_ms=speech.HEARTBEAT_MS,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    consumer.subscribe(wanted.topics, listener=Listener())
    speech.tell("started")
    await consumer.start()
    while (command := speech.next_command(found)) != speech.CLOSE:
        if command == speech.COMMIT:
            await consumer.commit()
            speech.tell("done", command=command)
        polled = await consumer.getmany(timeout_ms=speech.POLL_MS)
        speech.tell_read(
            (each.topic, each.partition, each.offset) for some in polled.values() for each in some
        )
    # aiokafka tells no listener of its end: what it owns ends before it leaves.
    speech.tell_partitions("revoked", consumer.assignment())
    await stop_consumer(consumer)
    speech.tell("closed")


if __name__ == "__main__":
    asyncio.run(main())
