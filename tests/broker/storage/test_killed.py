"""A broker that is killed (SIGKILL) and started again: nothing that was acknowledged is lost.

A real process on a real directory; real producers and consumers that go on as if nothing had been.
"""

from __future__ import annotations

import asyncio
import signal
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition

from tests.cli.serving import served
from tests.clients.aiokafka.group import create_topics
from tests.support.aio import run

TOPIC, PARTITIONS, GROUP = "orders", 4, "shop"
_NUMBER = struct.Struct(">i")


class _Producing:
    """Sends numbers until told to stop; knows which were acknowledged, and where."""

    def __init__(self, servers: str) -> None:
        self.acknowledged: dict[int, tuple[int, int]] = {}
        self.sent = 0
        self._servers = servers
        self._stop = asyncio.Event()

    async def run(self) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=self._servers,
            enable_idempotence=True,
            linger_ms=1,
            retry_backoff_ms=20,
        ) as producer:
            sending: set[asyncio.Task[None]] = set()
            while not self._stop.is_set():
                task = asyncio.create_task(self._send(producer, self.sent))
                self.sent += 1
                sending.add(task)
                if len(sending) >= 20:
                    _, sending = await asyncio.wait(sending, return_when="FIRST_COMPLETED")
            await asyncio.gather(*sending)

    async def _send(self, producer: AIOKafkaProducer, number: int) -> None:
        record = await producer.send_and_wait(
            TOPIC, _NUMBER.pack(number), partition=number % PARTITIONS
        )
        self.acknowledged[number] = (record.partition, record.offset)

    def stop(self) -> None:
        self._stop.set()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self) -> None:
        self.assigned: list[set[TopicPartition]] = []

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.assigned.append(set(assigned))


class _Consuming:
    """A consumer that commits what it has read, and knows what was read and committed."""

    def __init__(self, servers: str) -> None:
        self.read: set[int] = set()
        self.committed: dict[TopicPartition, int] = {}
        self.listener = _Listener()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=30_000,
            heartbeat_interval_ms=100,
            retry_backoff_ms=20,
        )
        self._consumer.subscribe([TOPIC], listener=self.listener)

    async def start(self) -> None:
        await self._consumer.start()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def run(self) -> None:
        while True:
            found = await self._consumer.getmany(timeout_ms=50, max_records=50)
            ends = {p: records[-1].offset + 1 for p, records in found.items() if records}
            if ends:
                await self._consumer.commit(ends)
                self.committed |= ends
                for records in found.values():
                    self.read |= {_NUMBER.unpack(record.value)[0] for record in records}

    @property
    def member_id(self) -> str:
        member_id: str = self._consumer._coordinator.member_id
        return member_id

    @property
    def generation(self) -> int:
        generation: int = self._consumer._coordinator.generation
        return generation


@asynccontextmanager
async def _running(*workers: Any) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until(condition: Any, *tasks: asyncio.Task[None]) -> None:
    """Wait for a condition; what a worker raises ends the wait."""
    while not condition():
        await asyncio.sleep(0.01)
        for task in tasks:
            if task.done():
                task.result()


async def _committed(servers: str) -> dict[TopicPartition, int | None]:
    """What a consumer that is in no generation is told."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=GROUP)
    partitions = [TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.start()
    try:
        return {partition: await consumer.committed(partition) for partition in partitions}
    finally:
        await consumer.stop()


async def _all_records(servers: str) -> dict[int, tuple[int, int]]:
    """Number -> partition and offset, of every record there is."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    partitions = [TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        found: dict[int, tuple[int, int]] = {}
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    number = _NUMBER.unpack(record.value)[0]
                    assert number not in found, "an idempotent producer's record is there twice"
                    found[number] = (record.partition, record.offset)
        return found
    finally:
        await consumer.stop()


def _settings(data: Path) -> list[str]:
    return ["--data", str(data), "--set", "group.initial.rebalance.delay.ms=200"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_p02_p03_members_go_on_in_their_generation_and_nothing_acknowledged_is_lost(
    tmp_path: Path, how: signal.Signals
) -> None:
    async def main() -> None:
        with served(*_settings(tmp_path / "data")) as (process, servers):
            port = int(servers.rpartition(":")[2])
            await create_topics(servers, {TOPIC: PARTITIONS})
            producing = _Producing(servers)
            members = [_Consuming(servers) for _ in range(2)]
            for member in members:
                await member.start()
            async with _running(producing, *members) as tasks:
                await _until(lambda: all(m.read and len(m.committed) > 1 for m in members), *tasks)
                before = [(m.member_id, m.generation, len(m.listener.assigned)) for m in members]
                sent = producing.sent
                process.send_signal(how)
                process.wait()
                committed = dict(members[0].committed) | members[1].committed
                with served(*_settings(tmp_path / "data"), port=port) as (again, _):
                    found = await _committed(servers)
                    assert all((found[p] or 0) >= offset for p, offset in committed.items())
                    await _until(lambda: len(producing.acknowledged) > sent + 200, *tasks)
                    producing.stop()
                    await tasks[0]
                    numbers = set(producing.acknowledged)
                    await _until(lambda: numbers <= members[0].read | members[1].read, *tasks)
                    after = [(m.member_id, m.generation, len(m.listener.assigned)) for m in members]
                    assert after == before, "nobody noticed more than a lost connection"
                    assert await _all_records(servers) == producing.acknowledged
                    for member in members:
                        await member.stop()
                    again.send_signal(signal.SIGTERM)
                    assert again.wait() == 0

    run(main(), 90)
