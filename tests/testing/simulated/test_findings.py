"""Each way to lose, repeat or forget records is found and told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka import TopicPartition

from rebalance.testing import SimulatedConsumer, simulate
from tests.testing.simulated.code import HAND_OVER, Quiet, background, kinds, plain


def test_i06_gap_of_who_commits_before_it_processes() -> None:
    async def hasty(consumer: SimulatedConsumer, sink: Any) -> None:
        async for record in consumer:
            await consumer.commit()
            await asyncio.sleep(0.05)
            sink(record)

    result = simulate(hasty, scenario="start A\nrun for 3s\ncrash A\nstart B\nrun for 20s")
    assert kinds(result) == ["gap"]
    assert "nobody processed record" in str(result.findings[0])
    assert ": B began to read at " in str(result.findings[0])
    with pytest.raises(AssertionError, match="left out"):
        result.check()


def test_i06_read_again_of_who_goes_back() -> None:
    class GoesBack(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            for partition in assigned:
                self.consumer.seek(partition, 0)

    result = simulate(plain, listener=GoesBack, scenario=HAND_OVER)
    assert kinds(result) == ["read again"]
    assert result.records.duplicates > 50


def test_i06_late_work_of_who_goes_on_in_the_background() -> None:
    result = simulate(background, scenario=HAND_OVER)
    assert kinds(result) == ["late work"]
    assert "A processed record" in str(result.findings[0])
    assert "without owning it" in str(result.findings[0])


def test_i06_work_that_was_due_before_a_loss_is_told_is_not_late() -> None:
    writing: dict[str, asyncio.Task[None]] = {}

    async def in_the_background(consumer: SimulatedConsumer, sink: Any) -> None:
        async def write(record: Any) -> None:
            await asyncio.sleep(0.1)
            sink(record)

        async for record in consumer:
            writing[consumer.name] = asyncio.create_task(write(record))
            await asyncio.wait([writing[consumer.name]])

    class Stops(Quiet):
        def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
            writing[self.consumer.name].cancel()

        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            if self.consumer.name in writing:
                writing[self.consumer.name].cancel()

    story = "start A\nrun for 2950ms\npause A for 20s\nstart B\nrun for 30s"
    result = simulate(in_the_background, listener=Stops, scenario=story, members=2)
    assert any("on_partitions_lost" in entry.text for entry in result.played.entries)
    assert kinds(result) == []


def test_late_commit_of_who_commits_after_a_loss() -> None:
    class Commits(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()

        async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
            await self.on_partitions_revoked(lost)

    story = "start A\nrun for 5s\npause A for 10s\nrun for 20s"
    result = simulate(listener=Commits, scenario=story, members=1)
    assert kinds(result) == ["late commit"]
    assert result.findings[0].message == "A commits orders 0-5, which it has lost"
    allowed = simulate(listener=Commits, scenario=story, members=1, allow={"late commit"})
    assert allowed.check().passed


def test_listener_without_a_word_for_losses_is_not_blamed() -> None:
    """aiokafka's has none: it is told that what is lost was revoked."""

    class Commits(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()

    simulate(
        listener=Commits, scenario="start A\nrun for 5s\npause A for 10s\nrun for 20s", members=1
    ).check()


def test_late_commit_of_who_does_not_wait() -> None:
    class Forgets(Quiet):
        def __init__(self, consumer: SimulatedConsumer) -> None:
            super().__init__(consumer)
            self.tasks: set[asyncio.Task[None]] = set()

        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            self.tasks.add(asyncio.create_task(self.later(list(revoked))))

        async def later(self, revoked: list[TopicPartition]) -> None:
            await self.consumer.commit(dict.fromkeys(revoked, 40))

    result = simulate(listener=Forgets, scenario=HAND_OVER)
    assert kinds(result) == ["late commit"]
    assert "commit of orders-3 fails: not assigned" in result.page()


def test_i06_never_read_of_who_forgets_to_resume() -> None:
    class Pauses(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            self.consumer.pause(*assigned)

    result = simulate(plain, listener=Pauses, scenario="start A\nrun for 5s", members=1)
    assert kinds(result) == ["never read"]
    message = result.findings[0].message
    assert re.fullmatch(
        r"records 0 to \d+ of orders-0 of g: A owns it and does not read them", message
    )


def test_i05_listener_that_never_returns_stops_the_group() -> None:
    class Hangs(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await asyncio.Event().wait()

    result = simulate(plain, listener=Hangs, scenario=HAND_OVER, rate_per_s=1, topics={"orders": 2})
    assert [violation.rule for violation in result.violations] == ["I05"]
    with pytest.raises(AssertionError, match="I05 violated"):
        result.check()
