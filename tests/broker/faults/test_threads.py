"""The controls from a thread that is not the broker's, as synchronous tests use them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.faults.members import FAST, stable
from tests.broker.raw import connected, run


def _ask(bootstrap_servers: str) -> int:
    """A heartbeat's answer, from a thread and an event loop of its own."""

    class _Broker:
        pass

    async def main() -> int:
        broker = _Broker()
        broker.bootstrap_servers = bootstrap_servers  # type: ignore[attr-defined]
        async with connected(broker) as client:  # type: ignore[arg-type]
            answer = await client.ask("heartbeat", 4, {"group_id": "g", "member_id": "m"})
            code: int = answer.error_code.value
            return code

    return run(main())


def test_what_is_held_is_waited_for_and_released_from_another_thread() -> None:
    broker = EmbeddedBroker(FAST)
    with EmbeddedBrokerThread(broker) as thread, ThreadPoolExecutor() as pool:
        with broker.hold(api="Heartbeat") as held:
            beating = pool.submit(_ask, thread.bootstrap_servers)
            held.wait()
            assert not beating.done()
        assert beating.result() == 25
        assert (held.hits, len(held.requests)) == (1, 1)


def test_looking_and_moving_from_another_thread() -> None:
    broker = EmbeddedBroker(FAST, time="virtual")
    with EmbeddedBrokerThread(broker) as thread:

        async def join() -> None:
            async with connected(broker) as client:
                await stable(client)

        thread.run(join())
        (group,) = broker.groups()
        assert broker.group("g") == group
        assert len(broker.timers("g")) == 1
        began_ms = broker.now_ms
        thread.run(broker.advance(10))
        assert broker.now_ms == began_ms + 10_000
        assert thread.run(broker.wait_for_group("g", state="Empty")).members == ()


def test_waiting_in_vain_says_for_what() -> None:
    broker = EmbeddedBroker(FAST)
    fault = broker.watch(api="Heartbeat")
    with (
        EmbeddedBrokerThread(broker),
        pytest.raises(TimeoutError, match="watch: api=Heartbeat: 0 hits after 0 s, not 1"),
    ):
        fault.wait(timeout_s=0)


def test_each_way_to_wait_is_for_its_own_thread() -> None:
    async def in_the_loop() -> None:
        async with EmbeddedBroker(FAST) as broker:
            with pytest.raises(BrokerError, match="use `await hit"):
                broker.watch().wait()

    run(in_the_loop())
    broker = EmbeddedBroker(FAST)
    fault = broker.watch()
    with EmbeddedBrokerThread(broker), pytest.raises(BrokerError, match=r"use wait\(\)"):
        run(fault.hit())


_AWAITED: dict[str, Callable[[EmbeddedBroker], Coroutine[Any, Any, object]]] = {
    "wait_for_group": lambda broker: broker.wait_for_group("g"),
    "expire_session": lambda broker: broker.expire_session("g", "m"),
    "advance": lambda broker: broker.advance(1),
    "move_coordinator": lambda broker: broker.move_coordinator("g"),
    "move_leader": lambda broker: broker.move_leader("t", 0),
    "elect_preferred_leaders": lambda broker: broker.elect_preferred_leaders(),
    "stop_node": lambda broker: broker.stop_node(1),
    "start_node": lambda broker: broker.start_node(1),
    "stop": lambda broker: broker.stop(),
}


@pytest.mark.parametrize("what", _AWAITED)
def test_what_is_awaited_is_refused_in_another_thread_and_has_no_effect(what: str) -> None:
    broker = EmbeddedBroker(FAST, time="virtual")
    with EmbeddedBrokerThread(broker) as thread:
        broker.create_topic("t")
        with pytest.raises(BrokerError, match=r"runs in another thread; await .*Thread\.run\(\)"):
            run(_AWAITED[what](broker))
        assert broker.running_nodes == (1,)
        assert _ask(thread.bootstrap_servers) == 25


def test_what_is_awaited_in_a_later_loop_says_so() -> None:
    broker = EmbeddedBroker(FAST)
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(broker.start())
        with pytest.raises(BrokerError, match="started in another event loop, which does not run"):
            run(broker.wait_for_group("g"))
        first.run_until_complete(broker.stop())
    finally:
        first.close()


def test_what_a_look_raises_is_raised_in_the_thread_that_looks() -> None:
    broker = EmbeddedBroker(FAST)
    with EmbeddedBrokerThread(broker):
        assert broker.groups() == []
    with pytest.raises(BrokerError, match="not running"):
        broker.groups()
