"""Consumers as their libraries come, in threads, that look for new metadata all the time.

Each tells what it owns now; nothing of this project is in them.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Protocol

from tests.clients.kafka_python.group import close
from tests.support.kafka_python import polled

REFRESH_MS = 1000
_CLOSE_WITHIN_S = 60.0

Partition = tuple[str, int]


class Consumer(Protocol):
    """A member of a group."""

    def owned(self) -> frozenset[Partition]: ...
    def close(self) -> None: ...


class _InThread:
    """Runs `_run` until told to end; what it raises is raised by `close`."""

    def __init__(self) -> None:
        self.ending = threading.Event()
        self.now: frozenset[Partition] = frozenset()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def owned(self) -> frozenset[Partition]:
        return self.now

    def close(self) -> None:
        self.ending.set()
        self._thread.join(_CLOSE_WITHIN_S)
        assert not self._thread.is_alive(), "the consumer does not close"
        if self._error is not None:
            raise self._error

    def _main(self) -> None:
        try:
            self.run()
        except BaseException as error:
            self._error = error

    def run(self) -> None:
        raise NotImplementedError


def _plain(partitions: Any) -> frozenset[Partition]:
    return frozenset((each.topic, each.partition) for each in partitions)


class KafkaPython(_InThread):
    """kafka-python."""

    def __init__(self, servers: str, group_id: str, topic: str) -> None:
        super().__init__()
        from kafka import KafkaConsumer

        self._consumer = KafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=group_id,
            metadata_max_age_ms=REFRESH_MS,
            heartbeat_interval_ms=200,
            enable_auto_commit=False,
        )
        self.start()

    def run(self) -> None:
        while not self.ending.is_set():
            polled(self._consumer, 100)
            self.now = _plain(self._consumer.assignment())
        close(self._consumer)


class Confluent(_InThread):
    """confluent-kafka: librdkafka."""

    def __init__(self, servers: str, group_id: str, topic: str) -> None:
        super().__init__()
        import confluent_kafka

        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group_id,
                "topic.metadata.refresh.interval.ms": REFRESH_MS,
                "heartbeat.interval.ms": 200,
                "session.timeout.ms": 15_000,
                "enable.auto.commit": False,
            }
        )
        self._consumer.subscribe([topic])
        self.start()

    def run(self) -> None:
        while not self.ending.is_set():
            self._consumer.poll(0.1)
            self.now = _plain(self._consumer.assignment())
        self._consumer.close()


class Aiokafka(_InThread):
    """aiokafka, in an event loop of its own."""

    def __init__(self, servers: str, group_id: str, topic: str) -> None:
        super().__init__()
        self._arguments = servers, group_id, topic
        self.start()

    def run(self) -> None:
        asyncio.run(self._consume(*self._arguments))

    async def _consume(self, servers: str, group_id: str, topic: str) -> None:
        from aiokafka import AIOKafkaConsumer

        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=group_id,
            metadata_max_age_ms=REFRESH_MS,
            heartbeat_interval_ms=200,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            while not self.ending.is_set():
                await consumer.getmany(timeout_ms=100)
                self.now = _plain(consumer.assignment())
        finally:
            await consumer.stop()
