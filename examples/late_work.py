"""A consumer that works on after its partitions are lost, under rebalances that take no time.

    python late_work.py

The service uploads each partition's records in order, by a task of its own. When partitions are
revoked, the listener stops these tasks and commits what is done. When they are *lost* (the process
stood still for too long, the group has gone on without it) there is nothing to commit any more, and
the careless listener does nothing at all, as if there were nothing to do. But its tasks are still
there: they upload what is in their queues, while the next owner uploads the same.

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

Uploaded = Callable[[Any], None]


class Service:
    """Uploads the records of each partition in order, all partitions at once."""

    def __init__(self, consumer: Any, uploaded: Uploaded) -> None:
        self.consumer = consumer
        self.uploaded = uploaded
        self.queues: dict[TopicPartition, asyncio.Queue[Any]] = {}
        self.uploads: dict[TopicPartition, asyncio.Task[None]] = {}
        self.done: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read for ever; commit now and then what is uploaded."""
        async for record in self.consumer:
            partition = TopicPartition(record.topic, record.partition)
            if partition not in self.queues:
                self.queues[partition] = asyncio.Queue()
                self.uploads[partition] = asyncio.create_task(self.upload(partition))
            self.queues[partition].put_nowait(record)
            if record.offset % 20 == 19:
                await self.commit(self.done)

    async def upload(self, partition: TopicPartition) -> None:
        """One record after another; the other side takes 90 ms."""
        while True:
            record = await self.queues[partition].get()
            await asyncio.sleep(0.09)
            self.uploaded(record)
            self.done[partition] = record.offset + 1

    async def hand_over(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop where it is; the next owner goes on there."""
        mine = [partition for partition in partitions if partition in self.done]
        done = {partition: self.done[partition] for partition in mine}
        self.stop(partitions)
        await self.commit(done)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """If a rebalance came in between, the next owner does it again."""
        with suppress(KafkaError):
            await self.consumer.commit(dict(offsets))

    def stop(self, partitions: Iterable[TopicPartition]) -> None:
        """Upload nothing more of these."""
        for partition in partitions:
            if partition in self.uploads:
                self.uploads.pop(partition).cancel()
            self.queues.pop(partition, None)
            self.done.pop(partition, None)


class Careless(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Takes care of revocations."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self.service.hand_over(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing to prepare."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Nothing to commit: they are somebody else's by now."""


class Careful(Careless):
    """Takes care of losses as well."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.service.stop(lost)


def service_with(listener: Callable[[Service], Any]) -> Callable[..., Any]:
    """The application, as it would be run with a real consumer."""

    async def application(consumer: Any, uploaded: Uploaded) -> None:
        service = Service(consumer, uploaded)
        consumer.subscribe(["orders"], listener=listener(service))
        await service.run()

    return application


def main() -> None:
    for name, listener in (("careless", Careless), ("careful", Careful)):
        result = simulate(service_with(listener), members=2, topics={"orders": 2}, seeds=12)
        print(f"{name}: {result.page()}")
        print()


if __name__ == "__main__":
    main()
