"""`optimized` in real consumers: eager through aiokafka, eager and cooperative in kafka-python."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("kafka", reason="kafka-python is an extra")

from assignors import PartitionSet
from assignors.optimized import CooperativeOptimizedAssignor, Objective, OptimizedAssignor, Weights
from tests.clients.aiokafka.group import Group as AiokafkaGroup
from tests.clients.aiokafka.group import create_topics as create_topics_async
from tests.clients.kafka_python.group import Group, create_topics
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


def weighed(topic: str, kind: Any = OptimizedAssignor, **arguments: Any) -> Any:
    """Partitions 0 and 1 weigh as much as all the others."""
    weights = Weights({topic: [10, 10, 1, 1, 1, 1]})
    return kind(objective=Objective(weights=weights), **arguments)


def heavy(topic: str, owned: dict[str, PartitionSet]) -> list[int]:
    return sorted(len(each & PartitionSet({topic: [0, 1]})) for each in owned.values())


async def test_through_aiokafka(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics_async(kafka_broker.bootstrap_servers, {topic: 6})
    async with AiokafkaGroup(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [topic], weighed(topic))
        await group.settled({topic: 6})
        await group.join("B", [topic], weighed(topic))
        both = await group.settled({topic: 6})
        assert heavy(topic, both) == [1, 1]
        await group.leave("B")
        await group.join("B", [topic], weighed(topic))
        again = await group.settled({topic: 6})
        assert heavy(topic, again) == [1, 1]


@pytest.mark.parametrize("kind", [OptimizedAssignor, CooperativeOptimizedAssignor])
def test_through_kafka_python(kafka_broker: KafkaBroker, unique: Unique, kind: Any) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], weighed(topic, kind))
        group.settled({topic: 6})
        group.join("B", [topic], weighed(topic, kind))
        assert heavy(topic, group.settled({topic: 6})) == [1, 1]
        group.leave("A")
        group.settled({topic: 6})


def test_a_large_pod_gets_more_and_who_is_configured_otherwise_is_named(
    kafka_broker: KafkaBroker, unique: Unique, caplog: pytest.LogCaptureFixture
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], OptimizedAssignor(capacity=2))
        group.settled({topic: 6})
        group.join("B", [topic], OptimizedAssignor(capacity=1))
        owned = group.settled({topic: 6})
        assert {name: len(each) for name, each in owned.items()} == {"A": 4, "B": 2}
        assert not [each for each in caplog.records if "configured" in each.getMessage()]

        odd = group.join("C", [topic], weighed(topic))
        group.settled({topic: 6})
        member_id = odd.consumer._coordinator._generation.member_id
    warned = [
        each.getMessage()
        for each in caplog.records
        if each.name == "rebalance.clients" and each.levelno == logging.WARNING
    ]
    assert any("another objective" in each and each.endswith(member_id) for each in warned)
