"""CreateTopics and DeleteTopics: what is refused, with which code, and what stays undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import KafkaBroker


def _wanted(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "num_partitions": 2, "replication_factor": 1, **more}


async def _create(client: RawConnection, *topics: dict[str, Any], **more: Any) -> list[Any]:
    asked = {"topics": list(topics), "timeout": 10_000, **more}
    return list((await client.ask("create_topics", 7, asked)).topics)


def _assigned(*partitions: tuple[int, list[int]], **more: Any) -> dict[str, Any]:
    return {
        "num_partitions": -1,
        "replication_factor": -1,
        "assignments": [{"partition_index": p, "broker_ids": ids} for p, ids in partitions],
        **more,
    }


CASES: list[tuple[str, dict[str, Any], int]] = [
    ("defaults", {"num_partitions": -1, "replication_factor": -1}, 0),
    ("no partitions", {"num_partitions": 0}, 37),
    ("less than none", {"num_partitions": -2}, 37),
    ("no replicas", {"replication_factor": 0}, 38),
    ("too many replicas", {"replication_factor": 3}, 38),
    ("both wrong", {"num_partitions": 0, "replication_factor": 0}, 38),
    ("too many partitions", {"num_partitions": 10_001}, 44),
    ("unknown config", {"configs": [{"name": "nope", "value": "1"}]}, 40),
    ("null config", {"configs": [{"name": "retention.ms", "value": None}]}, 40),
    ("bad config", {"configs": [{"name": "retention.bytes", "value": "x"}]}, 40),
    ("too small a config", {"configs": [{"name": "max.message.bytes", "value": "-1"}]}, 40),
    ("bad truth", {"configs": [{"name": "preallocate", "value": "perhaps"}]}, 40),
    ("good config", {"configs": [{"name": "retention.bytes", "value": "7"}]}, 0),
    ("assigned", _assigned((0, [1]), (1, [1])), 0),
    ("assigned with a gap", _assigned((1, [1])), 39),
    ("assigned with a count", _assigned((0, [1]), num_partitions=1), 42),
    ("assigned with replicas", _assigned((0, [1]), replication_factor=1), 42),
    ("assigned to a stranger", _assigned((0, [7])), 39),
    ("assigned to nobody", _assigned((0, [])), 39),
    ("assigned twice to one", _assigned((0, [1, 1])), 39),
    ("assigned twice", _assigned((0, [1]), (0, [1])), 39),
]


@pytest.mark.parametrize(("more", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_what_is_created_and_what_is_refused(
    more: dict[str, Any], code: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        (answer,) = await _create(client, _wanted(unique("topic"), **more))
        assert answer.error_code.value == code
        assert (answer.error_message is None) == (code == 0)


async def test_the_answer_tells_what_was_made(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        configs = [{"name": "retention.ms", "value": "5"}, {"name": "retention.ms", "value": "6"}]
        (made,) = await _create(client, _wanted(unique("topic"), configs=configs))
        assert (made.num_partitions, made.replication_factor) == (2, 1)
        assert made.topic_id is not None
        told = {c.name: (c.value, c.config_source) for c in made.configs}
        assert told["retention.ms"] == ("6", 1)
        assert told["cleanup.policy"] == ("delete", 5)
        assert len(told) == 37


@pytest.mark.parametrize("name", ["a b", "", ".", "..", "x" * 250, "ä", "a/b", "a\n"])
async def test_names_that_cannot_be(name: str, kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        (answer,) = await _create(client, _wanted(name))
        assert answer.error_code.value == 17


async def test_a_topic_that_exists_and_one_that_collides(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name = unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, f"{name}.x")
        (again,) = await _create(client, _wanted(f"{name}.x"))
        (near,) = await _create(client, _wanted(f"{name}_x"))
        assert (again.error_code.value, near.error_code.value) == (36, 17)


async def test_a_topic_wanted_twice_is_refused_once(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name, other = unique("topic"), unique("topic")
    async with connected(kafka_broker) as client:
        answers = await _create(client, _wanted(name), _wanted(name), _wanted(other))
        assert {a.name: a.error_code.value for a in answers} == {name: 42, other: 0}


async def test_validate_only_creates_nothing(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name = unique("topic")
    async with connected(kafka_broker) as client:
        (answer,) = await _create(client, _wanted(name), validate_only=True)
        assert (answer.error_code.value, answer.num_partitions) == (0, 2)
        asked = {"topics": [{"name": name}], "allow_auto_topic_creation": False}
        (topic,) = (await client.ask("metadata", 12, asked)).topics
        assert topic.error_code.value == 3


async def _delete(client: RawConnection, *topics: dict[str, Any]) -> list[Any]:
    asked = {"topics": list(topics), "timeout": 10_000}
    return list((await client.ask("delete_topics", 6, asked)).responses)


async def test_delete_by_name_and_by_id(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    first, second = unique("topic"), unique("topic")
    async with connected(kafka_broker) as client:
        await create_topic(client, first)
        topic_id = await create_topic(client, second)
        (gone,) = await _delete(client, {"name": first})
        assert (gone.name, gone.error_code.value) == (first, 0)
        (gone,) = await _delete(client, {"name": None, "topic_id": topic_id})
        assert (gone.name, gone.topic_id, gone.error_code.value) == (second, topic_id, 0)


async def test_delete_refusals(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    name = unique("topic")
    async with connected(kafka_broker) as client:
        topic_id = await create_topic(client, name)
        for topic, code in (
            ({"name": unique("missing")}, 3),
            ({"name": None, "topic_id": UUID(int=42)}, 100),
            ({"name": name, "topic_id": topic_id}, 42),
            ({"name": None, "topic_id": None}, 42),
        ):
            (answer,) = await _delete(client, topic)
            assert answer.error_code.value == code
        (twice,) = await _delete(client, {"name": name}, {"name": name})
        assert twice.error_code.value == 42


def test_deletion_can_be_switched_off() -> None:
    async def main() -> None:
        settings = {"delete.topic.enable": "false"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            (answer,) = await _delete(client, {"name": "orders"})
            assert answer.error_code.value == 73
            assert len((await client.ask("metadata", 1, {"topics": None})).topics) == 1

    run(main())
