"""The brokers on which real clients play, and what their coordinators say of rebalances."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import confluent_kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.believable.deploy import TOPIC
from rebalance.broker import EmbeddedBroker
from rebalance.testing.apache_kafka import VERSION, ApacheKafka
from rebalance.testing.embedded import EmbeddedBrokerThread
from rebalance.timeline.trace import Header, RebalanceStarted, Trace

__all__ = ["APACHE", "EMBEDDED", "SETTINGS", "Server", "running"]

APACHE, EMBEDDED = "apache-kafka", "embedded"
SETTINGS = {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1"}

_FLUSH_S = 10.0
EVERY_S = 1.0
"""Between two records of a partition."""


class Server(Protocol):
    """A running broker with the topic on it."""

    @property
    def name(self) -> str:
        """To be read."""

    @property
    def servers(self) -> str:
        """HOST:PORT."""

    def rebalances(self, group_id: str) -> list[int]:
        """When each rebalance began, by the coordinator's word, in ms of the monotonic clock."""


@contextmanager
def running(kind: str, partitions: int) -> Iterator[Server]:
    """A broker of a kind, with the topic.

    Raises:
        ApacheKafkaUnavailableError: Java or the jars are missing.
    """
    if kind == EMBEDDED:
        origin_ms = time.monotonic_ns() // 1_000_000
        trace = Trace(Header(source="embedded broker"))
        broker = EmbeddedBroker(
            SETTINGS, trace=trace, trace_clock=lambda: time.monotonic_ns() // 1_000_000 - origin_ms
        )
        with EmbeddedBrokerThread(broker) as thread:
            asyncio.run(_create_topic(thread.bootstrap_servers, partitions))
            with _producing(thread.bootstrap_servers, partitions):
                yield _Embedded(thread.bootstrap_servers, trace, origin_ms)
    else:
        with ApacheKafka(SETTINGS) as kafka:
            asyncio.run(_create_topic(kafka.bootstrap_servers, partitions))
            with _producing(kafka.bootstrap_servers, partitions):
                yield _Apache(kafka)


@dataclass(frozen=True, slots=True)
class _Embedded:
    servers: str
    trace: Trace
    origin_ms: int
    name: str = "the embedded broker"

    def rebalances(self, group_id: str) -> list[int]:
        return [
            event.t + self.origin_ms
            for event in tuple(self.trace.events)
            if isinstance(event, RebalanceStarted) and event.group_id == group_id
        ]


@dataclass(frozen=True, slots=True)
class _Apache:
    kafka: ApacheKafka
    name: str = f"Apache Kafka {VERSION}"

    @property
    def servers(self) -> str:
        return self.kafka.bootstrap_servers

    def rebalances(self, group_id: str) -> list[int]:
        ahead_ms = (time.time_ns() - time.monotonic_ns()) // 1_000_000
        return [each.t_ms - ahead_ms for each in self.kafka.rebalances(group_id)]


@contextmanager
def _producing(servers: str, partitions: int) -> Iterator[None]:
    """Something to commit: a record a second into each partition."""
    over = threading.Event()
    producer = confluent_kafka.Producer({"bootstrap.servers": servers})

    def run() -> None:
        while not over.wait(EVERY_S):
            for partition in range(partitions):
                producer.produce(TOPIC, b"record", partition=partition)
            producer.poll(0)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        producer.flush(_FLUSH_S)


async def _create_topic(servers: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, partitions, 1)])
    finally:
        await admin.close()
