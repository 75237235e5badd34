"""Real aiokafka members of one group, and the log of what each of them read and owned."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rebalance.cli.demonstration.owners import Owners
from rebalance.cli.demonstration.process import ConsumerProcess, track_tasks
from rebalance.clients.aiokafka import TraceListener, strategy
from rebalance.timeline import trace

DEADLINE_S = 30
SESSION_MS = 20_000
SHORT_SESSION_MS = 4_000
"""For a member that is to crash: the others wait for its end, and until then it must live."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record that one member read."""

    member: str
    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Actors:
    """A group of members under test. They commit only when told to."""

    servers: str
    group_id: str
    assignor: str
    deliveries: list[Delivery] = field(default_factory=list)
    owners: Owners = field(default_factory=Owners)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _processes: dict[str, ConsumerProcess] = field(default_factory=dict)
    _consumers: dict[str, Any] = field(default_factory=dict)
    _lives: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    log: trace.Trace = field(init=False)

    def __post_init__(self) -> None:
        track_tasks(asyncio.get_running_loop())
        self.log = trace.Trace(trace.Header(source="test"), watch=self._see)

    def start(
        self, member: str, topics: Iterable[str], *, session_timeout_ms: int = SESSION_MS
    ) -> None:
        """A new process joins."""

        def make() -> Any:
            plugged = strategy(self.assignor)
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.servers,
                group_id=self.group_id,
                client_id=member,
                partition_assignment_strategy=[plugged],
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                session_timeout_ms=session_timeout_ms,
                heartbeat_interval_ms=200,
                retry_backoff_ms=50,
            )
            plugged.bind(consumer)
            listener = TraceListener(self.log, member=member, consumer=consumer, clock=self._clock)
            consumer.subscribe(list(topics), listener=listener)
            self._consumers[member] = consumer
            return consumer

        def read(record: Any) -> None:
            self.deliveries.append(Delivery(member, record.topic, record.partition, record.offset))
            self.changed.set()

        process = ConsumerProcess(make, read)
        life = process.start()
        life.add_done_callback(lambda _: self.changed.set())
        self._processes[member], self._lives[member] = process, life

    async def commit(self) -> dict[tuple[str, int], int]:
        """Every member commits what it has read; the committed offsets."""
        committed: dict[tuple[str, int], int] = {}
        for member in self._processes:
            consumer = self._consumers[member]
            offsets = {
                partition: await consumer.position(partition)
                for partition in sorted(consumer.assignment())
            }
            if offsets:
                await consumer.commit(offsets)
            committed |= {(p.topic, p.partition): offset for p, offset in offsets.items()}
        return committed

    async def close(self, member: str) -> None:
        """It leaves in good order."""
        del self._lives[member]
        await self._processes.pop(member).close()

    async def crash(self, member: str) -> None:
        """It is gone without a word."""
        del self._lives[member]
        await self._processes.pop(member).crash()

    async def end(self) -> None:
        """Whatever is left goes."""
        for member in list(self._processes):
            await self.close(member)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until it has happened; a consumer that ends with an error ends the wait."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not happened():
                    for life in self._lives.values():
                        if life.done():
                            life.result()
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError as error:
            events = "\n".join(map(str, self.log.events[-12:]))
            raise TimeoutError(f"owners: {self.owners.counts()}; last events:\n{events}") from error

    def owned(self, member: str) -> set[tuple[str, int]]:
        """What the consumer itself says it owns."""
        assignment: set[TopicPartition] = self._consumers[member].assignment()
        return {(partition.topic, partition.partition) for partition in assignment}

    def read_since(self, mark: int) -> list[Delivery]:
        """Deliveries after the first `mark`."""
        return self.deliveries[mark:]

    @staticmethod
    def _clock() -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def _see(self, event: trace.Event) -> None:
        self.owners.see(event)
        self.changed.set()


async def create_topics(servers: str, topics: dict[str, int]) -> None:
    """Make topics with as many partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(name, num_partitions=partitions, replication_factor=1)
                for name, partitions in topics.items()
            ]
        )
    finally:
        await admin.close()


async def produce(servers: str, topics: dict[str, int], count: int) -> None:
    """`count` more records into every partition."""
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    try:
        for topic, partitions in topics.items():
            for number in range(count * partitions):
                await producer.send(topic, b"record", partition=number % partitions)
        await producer.flush()
    finally:
        await producer.stop()
