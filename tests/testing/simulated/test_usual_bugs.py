"""Errors that people make in consumers: each is found, and told with when, whose and which."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from rebalance.testing import SimulatedConsumer, SimulationResult, simulate

HAND_OVER = "start A\nrun for 5s\nstart B\nrun for 10s"


def told(result: SimulationResult) -> list[str]:
    """The first line of each kind that was found."""
    first: dict[str, str] = {}
    for finding in result.findings:
        first.setdefault(finding.kind, str(finding))
    return list(first.values())


def found_and_replayed(code: Any, scenario: str, **arguments: Any) -> list[str]:
    """What is told of it; the story that the page gives says the same again."""
    given = {"topics": {"orders": 2}, "rate_per_s": 10, "allow": {"never read"}} | arguments
    result = simulate(code, scenario=scenario, **given)
    with pytest.raises(AssertionError, match="plays it again"):
        result.check()
    again = simulate(code, scenario=result.story, **given)
    assert again.page() == result.page()
    return told(result)


async def in_the_background(consumer: SimulatedConsumer, written: Any) -> None:
    """Reads, and writes later: what is read and not written is in no commit's mind."""
    waiting: asyncio.Queue[Any] = asyncio.Queue()

    async def writes() -> None:
        while True:
            record = await waiting.get()
            await asyncio.sleep(0.08)
            written(record)

    writer = asyncio.create_task(writes())
    async for record in consumer:
        await waiting.put(record)
    await writer


class Listener:
    """Does nothing by itself."""

    def __init__(self, consumer: SimulatedConsumer) -> None:
        self.consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing."""


def test_i06_work_that_goes_on_after_the_revocation_is_late() -> None:
    assert found_and_replayed(
        in_the_background, HAND_OVER, settings={"enable.auto.commit": "true"}
    )[0].startswith("late work at 6.")


def test_i06_positions_are_not_what_was_written() -> None:
    class CommitsPositions(Listener):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()

    (gap,) = found_and_replayed(
        in_the_background,
        "start A\nrun for 5s\nstart B\nrun until stable\ncrash A\nrun for 20s",
        listener=CommitsPositions,
        allow={"late work", "never read"},
    )
    assert "nobody processed record" in gap
    assert ", which A committed at 6.029s" in gap


def test_i06_offsets_from_memory_are_older_than_the_groups() -> None:
    class Remembers(Listener):
        """Keeps positions of what it had, as if nobody else had read on meanwhile."""

        def __init__(self, consumer: SimulatedConsumer) -> None:
            super().__init__(consumer)
            self.memory: dict[TopicPartition, int] = {}

        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            for partition in revoked:
                self.memory[partition] = await self.consumer.position(partition)
            await self.consumer.commit()

        async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            for partition in assigned:
                if partition in self.memory:
                    self.consumer.seek(partition, self.memory[partition])

    (again,) = found_and_replayed(None, f"{HAND_OVER}\nclose B\nrun for 10s", listener=Remembers)
    assert "A reads orders-1 of g from " in again


def test_j11_listener_that_takes_longer_than_the_group_waits() -> None:
    class Drains(Listener):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await asyncio.sleep(11)

    assert found_and_replayed(None, HAND_OVER, listener=Drains) == [
        "slow listener at 16.030s: on_partitions_revoked of A takes longer than "
        "max.poll.interval.ms, 10s: the group goes on without it"
    ]


@pytest.mark.parametrize(
    "trouble",
    ["pause A for 12s", "busy A for 12s", "disconnect A for 12s", "lose A OffsetCommit"],
)
def test_j11_listener_is_not_slow_where_its_process_or_the_network_is(trouble: str) -> None:
    class Commits(Listener):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await asyncio.sleep(0.5)
            with suppress(KafkaError):
                await self.consumer.commit()

    story = f"start A\nrun for 5s\nstart B\nrun for 1600ms\n{trouble}\nrun for 30s"
    result = simulate(listener=Commits, scenario=story, topics={"orders": 2})
    assert told(result) == []


def test_application_that_swallows_its_cancellation_never_stops() -> None:
    async def never_gives_up(consumer: SimulatedConsumer) -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await consumer.getmany(timeout_ms=1000)

    assert found_and_replayed(never_gives_up, "start A\nrun for 5s\nclose A\nrun for 5s") == [
        "never stops at 5.000s: A is told to close, and is still there when all is over"
    ]


def test_code_that_never_waits_is_an_error_that_says_where() -> None:
    async def spins(consumer: SimulatedConsumer) -> None:
        while True:
            await asyncio.sleep(0)
            if consumer.assignment():
                await consumer.getone()

    (error,) = found_and_replayed(spins, "start A\nrun for 5s")
    assert error.startswith("error at 0.000s: code of A raised VirtualLoopError(")
    assert "something loops without waiting in spins, line " in error


def test_m07_who_works_too_long_between_polls_is_told_so_and_its_error_in_a_line() -> None:
    async def slow(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            await asyncio.sleep(12)
            await consumer.commit()

    story = "start A\nstart B\nrun until stable\nrun for 60s"
    poll, error = found_and_replayed(slow, story, settings={"session.timeout.ms": "60000"})
    assert poll.endswith(
        "A works between two polls for longer than max.poll.interval.ms, 10s: "
        "the group goes on without it"
    )
    assert "raised CommitFailedError('Commit cannot be completed since the group" in error
    assert "\\n" not in error
    assert " in slow, line " in error


def test_page_tells_of_what_was_done_long_before() -> None:
    async def hasty(consumer: SimulatedConsumer, sink: Any) -> None:
        async for record in consumer:
            await consumer.commit()
            await asyncio.sleep(0.05)
            sink(record)

    story = "start A\nrun for 3s\ncrash A\nstart B C\nrun for 20s"
    page = simulate(hasty, scenario=story, topics={"orders": 2}).page().split("\n")
    happened = page[page.index("What happened until then:") :]
    assert "    3.000s     * A crashes" in happened
    assert [line.split()[2:] for line in happened if " A " in line and "committed" in line]
