"""A strategy used otherwise than it must be says what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebalance.clients.kafka_python import StrategyError, private, strategy
from tests.clients.kafka_python.group import close, consumer_with, create_topics
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


def test_unbound(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    for _ in range(2):
        with pytest.raises(StrategyError, match=r"not bound>: call bind\(consumer\) before"):
            consumer.poll(timeout_ms=30_000)
    close(consumer)


def test_shared_by_two_consumers(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy("sticky")
    first = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used)
    second = consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used)
    used.bind(first)
    with pytest.raises(StrategyError, match="bound to another consumer: make one strategy"):
        used.bind(second)
    with pytest.raises(StrategyError, match="bound to another consumer: make one strategy"):
        second.poll(timeout_ms=30_000)
    close(second)
    while not first.assignment():  # the rightful one does not suffer
        first.poll(timeout_ms=100)
    close(first)


def test_bound_to_a_consumer_it_was_not_given_to(kafka_broker: KafkaBroker) -> None:
    consumer = consumer_with(kafka_broker.bootstrap_servers, "group", [], strategy("sticky"))
    with pytest.raises(StrategyError, match="partition_assignment_strategy="):
        strategy("sticky").bind(consumer)
    close(consumer)


def test_bound_twice_to_the_same(kafka_broker: KafkaBroker) -> None:
    used = strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, "group", [], used)
    assert used.bind(consumer) is used.bind(consumer) is consumer
    close(consumer)


def test_a_consumer_without_group(kafka_broker: KafkaBroker) -> None:
    used = strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, None, [], used)
    with pytest.raises(StrategyError, match="no group_id"):
        used.bind(consumer)
    close(consumer)


def test_what_is_no_consumer() -> None:
    with pytest.raises(StrategyError, match="no KafkaConsumer"):
        strategy("sticky").bind(object())


@pytest.mark.parametrize(
    ("names", "of"),
    [
        ("CONSUMER", "KafkaConsumer"),
        ("COORDINATOR", "ConsumerCoordinator"),
        ("NET", "NetworkSelector"),
        ("MANAGER", "KafkaConnectionManager"),
        ("SUBSCRIPTION_STATE", "SubscriptionState"),
        ("CLUSTER", "ClusterMetadata"),
    ],
)
def test_an_unknown_kafka_python(
    kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, names: str, of: str
) -> None:
    monkeypatch.setattr(private, names, (*getattr(private, names), "_gone"))
    used = strategy("sticky")
    consumer: Any = consumer_with(kafka_broker.bootstrap_servers, "group", [], used)
    with pytest.raises(StrategyError, match=rf"kafka-python 3\.0\.\d+: {of} has no _gone"):
        used.bind(consumer)
    close(consumer)
