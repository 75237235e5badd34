"""Metadata: which topics are told, and which come into being by being asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import connected, create_topic, run
from tests.support.brokers import KafkaBroker


def _asked(*names: str | None, **more: Any) -> dict[str, Any]:
    return {"topics": [{"name": name} for name in names], **more}


def test_all_topics_are_an_empty_list_in_v0_and_null_later() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("a", 1)
            broker.create_topic("b", 2)
            for version in range(14):
                everything: dict[str, Any] = {"topics": [] if version == 0 else None}
                answer = await client.ask("metadata", version, everything)
                assert {t.name: len(t.partitions) for t in answer.topics} == {"a": 1, "b": 2}
                if version > 0:
                    assert (await client.ask("metadata", version, _asked())).topics == ()

    run(main())


@pytest.mark.parametrize(
    ("name", "code"), [("a b", 17), ("", 17), (".", 17), ("x" * 250, 17), ("x" * 249, 3)]
)
async def test_a_name_that_cannot_be(name: str, code: int, kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        asked = _asked(name, allow_auto_topic_creation=False)
        (topic,) = (await client.ask("metadata", 12, asked)).topics
        assert (topic.error_code.value, topic.name, topic.topic_id) == (code, name, None)


async def test_a_topic_named_twice_is_told_once(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, name)
        (topic,) = (await client.ask("metadata", 12, _asked(name, name))).topics
        assert topic.name == name


async def test_by_topic_id(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    name = unique("topic")
    async with connected(kafka_broker) as client:
        topic_id = await create_topic(client, name)
        for version in (12, 13):
            asked = {"topics": [{"name": None, "topic_id": topic_id}]}
            (topic,) = (await client.ask("metadata", version, asked)).topics
            assert (topic.error_code.value, topic.name, topic.topic_id) == (0, name, topic_id)
            asked = {"topics": [{"name": None, "topic_id": UUID(int=42)}]}
            (topic,) = (await client.ask("metadata", version, asked)).topics
            assert (topic.error_code.value, topic.name) == (100, None)
        for version in (10, 11):
            asked = {"topics": [{"name": name, "topic_id": topic_id}]}
            (topic,) = (await client.ask("metadata", version, asked)).topics
            assert topic.error_code.value == 42


async def test_who_gives_an_id_is_told_of_ids_alone(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name, absent = unique("topic"), unique("absent")
    async with connected(kafka_broker) as client:
        topic_id = await create_topic(client, name)
        keys = [(name, None), (absent, None), (None, topic_id), (absent, topic_id)]
        topics = [{"name": name, "topic_id": topic_id} for name, topic_id in keys]
        told = (await client.ask("metadata", 12, {"topics": topics})).topics
        assert [(topic.error_code.value, topic.name) for topic in told] == [(0, name)]


async def test_authorized_operations_when_asked_for(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name = unique("topic")
    both = {
        "include_topic_authorized_operations": True,
        "include_cluster_authorized_operations": True,
    }
    async with connected(kafka_broker) as client:
        await create_topic(client, name)
        answer = await client.ask("metadata", 9, _asked(name, **both))
        assert answer.topics[0].topic_authorized_operations == 3576
        assert answer.cluster_authorized_operations == 8096
        answer = await client.ask("metadata", 9, _asked(name))
        assert answer.topics[0].topic_authorized_operations == -(2**31)
        assert answer.cluster_authorized_operations == -(2**31)


@pytest.mark.parametrize(
    ("settings", "allowed", "partitions"),
    [
        ({}, True, 3),
        ({}, False, 0),
        ({"auto.create.topics.enable": "false"}, True, 0),
    ],
)
def test_automatic_creation_needs_the_broker_and_the_client(
    settings: dict[str, str], allowed: bool, partitions: int
) -> None:
    """The first answer says that it is unknown, whatever becomes of it, as Kafka's does."""

    async def main() -> None:
        async with (
            EmbeddedBroker({"num.partitions": "3", **settings}) as broker,
            connected(broker) as client,
        ):
            asked = _asked("orders", allow_auto_topic_creation=allowed)
            (first,) = (await client.ask("metadata", 4, asked)).topics
            (second,) = (await client.ask("metadata", 4, asked)).topics
            assert (first.error_code.value, len(first.partitions)) == (3, 0)
            code = 0 if partitions else 3
            assert (second.error_code.value, len(second.partitions)) == (code, partitions)

    run(main())


def test_beyond_max_partitions_creation_is_refused_and_a_topic_asked_for_does_not_exist(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        settings = {"max.partitions": "5", "num.partitions": "3"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            asked = {"topics": [{"name": name} for name in ("first", "second")]}
            await client.ask("metadata", 9, asked)
            answer = await client.ask("metadata", 9, asked)
            assert [(t.name, t.error_code.value) for t in answer.topics] == [
                ("first", 0),
                ("second", 3),
            ]
            wanted = {"name": "third", "num_partitions": 3, "replication_factor": 1}
            answer = await client.ask("create_topics", 5, {"topics": [wanted], "timeout": 1000})
            assert answer.topics[0].error_code.value == 44
            assert answer.topics[0].error_message == (
                "3 more partitions would make 6; max.partitions allows 5."
            )

    run(main())
    assert len(caplog.records) == 1
