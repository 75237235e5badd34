"""A slow assignor in a real aiokafka leader: the loop lives, the group gets a plan, it is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.protocol.group import SyncGroupRequest

from rebalance.clients.aiokafka import Guard, TraceListener, strategy
from rebalance.timeline.trace import AssignorReplaced, Header, Trace
from tests.clients.aiokafka.group import Group, consumer_with, create_topics, started, until
from tests.clients.slow import Held, Looping
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
SOON = Guard(limit_ms=50)
NEVER = Guard(limit_ms=600_000)


async def test_the_loop_lives_while_an_assignor_is_at_work(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    held = Held()
    used = strategy(held, guard=NEVER)
    consumer = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    )
    joining = asyncio.create_task(consumer.start())
    await until(held.called.is_set)  # this very coroutine runs on the loop meanwhile
    held.let_go.set()
    try:
        await joining
        assert len(consumer.assignment()) == 2
    finally:
        await consumer.stop()


async def test_who_is_late_is_replaced_and_the_trace_says_so(
    kafka_broker: KafkaBroker, unique: Unique, caplog: pytest.LogCaptureFixture
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    held = Held()
    used = strategy(held, guard=SOON)
    consumer = consumer_with(kafka_broker.bootstrap_servers, group_id, [], used)
    trace = Trace(Header(source="test"))
    consumer.subscribe([topic], listener=TraceListener(trace, member="A", consumer=consumer))
    used.bind(consumer)
    try:
        async with started(consumer):
            assert len(consumer.assignment()) == 4
            generation_id = consumer._coordinator.generation
    finally:
        held.let_go.set()
    (told,) = [each for each in trace.events if isinstance(each, AssignorReplaced)]
    assert told == AssignorReplaced(
        t=told.t,
        group_id=group_id,
        member="A",
        assignor="held",
        replaced_by="sticky",
        reason="it gave no answer within 50 ms",
        generation_id=generation_id,
    )
    warned = [each for each in caplog.records if each.name == "rebalance.clients"]
    assert [each.levelno for each in warned] == [logging.WARNING]


async def test_an_endless_loop_costs_one_thread_and_no_rebalance(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    looping = Looping()
    used = strategy(looping, guard=SOON)
    consumer = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    )
    try:
        async with started(consumer):
            first = consumer._coordinator.generation
            consumer._coordinator.request_rejoin()
            await until(lambda: consumer._coordinator.generation > first)
            await until(lambda: len(consumer.assignment()) == 4)
        assert looping.calls == 1
    finally:
        looping.let_go = True


async def test_one_that_fails_may_be_replaced_instead(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})

    class Forgetting:
        name = "forgetting"

        def assign(self, cluster: Any, members: Any) -> Any:
            return {}

    used = strategy(Forgetting(), guard=Guard(on_failure="fall back"))
    consumer = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    )
    async with started(consumer):
        assert len(consumer.assignment()) == 4


async def test_partitions_that_appear_while_an_assignor_is_at_work_are_not_forgotten(
    kafka_broker: KafkaBroker, unique: Unique, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiokafka.cluster import ClusterMetadata
    from aiokafka.consumer.group_coordinator import GroupCoordinator

    first, second = unique("topic"), unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {first: 2, second: 3})
    sent: list[SyncGroupRequest] = []
    hidden = {second}
    send_req = GroupCoordinator._send_req
    partitions_for_topic = ClusterMetadata.partitions_for_topic

    async def send(self: Any, request: Any) -> Any:
        if isinstance(request, SyncGroupRequest):
            sent.append(request)
        return await send_req(self, request)

    def known(self: Any, topic: str) -> Any:
        return {0} if topic in hidden else partitions_for_topic(self, topic)

    monkeypatch.setattr(GroupCoordinator, "_send_req", send)
    monkeypatch.setattr(ClusterMetadata, "partitions_for_topic", known)
    held = Held()
    used = strategy(held, guard=NEVER)
    consumer = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [first, second], used)
    )
    joining = asyncio.create_task(consumer.start())
    try:
        await until(held.called.is_set)
        hidden.clear()
        held.let_go.set()
        await joining
        assert len(consumer.assignment()) == 5
        assert len(sent) == 1  # planned twice, for the topics as they are, and sent once
        assert held.calls == 2
    finally:
        held.let_go.set()
        await consumer.stop()


async def test_the_limit_comes_from_the_timeouts(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    held = Held()
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        try:  # a third of 300 ms, which nothing here waits for but the guard
            consumer = await group.join("A", [topic], held, rebalance_timeout_ms=300)
            assert len(consumer.assignment()) == 2
        finally:
            held.let_go.set()
