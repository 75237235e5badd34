"""DeleteGroups: what goes and what stays, on the embedded broker and on Apache Kafka alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

from tests.broker.handlers.test_groups import joined
from tests.broker.handlers.test_offsets import commit, commit_of, fetch, offsets, ready
from tests.broker.raw import RawConnection, connected, create_topic
from tests.support.brokers import KafkaBroker

NON_EMPTY, NOT_FOUND = 68, 69


async def _delete(client: RawConnection, version: int, *groups: str) -> list[tuple[str, int]]:
    answer = await client.ask("delete_groups", version, {"groups_names": list(groups)})
    return [(result.group_id, result.error_code.value) for result in answer.results]


async def _committed(client: RawConnection, group: str, topic: str) -> None:
    await ready(client, group)
    await create_topic(client, topic)
    assert await commit(client, commit_of(group, topic, 0)) == {0: 0}


@pytest.mark.parametrize("version", range(3))
async def test_an_empty_group_goes_with_its_offsets(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await _committed(client, group, topic)
        assert offsets(await fetch(client, group, None)) == {(topic, 0): 42}
        assert await _delete(client, version, group) == [(group, 0)]
        assert offsets(await fetch(client, group, None)) == {}
        described = await client.ask("describe_groups", 5, {"groups": [group]})
        assert described.groups[0].group_state == "Dead"
        assert await _delete(client, version, group) == [(group, NOT_FOUND)]


@pytest.mark.parametrize("version", range(3))
async def test_a_group_with_members_stays(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await _committed(client, group, topic)
        me = await joined(client, group)
        assert await _delete(client, version, group) == [(group, NON_EMPTY)]
        assert offsets(await fetch(client, group, None)) == {(topic, 0): 42}
        leave = {"group_id": group, "members": [{"member_id": me.member_id}]}
        assert (await client.ask("leave_group", 3, leave)).error_code.value == 0
        assert await _delete(client, version, group) == [(group, 0)]


@pytest.mark.parametrize("version", range(3))
async def test_each_group_of_a_batch_has_its_own_answer(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    empty, busy, missing, topic = unique("group"), unique("group"), unique("group"), unique("topic")
    async with connected(kafka_broker) as client:
        await _committed(client, empty, topic)
        await joined(client, busy)
        answers = await _delete(client, version, missing, empty, busy, empty)
        assert sorted(answers) == sorted([(missing, NOT_FOUND), (empty, 0), (busy, NON_EMPTY)])
        assert await _delete(client, version) == []


async def test_aiokafka_deletes_a_group(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group, topic = unique("group"), unique("topic")
    address = {"bootstrap_servers": kafka_broker.bootstrap_servers}
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await create_topic(client, topic)
    admin = AIOKafkaAdminClient(**address)
    await admin.start()
    try:
        consumer = AIOKafkaConsumer(topic, **address, group_id=group)
        await consumer.start()
        try:
            await consumer.commit({TopicPartition(topic, 0): 7})
            assert await _admin_deletes(admin, group) == [(group, NON_EMPTY)]
        finally:
            await consumer.stop()
        assert await _admin_deletes(admin, group) == [(group, 0)]
        assert await admin.list_consumer_group_offsets(group) == {}
        assert group not in [name for name, _ in await admin.list_consumer_groups()]
    finally:
        await admin.close()


async def _admin_deletes(admin: Any, group: str) -> list[tuple[str, int]]:
    """As `AIOKafkaAdminClient` would, which has no method for it."""
    coordinator = await admin.find_coordinator(group)
    response = await admin._send_request_to_node(coordinator, DeleteGroupsRequest([group]))
    return [(name, code) for name, code in response.results]
