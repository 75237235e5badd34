"""Partitions weighed by their lag: those that are far behind are spread over the members.

    python lag_weighted.py                          # starts a broker in this process
    python lag_weighted.py localhost:9092 GROUP TOPIC  # your broker, group and (small) topic

An assignor must not wait for a broker while everybody waits for the assignor. So each member
measures in the background, end offsets minus committed offsets, and whoever leads takes the last
measurement, with its age: lag that is missing or too old counts as the median.
"""

import asyncio
import sys
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from assignors.optimized import LiveLags, Objective, OptimizedAssignor
from rebalance.broker import EmbeddedBroker
from rebalance.clients.aiokafka import strategy
from rebalance.clients.lag import LagReader, lags_of

REFRESH_S = 5.0
RECORDS = [300, 300, 300, 10, 10, 10, 300, 10]
"""What is produced to each partition of the broker of our own: four are far behind."""


class Member:
    """A consumer of the group, and the task that measures for it."""

    def __init__(self, bootstrap_servers: str, group_id: str, topic: str) -> None:
        self._group_id = group_id
        self._topic = topic
        self._lag = LagReader()
        weights = LiveLags(self._lag.read, max_age_ms=60_000)
        by_lag = strategy(OptimizedAssignor(objective=Objective(weights=weights)))
        self.consumer = by_lag.bind(
            AIOKafkaConsumer(
                topic,
                bootstrap_servers=bootstrap_servers,
                group_id=group_id,
                partition_assignment_strategy=[by_lag],
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                heartbeat_interval_ms=500,
                session_timeout_ms=45_000,  # as Kafka's own; an assignor has a third of it
            )
        )
        # A consumer's own connections may be busy with a rebalance: measuring has its own.
        self._observer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)

    async def run(self, stack: AsyncExitStack) -> None:
        """Measure once, join, and go on measuring until the stack is left."""
        for each in (self._observer, self._admin):
            await each.start()
            stack.push_async_callback(each.close if each is self._admin else each.stop)
        await self.measure()
        refreshing = asyncio.create_task(self._refresh())
        stack.callback(refreshing.cancel)
        stack.push_async_callback(self.consumer.stop)
        await self.consumer.start()

    async def measure(self) -> None:
        """What is still to be read of each partition, as of now."""
        (described,) = await self._admin.describe_topics([self._topic])
        partitions = [
            TopicPartition(self._topic, each["partition"]) for each in described["partitions"]
        ]
        ends = await self._observer.end_offsets(partitions)
        committed = await self._admin.list_consumer_group_offsets(self._group_id)
        self._lag.measured(
            lags_of(
                {(each.topic, each.partition): end for each, end in ends.items()},
                {(each.topic, each.partition): at.offset for each, at in committed.items()},
            )
        )

    def behind(self) -> int:
        """Records that this member has before it, as it measured last."""
        lags = self._lag.read()
        assert lags is not None
        known = lags.by_topic[self._topic]
        return int(sum(known[each.partition] or 0 for each in self.consumer.assignment()))

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.measure()
            except Exception as error:  # the last measurement ages meanwhile
                print("lag could not be measured:", error, file=sys.stderr)


async def produce(bootstrap_servers: str, topic: str, records: list[int]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        for partition, count in enumerate(records):
            sent = [await producer.send(topic, b"x", partition=partition) for _ in range(count)]
            await asyncio.gather(*sent)


async def main(bootstrap_servers: str, group_id: str, topic: str) -> None:
    async with AsyncExitStack() as stack:
        members = {name: Member(bootstrap_servers, group_id, topic) for name in "AB"}
        for member in members.values():
            await member.run(stack)
        a, b = (member.consumer for member in members.values())
        # Until the second has joined, and the first again; aiokafka has no event for it.
        while not a.assignment() or not b.assignment() or a.assignment() & b.assignment():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for name, member in members.items():
            ids = sorted(each.partition for each in member.consumer.assignment())
            print(f"{name} has {ids}: {member.behind()} records behind")


async def main_with_a_broker_of_its_own() -> None:
    async with EmbeddedBroker(settings={"group.initial.rebalance.delay.ms": "0"}) as broker:
        broker.create_topic("orders", len(RECORDS))
        await produce(broker.bootstrap_servers, "orders", RECORDS)
        await main(broker.bootstrap_servers, "lag-weighted-example", "orders")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(*sys.argv[1:4]))
    else:
        asyncio.run(main_with_a_broker_of_its_own())
