"""When a user's code and its listener run, and when nothing of them does."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka import TopicPartition

from rebalance.testing import SimulatedConsumer, simulate
from tests.testing.simulated.code import HAND_OVER, Quiet


@pytest.mark.parametrize(("listener_runs", "expected"), [("beside", True), ("in poll", False)])
def test_m01_listener_runs_beside_the_application_or_while_it_polls(
    listener_runs: Any, expected: bool
) -> None:
    interrupted: list[bool] = []
    working: set[str] = set()

    async def busy(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            working.add(consumer.name)
            await asyncio.sleep(0.15)
            working.discard(consumer.name)

    class Watching(Quiet):
        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            interrupted.append(self.consumer.name in working)

    allow = {"never read"}
    simulate(
        busy,
        listener=Watching,
        scenario=HAND_OVER,
        listener_runs=listener_runs,
        topics={"orders": 4},
        allow=allow,
    ).check()
    assert any(interrupted) is expected


@pytest.mark.parametrize("listener_runs", ["beside", "in poll"])
def test_a_listener_that_waits_for_a_poll_dies_quietly_with_its_process(listener_runs: Any) -> None:
    async def cleans_up(consumer: SimulatedConsumer) -> None:
        try:
            while True:
                await consumer.getmany(timeout_ms=100)
                await asyncio.sleep(5)
        finally:
            await consumer.stop()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        simulate(
            cleans_up,
            listener=Quiet,
            scenario="start A\nrun for 8s\nstart B\nrun for 2s\ncrash A\nrun for 20s",
            listener_runs=listener_runs,
        )
        gc.collect()
    assert [str(each.message) for each in told] == []


def test_close_is_a_sigterm_that_an_application_may_clean_up_after() -> None:
    cleaned: list[float] = []

    async def careful(consumer: SimulatedConsumer) -> None:
        try:
            async for _ in consumer:
                continue
        finally:
            await asyncio.sleep(2)
            cleaned.append(asyncio.get_running_loop().time())

    story = "start A\nrun for 5s\nclose A\nrun for 5s\nshow members"
    result = simulate(careful, scenario=story, members=1).check()
    assert cleaned == [7.0]
    assert result.played.printed == ("A: closed",)


def test_busy_process_runs_no_code_and_keeps_its_heartbeats() -> None:
    times: list[float] = []

    async def ticks(consumer: SimulatedConsumer) -> None:
        while True:
            await consumer.getmany(timeout_ms=1000)
            times.append(asyncio.get_running_loop().time())

    simulate(ticks, scenario="start A\nrun for 5s\nbusy A for 8s\nrun for 10s", members=1).check()
    assert not any(5.0 < time < 13.0 for time in times)
    assert any(time >= 13.0 for time in times)


def test_crash_runs_nothing_more() -> None:
    ran: list[str] = []

    async def holds(consumer: SimulatedConsumer) -> None:
        try:
            async for _ in consumer:
                continue
        finally:
            ran.append("finally")
            await consumer.commit()
            ran.append("committed")

    simulate(holds, scenario="start A\nrun for 5s\ncrash A\nrun for 10s", members=1).check()
    assert ran == ["finally"]
