"""A consumer that writes in the background, under rebalances that take no time.

    python listener_bug.py

The service puts each partition's records into a queue of its own; a task per partition writes them
to a database and remembers how far it came. When partitions are revoked, what is in the queues has
to be written and committed *before* the listener returns: afterwards somebody else owns them. The
careless listener starts that work and does not wait for it, one `await` short of right. Most of the
time nothing happens.

`simulate` runs the service in consumers of a simulated group, seed after seed, with deploys,
pauses, crashes and lost connections, and keeps account of every record. What it finds it makes
small.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from rebalance.testing import simulate

Written = Callable[[Any], None]


class Service:
    """Writes the records of each partition in order, in the background."""

    def __init__(self, consumer: Any, written: Written) -> None:
        self.consumer = consumer
        self.written = written
        self.queues: dict[TopicPartition, asyncio.Queue[Any]] = {}
        self.writers: dict[TopicPartition, asyncio.Task[None]] = {}
        self.done: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read for ever; commit now and then what is written."""
        async for record in self.consumer:
            partition = TopicPartition(record.topic, record.partition)
            if partition not in self.queues:
                self.queues[partition] = asyncio.Queue()
                self.writers[partition] = asyncio.create_task(self.write(partition))
            await self.queues[partition].put(record)
            if record.offset % 10 == 9:
                await self.commit(self.done)

    async def write(self, partition: TopicPartition) -> None:
        """One record after another; the database takes 30 ms."""
        while True:
            record = await self.queues[partition].get()
            await asyncio.sleep(0.03)
            self.written(record)
            self.done[partition] = record.offset + 1
            self.queues[partition].task_done()

    async def drain(self, partitions: Iterable[TopicPartition]) -> None:
        """Write what waits, then commit it."""
        mine = [partition for partition in partitions if partition in self.queues]
        for partition in mine:
            await self.queues[partition].join()
        await self.commit({p: self.done[p] for p in mine if p in self.done})
        self.drop(mine)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """If a rebalance came in between, the next owner does it again."""
        with suppress(KafkaError):
            await self.consumer.commit(dict(offsets))

    def drop(self, partitions: Iterable[TopicPartition]) -> None:
        """Write nothing more of these."""
        for partition in partitions:
            if partition in self.writers:
                self.writers.pop(partition).cancel()
            self.queues.pop(partition, None)
            self.done.pop(partition, None)


class Careless(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Starts to drain, and returns."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.draining: set[asyncio.Task[None]] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.draining.add(asyncio.create_task(self.service.drain(revoked)))

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing to prepare."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.service.drop(lost)


class Careful(Careless):
    """Returns when it is done."""

    async def on_partitions_revoked(  # type: ignore[override]
        self, revoked: Iterable[TopicPartition]
    ) -> None:
        await self.service.drain(revoked)


def service_with(listener: Callable[[Service], Any]) -> Callable[..., Any]:
    """The application, as it would be run with a real consumer."""

    async def application(consumer: Any, written: Written) -> None:
        service = Service(consumer, written)
        consumer.subscribe(["orders"], listener=listener(service))
        await service.run()

    return application


def main() -> None:
    print("careless:", simulate(service_with(Careless), seeds=10).page())
    print()
    print("careful:", simulate(service_with(Careful), seeds=10).page())


if __name__ == "__main__":
    main()
