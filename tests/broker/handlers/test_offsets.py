"""OffsetCommit and OffsetFetch: what the handlers decide before the coordinator is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import KafkaBroker

NOT_READY = (14, 15, 16)
"""Apache Kafka makes its offsets topic at the first question (A06)."""


def commit_of(group: str, topic: str, *partitions: int, **more: Any) -> dict[str, Any]:
    metadata = more.pop("metadata", "note")
    topic_id = more.pop("topic_id", None)
    return {
        "group_id": group,
        "generation_id_or_member_epoch": -1,
        "member_id": "",
        "retention_time": -1,
        "topics": [
            {
                "name": topic,
                "topic_id": topic_id,
                "partitions": [
                    {
                        "partition_index": partition,
                        "committed_offset": 42,
                        "committed_leader_epoch": 0,
                        "committed_metadata": metadata,
                    }
                    for partition in partitions
                ],
            }
        ],
        **more,
    }


async def ready(client: RawConnection, group: str) -> None:
    """Until the group's coordinator answers; at once on the embedded broker."""
    find = {"key_type": 0, "coordinator_keys": [group]}
    while (await client.ask("find_coordinator", 4, find)).coordinators[0].error_code.value:
        pass
    while (await fetch(client, group, None)).error_code.value in NOT_READY:
        pass


async def commit(client: RawConnection, asked: dict[str, Any], version: int = 8) -> dict[int, int]:
    answer = await client.ask("offset_commit", version, asked)
    return {p.partition_index: p.error_code.value for t in answer.topics for p in t.partitions}


async def fetch(
    client: RawConnection, group: str, topics: Any, version: int = 8, **more: Any
) -> Any:
    asked = {"groups": [{"group_id": group, "topics": topics}], **more}
    (found,) = (await client.ask("offset_fetch", version, asked)).groups
    return found


def offsets(found: Any) -> dict[tuple[str, int], int]:
    return {
        (t.name, p.partition_index): p.committed_offset for t in found.topics for p in t.partitions
    }


async def test_o03_a_partition_that_does_not_exist_is_refused_and_the_rest_commits(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await create_topic(client, topic, 2)
        assert await commit(client, commit_of(group, topic, 0, 9, -1)) == {0: 0, 9: 3, -1: 3}
        found = await fetch(client, group, None)
        assert offsets(found) == {(topic, 0): 42}


async def test_o03_v10_names_topics_by_id(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        topic_id = await create_topic(client, topic)
        asked = commit_of(group, "", 0, 9, topic_id=topic_id)
        assert await commit(client, asked, 10) == {0: 0, 9: 3}
        unknown = commit_of(group, "", 0, topic_id=UUID(int=42))
        assert await commit(client, unknown, 10) == {0: 100}
        wanted = [
            {"topic_id": topic_id, "partition_indexes": [0]},
            {"topic_id": UUID(int=42), "partition_indexes": [0]},
        ]
        found = await fetch(client, group, wanted, 10)
        assert {
            (t.topic_id, p.committed_offset, p.error_code.value)
            for t in found.topics
            for p in t.partitions
        } == {(topic_id, 42, 0), (UUID(int=42), -1, 100)}
        everything = await fetch(client, group, None, 10)
        assert [t.topic_id for t in everything.topics] == [topic_id]


async def test_o03_metadata_is_counted_in_utf16_units(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await create_topic(client, topic)
        for metadata, code in (("ä" * 4096, 0), ("x" * 4097, 12), ("😀" * 2049, 12), (None, 0)):
            asked = commit_of(group, topic, 0, metadata=metadata)
            assert await commit(client, asked) == {0: code}


async def test_o04_an_unknown_group_has_nothing_committed(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("missing")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        found = await fetch(client, group, [{"name": topic, "partition_indexes": [0, 7]}])
        assert offsets(found) == {(topic, 0): -1, (topic, 7): -1}
        assert found.error_code.value == 0
        assert (await fetch(client, group, None)).topics == ()
        assert (await fetch(client, group, [])).topics == ()


async def test_o04_v8_asks_for_several_groups(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    first, second, topic = unique("group"), unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, first)
        await create_topic(client, topic)
        await commit(client, commit_of(first, topic, 0))
        groups = [{"group_id": group, "topics": None} for group in (first, second)]
        answer = await client.ask("offset_fetch", 8, {"groups": groups, "require_stable": True})
        assert {g.group_id: len(g.topics) for g in answer.groups} == {first: 1, second: 0}


async def test_o09_a_commit_without_any_existing_partition_never_reaches_the_coordinator(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await create_topic(client, topic)
        # A generation that no group has: the coordinator would answer ILLEGAL_GENERATION.
        late = {"generation_id_or_member_epoch": 7, "member_id": "nobody"}
        assert await commit(client, commit_of(group, topic, 9, **late)) == {9: 3}
        assert await commit(client, commit_of(group, topic, 0, **late)) == {0: 22}
        assert await commit(client, {**commit_of(group, topic), "topics": []}) == {}


def test_o09_leaves_no_group_behind() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            await commit(client, commit_of("g", "orders", 9))
            assert broker.group("g") is None
            await commit(client, commit_of("g", "orders", 0))
            assert broker.group("g") is not None

    run(main())


@pytest.mark.parametrize("version", range(1, 8))
async def test_the_group_id_may_be_empty(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic = unique("topic")
    async with connected(kafka_broker) as client:
        await ready(client, "")
        await create_topic(client, topic)
        assert await commit(client, commit_of("", topic, 0)) == {0: 0}
        asked = {"group_id": "", "topics": [{"name": topic, "partition_indexes": [0]}]}
        answer = await client.ask("offset_fetch", version, asked)
        assert offsets(answer) == {(topic, 0): 42}
