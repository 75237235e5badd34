"""One real consumer in a process of its own: it waits for the word, joins, reads, ends on request.

Its trace goes line by line through a pipe, so that what it told before `kill -9` is not lost. The
clock is the machine's monotonic one, which all processes share.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import confluent_kafka
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from benchmarks.believable.deploy import TOPIC, Setup
from rebalance.cli.demonstration.process import stop_consumer
from rebalance.clients.aiokafka import TraceListener
from rebalance.clients.lane import Lane
from rebalance.timeline.trace import Header, Lost, Revoked, Trace, event_line

__all__ = ["START", "Wish", "live"]

START, CLOSE = "start", "close"
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the process is to be; `origin_ms` is the monotonic clock when the trace began."""

    name: str
    servers: str
    group_id: str
    setup: Setup
    session_timeout_ms: int
    origin_ms: int


def live(wish: Wish, parent: Connection) -> None:
    """The process' whole life."""
    parent.recv()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    trace = Trace(
        Header(source="a pod"), keep=False, watch=lambda event: parent.send(event_line(event))
    )
    if wish.setup.client == "aiokafka":
        asyncio.run(_aiokafka(wish, trace, parent))
    else:
        _librdkafka(wish, trace, parent)
    parent.close()


def _clock(wish: Wish) -> Callable[[], int]:
    return lambda: time.monotonic_ns() // 1_000_000 - wish.origin_ms


async def _aiokafka(wish: Wish, trace: Trace, parent: Connection) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=wish.servers,
        client_id=wish.name,
        group_id=wish.group_id,
        partition_assignment_strategy=[RangePartitionAssignor],
        auto_offset_reset="earliest",
        session_timeout_ms=wish.session_timeout_ms,
        heartbeat_interval_ms=wish.setup.heartbeat_interval_ms,
    )
    listener = TraceListener(trace, member=wish.name, consumer=consumer, clock=_clock(wish))
    consumer.subscribe([TOPIC], listener=listener)
    await consumer.start()
    reading = asyncio.create_task(_read(consumer))
    await asyncio.to_thread(_wait_for_the_word, parent)
    reading.cancel()
    await stop_consumer(consumer)


def _wait_for_the_word(parent: Connection) -> None:
    try:
        parent.recv()
    except EOFError:  # the measurement was killed, and its broker: there is nobody to leave
        os._exit(1)


async def _read(consumer: AIOKafkaConsumer) -> None:
    async for _ in consumer:
        pass


def _librdkafka(wish: Wish, trace: Trace, parent: Connection) -> None:
    lane = Lane(trace, member=wish.name, group_id=wish.group_id, clock=_clock(wish))
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": wish.servers,
            "client.id": wish.name,
            "group.id": wish.group_id,
            "partition.assignment.strategy": wish.setup.assignor,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": wish.session_timeout_ms,
            "heartbeat.interval.ms": wish.setup.heartbeat_interval_ms,
        }
    )
    consumer.subscribe(
        [TOPIC],
        on_assign=lambda _, given: lane.assigned(_ids(given), -1),
        on_revoke=lambda _, taken: lane.gives_up(Revoked, _ids(taken)),
        on_lost=lambda _, taken: lane.gives_up(Lost, _ids(taken)),
    )
    lane.start([TOPIC])
    while not parent.poll():
        consumer.poll(_POLL_S)
    consumer.close()
    lane.stopped()


def _ids(partitions: list[Any]) -> list[tuple[str, int]]:
    return [(each.topic, each.partition) for each in partitions]
