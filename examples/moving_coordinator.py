"""A group outlives its coordinator: a test of what happens when a node of the cluster goes away.

    python moving_coordinator.py

Three nodes in this process, two consumers, no Java and no Docker. The group's coordinator moves,
takes its time to load, and then its node stops; the consumers find the next one by themselves, stay
in the generation that they have, and read every record once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rebalance.broker import EmbeddedBroker

GROUP, TOPIC, PARTITIONS = "orders-group", "orders", 6


@asynccontextmanager
async def consuming(broker: EmbeddedBroker, read: list[bytes]) -> AsyncIterator[None]:
    """A member of the group that commits what it has read."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=broker.bootstrap_servers,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
    )

    async def consume() -> None:
        async for record in consumer:
            read.append(record.value or b"")
            await consumer.commit()

    await consumer.start()
    task = asyncio.create_task(consume())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await consumer.stop()


async def main() -> None:
    read: list[bytes] = []
    settings = {"group.initial.rebalance.delay.ms": "0"}
    async with EmbeddedBroker(settings, nodes=3) as broker:
        broker.create_topic(TOPIC, PARTITIONS)
        async with (
            AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer,
            consuming(broker, read),
            consuming(broker, read),
        ):
            sent = 0

            async def send() -> None:
                """A record to each partition, and all of them read."""
                nonlocal sent
                for partition in range(PARTITIONS):
                    await producer.send_and_wait(TOPIC, b"%d" % sent, partition=partition)
                    sent += 1
                while len(read) < sent:  # noqa: ASYNC110  # aiokafka has no event for it
                    await asyncio.sleep(0.01)

            async def tell(what: str) -> None:
                await send()
                group = broker.group(GROUP)
                assert group is not None
                node = broker.coordinator_of(GROUP)
                print(f"{what}: node {node}, generation {group.generation_id}, {len(read)} read")

            await tell("at rest")
            await broker.move_coordinator(GROUP, loading_ms=300)
            await tell("coordinator moved")
            coordinator = broker.coordinator_of(GROUP)
            assert coordinator is not None
            await broker.stop_node(coordinator)
            await tell("its node stopped")
            await broker.start_node(coordinator)
            await broker.elect_preferred_leaders()
            await tell("it came back")
            with broker.hold_loading(GROUP):
                print("held in loading: members are told COORDINATOR_LOAD_IN_PROGRESS")
            await tell("released")
        assert sorted(map(int, read)) == list(range(sent)), "every record once"


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every node it lost
    asyncio.run(main())
