"""A broker whose groups live by a clock that the test moves."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.broker.clock import VirtualClock
from rebalance.broker.topics.topic import NewTopic
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind
from rebalance.timeline.trace import GroupStateChanged
from tests.broker.batch_maker import batch
from tests.broker.faults.members import FAST, beat, commit, committed, join_of, joined, stable
from tests.broker.handlers.test_produce import produce
from tests.broker.raw import connected, create_topic, run, until

MINUTE, DAY = 60, 24 * 60 * 60


def test_h06_a_session_of_45_s_is_over_at_once_and_not_before() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, time="virtual") as broker, connected(broker) as client:
            member = await stable(client, session_timeout=45_000)
            await broker.advance(44.999)
            assert await beat(client, member) == 0
            await broker.advance(44.999)
            group = broker.group("g")
            assert group is not None
            assert (group.state, len(group.members)) == (GroupState.STABLE, 1)
            await broker.advance(0.001)
            group = broker.group("g")
            assert group is not None
            assert (group.state, group.members) == (GroupState.EMPTY, ())
            assert await beat(client, member) == 25

    run(main())


def test_j10_the_initial_delay_is_answered_by_advance() -> None:
    async def main() -> None:
        async with EmbeddedBroker(time="virtual") as broker, connected(broker) as client:
            with broker.watch(api="JoinGroup") as joins:
                client.send("join_group", 3, join_of("g"))
                await joins.hit()
            await broker.advance(2.999)
            assert joins.requests[0].errors is None
            await broker.advance(0.001)
            assert joins.requests[0].errors == ()
            assert (await client.receive("join_group", 3)).generation_id == 1

    run(main())


def test_s04_a_member_that_does_not_sync_is_out_after_its_rebalance_timeout() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, time="virtual") as broker, connected(broker) as client:
            await joined(client, "g", 3, session_timeout=60_000, rebalance_timeout=50_000)
            (sync,) = [key for key in broker.timers("g") if key.kind is TimerKind.SYNC]
            assert broker.timers("g")[sync] == 50_000
            await broker.advance(50)
            group = broker.group("g")
            assert group is not None
            assert group.members == ()

    run(main())


def test_o05_offsets_are_forgotten_after_seven_days() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, time="virtual") as broker, connected(broker) as client:
            await create_topic(client, "orders")
            await client.ask("find_coordinator", 1, {"key": "g", "key_type": 0})
            began_ms = broker.now_ms
            assert await commit(client, "g", "orders", 7) == 0
            await broker.advance(7 * DAY - 1)
            assert await committed(client, "g", "orders") == 7
            await broker.advance(10 * MINUTE)  # offsets.retention.check.interval.ms
            assert await committed(client, "g", "orders") == -1
            assert broker.groups() == []
            assert broker.now_ms - began_ms == 1000 * (7 * DAY - 1 + 10 * MINUTE)

    run(main())


def test_records_expire_in_real_time_as_their_timestamps_are() -> None:
    """A producer's clock is real: what it just wrote is not old, however far groups have moved."""

    async def main() -> None:
        settings = {**FAST, "log.retention.check.interval.ms": "10"}
        async with EmbeddedBroker(settings, time="virtual") as broker, connected(broker) as client:
            logs = {}
            for name in ("fresh", "old"):
                topic = NewTopic(name=name, num_partitions=1, configs={"retention.ms": "60000"})
                logs[name] = broker._running().topics.create(topic).log(0)
            await produce(client, "fresh", batch(b"now", timestamp=int(time.time() * 1000)))
            await broker.advance(61)
            await produce(client, "old", batch(b"then", timestamp=1000))
            await until(lambda: logs["old"].start_offset == 1)  # so that has been looked for
            assert (logs["fresh"].start_offset, logs["fresh"].end_offset) == (0, 1)

    run(main())


def test_o07_a_transaction_times_out_by_the_same_clock() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, time="virtual") as broker, connected(broker) as client:
            await client.ask("find_coordinator", 1, {"key": "g", "key_type": 0})
            asked = {"transactional_id": "t", "transaction_timeout": 60_000, "producer_id": -1}
            begun = await client.ask("init_producer_id", 3, {**asked, "producer_epoch": -1})
            who = {
                "transactional_id": "t",
                "producer_id": begun.producer_id,
                "producer_epoch": begun.producer_epoch,
            }
            added = await client.ask("add_offsets_to_txn", 3, {**who, "group_id": "g"})
            assert added.error_code.value == 0
            await broker.advance(59.999)
            again = await client.ask("add_offsets_to_txn", 3, {**who, "group_id": "g"})
            assert again.error_code.value == 0
            await broker.advance(0.001)
            fenced = await client.ask("end_txn", 3, {**who, "committed": True})
            assert fenced.error_code.value in (47, 90)

    run(main())


def test_timers_fire_in_order_at_their_own_times_and_what_they_did_goes_out_in_between() -> None:
    """Three members with sessions of 10, 20 and 30 s; the one that lives rejoins each time."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            broker = await stack.enter_async_context(
                EmbeddedBroker(FAST, time="virtual", trace=True)
            )
            clients = [await stack.enter_async_context(connected(broker)) for _ in range(3)]
            for number, client in enumerate(clients):
                await stable(client, f"g{number}", session_timeout=10_000 * (number + 1))
            await broker.advance(60)
            ends = [
                (event.t, event.group_id)
                for event in broker.trace.events
                if isinstance(event, GroupStateChanged) and event.state == "Empty"
            ]
            assert ends == [(10_000, "g0"), (20_000, "g1"), (30_000, "g2")]
            assert broker.trace.header.clock == "virtual"

    run(main())


def test_a_client_of_this_event_loop_answers_between_two_timers() -> None:
    """A member that beats as soon as its neighbour is out outlives what would have been its end."""

    async def main() -> None:
        async with (
            EmbeddedBroker(FAST, time="virtual") as broker,
            connected(broker) as quick,
            connected(broker) as slow,
        ):
            member = await stable(quick, "quick", session_timeout=10_000)
            await stable(slow, "slow", session_timeout=9_000)

            async def beat_when_it_is_out() -> int:
                await broker.wait_for_group("slow", state="Empty")
                return await beat(quick, member, "quick")

            beating = asyncio.ensure_future(beat_when_it_is_out())
            await broker.advance(18.999)
            assert await beating == 0
            group = broker.group("quick")
            assert group is not None
            assert group.state is GroupState.STABLE

    run(main())


def test_fetch_waits_and_delay_stay_real() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, time="virtual") as broker, connected(broker) as client:
            await create_topic(client, "orders")
            parts = [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 10}]
            asked: dict[str, Any] = {
                "replica_id": -1,
                "max_wait": 10,
                "min_bytes": 1,
                "max_bytes": 10,
                "topics": [{"topic": "orders", "partitions": parts}],
            }
            broker.delay(0.001, api="Fetch")
            began_ms = broker.now_ms
            answer = await client.ask("fetch", 11, asked)
            assert answer.responses[0].partitions[0].records == b""
            assert broker.now_ms == began_ms

    run(main())


def test_where_time_is_real_it_cannot_be_moved() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker:
            with pytest.raises(BrokerError, match='make it with time="virtual"'):
                await broker.advance(1)
        async with EmbeddedBroker(FAST, time="virtual") as broker:
            with pytest.raises(ValueError, match="advance by -1 s"):
                await broker.advance(-1)
        with pytest.raises(BrokerError, match="not running"):
            await broker.advance(1)

    run(main())


def test_the_clock_goes_on_while_the_broker_is_stopped() -> None:
    async def main() -> None:
        broker = EmbeddedBroker(FAST, time="virtual")
        async with broker:
            await broker.advance(100)
            stood_at = broker.now_ms
        with pytest.raises(BrokerError, match="not running"):
            _ = broker.now_ms
        async with broker:
            assert broker.now_ms == stood_at

    run(main())


async def test_timers_that_are_due_now_need_no_advance() -> None:
    clock, fired = VirtualClock(), []
    clock.call_at(clock.now_ms(), lambda: fired.append("due"))
    clock.call_at(clock.now_ms() + 1, lambda: fired.append("later"))
    clock.call_at(clock.now_ms() + 1, lambda: fired.append("cancelled")).cancel()
    await asyncio.sleep(0)
    assert fired == ["due"]
    await clock.advance(1)
    assert fired == ["due", "later"]


async def test_what_a_timer_raises_keeps_no_other_from_firing() -> None:
    """Two of five fail: `advance` raises the first, the loop is told of the other."""
    clock, fired, told = VirtualClock(), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail() -> None:
        raise ZeroDivisionError

    began_ms = clock.now_ms()
    for callback in (lambda: fired.append(1), fail, lambda: fired.append(2), fail):
        clock.call_at(began_ms + 10, callback)
    clock.call_at(began_ms + 10, lambda: fired.append(3))
    clock.call_at(began_ms + 20, lambda: fired.append(clock.now_ms() - began_ms))
    with pytest.raises(ZeroDivisionError):
        await clock.advance(100)
    assert (fired, clock.now_ms()) == ([1], began_ms + 10)
    for _ in range(2):
        await asyncio.sleep(0)
    assert fired == [1, 2, 3]
    assert [type(context["exception"]) for context in told] == [ZeroDivisionError]
    await clock.advance(90)
    assert (fired, clock.now_ms()) == ([1, 2, 3, 20], began_ms + 100)


async def test_timers_that_are_cancelled_are_let_go_while_time_stands() -> None:
    clock, fired = VirtualClock(), []
    for after_ms in range(100):
        clock.call_at(clock.now_ms() + after_ms + 1, lambda after=after_ms: fired.append(after))  # type: ignore[misc]
    for _ in range(10_000):
        clock.call_at(clock.now_ms() + 60_000, lambda: fired.append(-1)).cancel()
        assert len(clock._timers) <= 201
    await clock.advance(60_000)
    assert fired == list(range(100))


async def test_one_advance_at_a_time() -> None:
    clock, fired = VirtualClock(), []
    began_ms = clock.now_ms()
    for after_ms in (1, 2, 3):
        clock.call_at(began_ms + after_ms, lambda: fired.append(clock.now_ms() - began_ms))
    await asyncio.gather(clock.advance(2), clock.advance(1))
    assert fired == [1, 2, 3]
    assert clock.now_ms() == began_ms + 3
