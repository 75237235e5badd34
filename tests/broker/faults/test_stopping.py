"""Whoever waits for what cannot come any more is told so, and waits for nothing else."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.faults.members import FAST, beat_of_nobody
from tests.broker.raw import connected


async def test_stop_wakes_who_waits_for_a_group() -> None:
    async with EmbeddedBroker(FAST) as broker:
        waiting = asyncio.ensure_future(broker.wait_for_group("g", state="Stable"))
        await asyncio.sleep(0)
        await broker.stop()
        with pytest.raises(BrokerError, match="the broker was stopped"):
            await waiting


async def test_stop_wakes_who_waits_for_a_fault_to_hit() -> None:
    async with EmbeddedBroker(FAST) as broker:
        fault = broker.watch(api="Heartbeat")
        async with connected(broker) as client:
            waiting = asyncio.ensure_future(fault.hit(2))
            await beat_of_nobody(client)
        await broker.stop()
        with pytest.raises(BrokerError, match=r"watch: api=Heartbeat: 1 hits, not 2: the broker"):
            await waiting
        await fault.hit(1)  # that one came


async def test_who_waits_in_vain_is_told_for_what() -> None:
    async with EmbeddedBroker(FAST) as broker:
        fault = broker.watch(api="Heartbeat")
        with pytest.raises(TimeoutError, match="watch: api=Heartbeat: 0 hits after 0 s, not 2"):
            await fault.hit(2, timeout_s=0)


async def test_a_fault_outlives_its_broker_and_is_hit_by_the_next() -> None:
    broker = EmbeddedBroker(FAST)
    fault = broker.watch(api="Heartbeat")
    async with broker:
        pass
    waiting = asyncio.ensure_future(fault.hit())  # as before the first start
    async with broker, connected(broker) as client:
        await beat_of_nobody(client)
        await waiting
    assert fault.hits == 1


@pytest.mark.parametrize("times", [1, None])
async def test_who_waits_for_a_fault_that_is_over_is_told(times: int | None) -> None:
    async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
        fault = broker.watch(api="Heartbeat", **({} if times is None else {"times": times}))
        early = asyncio.ensure_future(fault.hit(2))
        await beat_of_nobody(client)
        if times is None:
            fault.release()
        for waiting in (early, fault.hit(2)):
            with pytest.raises(BrokerError, match="1 hits, not 2: it is over"):
                await waiting
        await fault.hit(1)


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    async with EmbeddedBroker(FAST) as broker:
        fault = broker.watch(api="Heartbeat")
        for _ in range(10):
            waiting = asyncio.ensure_future(fault.hit())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert len(fault._waiting) == 0


def test_a_thread_that_waits_is_told_too() -> None:
    broker = EmbeddedBroker(FAST)
    fault, released = broker.watch(api="Heartbeat"), broker.watch(api="SyncGroup")
    with ThreadPoolExecutor() as pool:
        with EmbeddedBrokerThread(broker):
            released.release()
            with pytest.raises(BrokerError, match="0 hits, not 1: it is over"):
                released.wait()
            waiting = pool.submit(fault.wait)
            while not fault._changed._waiters:  # type: ignore[attr-defined]
                time.sleep(0.001)
        with pytest.raises(BrokerError, match="0 hits, not 1: the broker was stopped"):
            waiting.result()
