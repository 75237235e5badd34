"""What hurts a real aiokafka consumer, brought about on purpose, and how it gets over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rebalance.broker import EmbeddedBroker
from rebalance.protocol.timers import TimerKind
from tests.broker.faults.members import FAST, committed
from tests.broker.raw import connected, until

TOPIC = "orders"
FIRST = TopicPartition(TOPIC, 0)


@asynccontextmanager
async def broker_of(partitions: int = 2) -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker(FAST, time="virtual") as broker:
        broker.create_topic(TOPIC, partitions)
        yield broker


def consumer_of(broker: EmbeddedBroker, **more: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        TOPIC,
        **{
            "bootstrap_servers": broker.bootstrap_servers,
            "group_id": "g",
            "client_id": "service",
            "heartbeat_interval_ms": 20,
            "session_timeout_ms": 45_000,
            "rebalance_timeout_ms": 60_000,
            "retry_backoff_ms": 10,
            "enable_auto_commit": False,
            **more,
        },
    )


@asynccontextmanager
async def starting(consumer: AIOKafkaConsumer) -> AsyncIterator[None]:
    """A consumer that starts while the test goes on: `start` waits for the first generation."""
    begun = asyncio.ensure_future(consumer.start())
    try:
        yield
        await begun
    finally:
        await consumer.stop()


async def test_a_commit_whose_answer_is_lost_counts_and_is_sent_again() -> None:
    async with broker_of() as broker:
        commits = broker.watch(api="OffsetCommit", group_id="g")
        async with consumer_of(broker) as consumer:
            await broker.wait_for_group("g", state="Stable")
            broker.drop("after", api="OffsetCommit", times=1)
            await consumer.commit({FIRST: 5})
            assert [(seen.was_cut, seen.errors) for seen in commits.requests] == [
                (True, None),
                (False, ()),
            ]
            assert await consumer.committed(FIRST) == 5


async def test_a_commit_that_is_lost_on_its_way_does_not_count_until_it_is_sent_again() -> None:
    async with broker_of() as broker, consumer_of(broker) as consumer:
        await broker.wait_for_group("g", state="Stable")
        broker.drop("before", api="OffsetCommit", times=1)
        with broker.hold(api="OffsetCommit") as again:
            committing = asyncio.ensure_future(consumer.commit({FIRST: 5}))
            await again.hit()
            async with connected(broker) as client:
                assert await committed(client, "g", TOPIC) == -1
        await committing
        assert await consumer.committed(FIRST) == 5


async def test_j05_a_join_whose_answer_is_lost_leaves_an_id_behind_until_its_timeout() -> None:
    """The id that was handed out is pending: while it is, no join phase ends (G04)."""
    async with broker_of() as broker, consumer_of(broker, client_id="first"):
        await broker.wait_for_group("g", state="Stable")
        lost = broker.drop("after", api="JoinGroup", times=1)
        async with starting(consumer_of(broker, client_id="second")):
            group = await broker.wait_for_group(
                "g", lambda group: [m.awaits_join for m in group.members] == [True, True]
            )
            (ghost,) = group.pending_member_ids
            assert lost.requests[0].was_cut
            sessions = {key.member_id: left for key, left in broker.timers("g").items()}
            assert sessions[ghost] == 45_000
            await broker.advance(45)
            group = await broker.wait_for_group("g", state="Stable", members=2)
            assert (group.generation_id, group.pending_member_ids) == (2, ())


async def test_the_coordinator_is_not_available_and_then_it_is() -> None:
    async with broker_of() as broker:
        refused = broker.answer_with("COORDINATOR_NOT_AVAILABLE", api="FindCoordinator", times=3)
        async with consumer_of(broker):
            assert (await broker.wait_for_group("g", state="Stable")).generation_id == 1
            assert refused.hits == 3


async def test_a_heartbeat_says_rebalance_in_progress_and_the_member_rejoins() -> None:
    async with broker_of() as broker, consumer_of(broker) as consumer:
        before = await broker.wait_for_group("g", state="Stable")
        broker.answer_with("REBALANCE_IN_PROGRESS", api="Heartbeat", times=1)
        after = await broker.wait_for_group(
            "g", lambda group: group.generation_id == 2, state="Stable"
        )
        assert after.members[0].member_id == before.members[0].member_id
        await until(lambda: len(consumer.assignment()) == 2)


async def test_a_heartbeat_says_unknown_member_and_the_member_begins_anew() -> None:
    """Its coordinator still has the old one, and waits for it until its session is over (H06)."""
    async with broker_of() as broker, consumer_of(broker):
        before = await broker.wait_for_group("g", state="Stable")
        old = before.members[0].member_id
        broker.answer_with("UNKNOWN_MEMBER_ID", api="Heartbeat", member_id=old, times=1)
        group = await broker.wait_for_group("g", members=2)
        assert [member.awaits_join for member in group.members] == [False, True]
        await broker.advance(45)
        group = await broker.wait_for_group("g", state="Stable", members=1)
        assert group.members[0].member_id != old


async def test_s04_a_sync_that_is_held_lets_the_rebalance_time_out() -> None:
    async with broker_of() as broker:
        held = broker.hold(api="SyncGroup", times=1)
        async with starting(consumer_of(broker)):
            await held.hit()
            (sync,) = (key for key in broker.timers("g") if key.kind is TimerKind.SYNC)
            assert broker.timers("g")[sync] == 60_000
            await broker.advance(60)
            assert (await broker.wait_for_group("g", state="Empty")).members == ()
            held.release()  # UNKNOWN_MEMBER_ID: it begins anew
            assert (await broker.wait_for_group("g", state="Stable")).generation_id > 1


async def test_h06_who_is_silent_is_out_after_45_s_and_who_beats_lives() -> None:
    async with broker_of() as broker, consumer_of(broker, client_id="living") as living:
        await broker.wait_for_group("g", state="Stable", members=1)
        async with consumer_of(broker, client_id="silent"):
            await broker.wait_for_group("g", state="Stable", members=2)
            mute = broker.hold(api="Heartbeat", client_id="silent")
            await mute.hit()
            beats = broker.watch(api="Heartbeat", client_id="living")
            for _ in range(5):
                await broker.advance(10)
                # Its timers are real: it is given the time to be heard of.
                await beats.hit(beats.hits + 1)
            group = await broker.wait_for_group("g", state="Stable", members=1)
            assert [member.client_id for member in group.members] == ["living"]
            await until(lambda: len(living.assignment()) == 2)
            mute.release()


async def test_h06_a_session_that_is_expired_by_hand() -> None:
    async with broker_of() as broker, consumer_of(broker):
        before = await broker.wait_for_group("g", state="Stable")
        old = before.members[0].member_id
        await broker.expire_session("g", old)
        group = await broker.wait_for_group(
            "g", lambda group: all(m.member_id != old for m in group.members), state="Stable"
        )
        assert len(group.members) == 1


async def test_a_fetch_that_is_refused_and_a_fetch_that_is_throttled_lose_nothing() -> None:
    async with broker_of() as broker:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            for number in range(20):
                await producer.send_and_wait(TOPIC, b"%d" % number, partition=number % 2)
        refused = broker.answer_with("NOT_LEADER_OR_FOLLOWER", api="Fetch", times=2)
        throttled = broker.throttle(1, api="Fetch", times=2)
        dropped = broker.drop("after", api="Fetch", times=1)
        async with consumer_of(broker, auto_offset_reset="earliest") as consumer:
            seen = [int((await consumer.getone()).value) for _ in range(20)]
        assert sorted(seen) == list(range(20))
        assert (refused.hits, throttled.hits, dropped.hits) == (2, 2, 1)
