"""Members of three makers that read all they are given, commit it, and end when told.

Each runs in a thread of its own, with nothing set that would make it bear more than it does by
itself: what a broker's nodes do to it, it meets as in production.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

import confluent_kafka
from aiokafka import AIOKafkaConsumer
from kafka import KafkaConsumer

from tests.support.kafka_python import polled

__all__ = ["MAKERS", "Reader"]

_POLL_S = 0.1
_SESSION_MS, _HEARTBEAT_MS = 15_000, 300


class Reader:
    """A member in a thread. `seen`: the values of the records that it read, in their order."""

    def __init__(self, maker: str, servers: str, group_id: str, topic: str) -> None:
        self.seen: list[bytes] = []
        self._error: BaseException | None = None
        self._ending = threading.Event()
        read = MAKERS[maker]
        self._thread = threading.Thread(
            target=self._run, args=(read, servers, group_id, topic), name=maker, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "it does not end"
        self.check()

    def check(self) -> None:
        """Raises if it failed."""
        if self._error is not None:
            raise self._error

    def _run(self, read: Callable[..., None], *args: str) -> None:
        try:
            read(*args, self.seen, self._ending)
        except BaseException as error:
            self._error = error


def _aiokafka(
    servers: str, group_id: str, topic: str, seen: list[bytes], ending: threading.Event
) -> None:
    async def read() -> None:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=group_id,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            metadata_max_age_ms=1000,
        )
        await consumer.start()
        try:
            while not ending.is_set():
                found = await consumer.getmany(timeout_ms=int(_POLL_S * 1000))
                seen.extend(record.value for records in found.values() for record in records)
                if found:
                    await consumer.commit()
        finally:
            await consumer.stop()

    asyncio.run(read())


def _kafka_python(
    servers: str, group_id: str, topic: str, seen: list[bytes], ending: threading.Event
) -> None:
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=servers.split(","),
        group_id=group_id,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=_SESSION_MS,
        heartbeat_interval_ms=_HEARTBEAT_MS,
        metadata_max_age_ms=1000,
    )
    try:
        while not ending.is_set():
            found = polled(consumer, int(_POLL_S * 1000))
            seen.extend(record.value for records in found.values() for record in records)
            if found:
                consumer.commit()
    finally:
        consumer.close()


def _confluent(
    servers: str, group_id: str, topic: str, seen: list[bytes], ending: threading.Event
) -> None:
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group_id,
            "partition.assignment.strategy": "cooperative-sticky",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "session.timeout.ms": _SESSION_MS,
            "heartbeat.interval.ms": _HEARTBEAT_MS,
            "topic.metadata.refresh.interval.ms": 1000,
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    try:
        while not ending.is_set():
            record = consumer.poll(_POLL_S)
            error: Any = None if record is None else record.error()
            if record is None or (error is not None and error.retriable()):
                continue
            if error is not None:
                raise confluent_kafka.KafkaException(error)
            seen.append(record.value())
            consumer.store_offsets(record)
            _commit(consumer)
        while not _commit(consumer):
            consumer.poll(_POLL_S)
    finally:
        consumer.close()


_LATER = (
    confluent_kafka.KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    confluent_kafka.KafkaError.COORDINATOR_NOT_AVAILABLE,
    confluent_kafka.KafkaError.NOT_COORDINATOR,
    confluent_kafka.KafkaError.ILLEGAL_GENERATION,
    confluent_kafka.KafkaError.REBALANCE_IN_PROGRESS,
    confluent_kafka.KafkaError._TRANSPORT,
    confluent_kafka.KafkaError._WAIT_COORD,
)
"""What a commit meets while a coordinator moves or the group rebalances."""


def _commit(consumer: Any) -> bool:
    """Whether all that was read is committed. Not asynchronously: librdkafka sends such a commit
    again behind a later one, and the earlier offset stays."""
    try:
        consumer.commit(asynchronous=False)
    except confluent_kafka.KafkaException as failed:
        code = failed.args[0].code()
        if code not in (*_LATER, confluent_kafka.KafkaError._NO_OFFSET):
            raise
        return code not in _LATER
    return True


MAKERS: dict[str, Callable[[str, str, str, list[bytes], threading.Event], None]] = {
    "aiokafka": _aiokafka,
    "kafka-python": _kafka_python,
    "confluent-kafka": _confluent,
}
