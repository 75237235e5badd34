"""A strategy used otherwise than it must be says what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from rebalance.clients.aiokafka import StrategyError, private, strategy
from tests.clients.aiokafka.group import consumer_with, create_topics, started
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
NOWHERE = "127.0.0.1:1"


async def test_unbound(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    with pytest.raises(StrategyError, match=r"not bound>: call bind\(consumer\) before"):
        await consumer.start()
    await consumer.stop()


async def test_shared_by_two_consumers(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy("sticky")
    first = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used)
    second = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used)
    used.bind(first)
    with pytest.raises(StrategyError, match="bound to another consumer: make one strategy"):
        used.bind(second)
    async with started(first):
        with pytest.raises(StrategyError, match="bound to another consumer: make one strategy"):
            await second.start()
        await second.stop()
        assert len(first.assignment()) == 1  # the rightful one does not suffer
    first_not_started = strategy("sticky")
    idle = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], first_not_started)
    thief = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], first_not_started)
    first_not_started.bind(idle)
    with pytest.raises(StrategyError, match="bound to another consumer"):
        await thief.start()
    await thief.stop()
    await idle.stop()


async def test_bound_to_a_consumer_it_was_not_given_to() -> None:
    consumer = consumer_with(NOWHERE, "group", [], strategy("sticky"))
    with pytest.raises(StrategyError, match="partition_assignment_strategy="):
        strategy("sticky").bind(consumer)
    await consumer.stop()


async def test_bound_twice_to_the_same() -> None:
    used = strategy("sticky")
    consumer = consumer_with(NOWHERE, "group", [], used)
    assert used.bind(consumer) is used.bind(consumer) is consumer
    await consumer.stop()


async def test_a_consumer_without_group() -> None:
    used = strategy("sticky")
    consumer = AIOKafkaConsumer(bootstrap_servers=NOWHERE, partition_assignment_strategy=[used])
    with pytest.raises(StrategyError, match="no group_id"):
        used.bind(consumer)
    await consumer.stop()


def test_what_is_no_consumer() -> None:
    with pytest.raises(StrategyError, match="no AIOKafkaConsumer"):
        strategy("sticky").bind(object())


async def test_an_unknown_aiokafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "CONSUMER", (*private.CONSUMER, "_gone"))
    used = strategy("sticky")
    consumer = consumer_with(NOWHERE, "group", [], used)
    with pytest.raises(StrategyError, match=r"aiokafka 0\.14\.\d+: AIOKafkaConsumer has no _gone"):
        used.bind(consumer)
    await consumer.stop()


async def test_an_unknown_coordinator(
    kafka_broker: KafkaBroker, unique: Unique, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "COORDINATOR", (*private.COORDINATOR, "_gone"))
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy("sticky")
    consumer: Any = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    )
    with pytest.raises(StrategyError, match="GroupCoordinator has no _gone"):
        await consumer.start()
    await consumer.stop()
