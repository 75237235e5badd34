"""Your own assignor in a real aiokafka consumer.

    python custom_assignor.py                                # starts a broker in this process
    python custom_assignor.py localhost:9092 orders payments  # your broker, your (small) topics

`WholeTopics` is all there is to an assignor: a name and `assign`. Here two consumers share the
topics, each topic whole with one of them, and read one message of everything they were given.
"""

import asyncio
import sys
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from assignors import ClusterMetadata, Subscription
from rebalance.broker import EmbeddedBroker
from rebalance.clients.aiokafka import strategy


class WholeTopics:
    """A topic goes to one member as a whole: to the least loaded, of these to who had it."""

    name = "whole-topics"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> dict[str, list[tuple[str, int]]]:
        plan: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
        for topic, partitions in cluster.partitions.items():
            subscribers = [each for each in members if topic in members[each].topics]
            ranked = sorted(
                (len(plan[each]), topic not in members[each].owned.topics, each)
                for each in subscribers
            )
            if ranked:
                plan[ranked[0][-1]] += [(topic, partition) for partition in range(partitions)]
        return plan


async def consumer(bootstrap_servers: str, topics: list[str]) -> AIOKafkaConsumer:
    """A consumer in the group. Each consumer needs a strategy of its own, bound before start()."""
    mine = strategy(WholeTopics())
    made = mine.bind(
        AIOKafkaConsumer(
            *topics,
            bootstrap_servers=bootstrap_servers,
            group_id="whole-topics-example",
            partition_assignment_strategy=[mine],
            auto_offset_reset="earliest",
            heartbeat_interval_ms=500,
        )
    )
    try:
        await made.start()
    except BaseException:
        await made.stop()
        raise
    return made


async def produce(bootstrap_servers: str, topics: list[str]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        for topic in topics:
            await producer.send_and_wait(topic, f"hello from {topic}".encode())


async def main(bootstrap_servers: str, topics: list[str]) -> None:
    a = await consumer(bootstrap_servers, topics)
    b = await consumer(bootstrap_servers, topics)
    try:
        await produce(bootstrap_servers, topics)
        waiting = set(topics)
        while waiting:
            for name, each in {"A": a, "B": b}.items():
                for tp, records in (await each.getmany(timeout_ms=100)).items():
                    print(f"{name} reads {tp.topic}: {records[-1].value.decode()}")
                    waiting.discard(tp.topic)
        for name, each in {"A": a, "B": b}.items():
            print(name, "has", ", ".join(sorted({tp.topic for tp in each.assignment()})))
    finally:
        await a.stop()
        await b.stop()


async def main_with_a_broker_of_its_own() -> None:
    async with EmbeddedBroker(settings={"group.initial.rebalance.delay.ms": "0"}) as broker:
        for topic in ("orders", "payments"):
            broker.create_topic(topic, 3)
        await main(broker.bootstrap_servers, ["orders", "payments"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1], sys.argv[2:] or ["orders", "payments"]))
    else:
        asyncio.run(main_with_a_broker_of_its_own())
