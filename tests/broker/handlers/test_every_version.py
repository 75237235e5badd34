"""Every API in every version that is advertised: kio's bytes in, kio reads what comes out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.apis import APIS
from tests.broker.batch_maker import batch, values
from tests.broker.handlers import admin_checks
from tests.broker.raw import ALL_VERSIONS, RawConnection, connected, run

Check = Callable[[Any], None]


async def _topic_id(client: RawConnection) -> Any:
    answer = await client.ask("metadata", 12, {"topics": [{"name": "orders"}]})
    return answer.topics[0].topic_id


async def _join(client: RawConnection) -> tuple[str, int]:
    """A member of group "g" in its first generation; v3 asks for no second JoinGroup (J05)."""
    joined = await client.ask("join_group", 3, _JOIN)
    synced = await client.ask(
        "sync_group",
        0,
        {
            "group_id": "g",
            "generation_id": joined.generation_id,
            "member_id": joined.member_id,
            "assignments": [{"member_id": joined.member_id, "assignment": b"all"}],
        },
    )
    assert synced.assignment == b"all"
    return joined.member_id, joined.generation_id


_JOIN = {
    "group_id": "g",
    "session_timeout": 10_000,
    "rebalance_timeout": 20_000,
    "member_id": "",
    "protocol_type": "consumer",
    "protocols": [{"name": "range", "metadata": b"\x00\x01"}],
    "reason": "test",
}


def _entries(answer: Any, *names: str) -> Any:
    """Walk down the only entry of nested lists."""
    for name in names:
        (answer,) = getattr(answer, name)
    return answer


async def _produce(client: RawConnection, version: int) -> None:
    answer = await client.ask(
        "produce",
        version,
        {
            "acks": -1,
            "timeout": 1000,
            "topic_data": [
                {
                    "name": "orders",
                    "topic_id": await _topic_id(client),
                    "partition_data": [{"index": 1, "records": batch(b"a", b"b")}],
                }
            ],
        },
    )
    part = _entries(answer, "responses", "partition_responses")
    assert (part.index, part.error_code.value, part.base_offset) == (1, 0, 0)


async def _fetch(client: RawConnection, version: int) -> None:
    await _produce(client, 9)
    answer = await client.ask(
        "fetch",
        version,
        {
            "replica_id": -1,
            "max_wait": 10_000,
            "min_bytes": 1,
            "max_bytes": 10_000,
            "topics": [
                {
                    "topic": "orders",
                    "topic_id": await _topic_id(client),
                    "partitions": [
                        {"partition": 1, "fetch_offset": 0, "partition_max_bytes": 10_000}
                    ],
                }
            ],
        },
    )
    part = _entries(answer, "responses", "partitions")
    assert (part.error_code.value, part.high_watermark, part.last_stable_offset) == (0, 2, 2)
    assert values(part.records) == [(0, b"a"), (1, b"b")]
    assert getattr(answer, "session_id", 0) == 0


async def _list_offsets(client: RawConnection, version: int) -> None:
    await _produce(client, 9)
    answer = await client.ask(
        "list_offsets",
        version,
        {
            "replica_id": -1,
            "topics": [{"name": "orders", "partitions": [{"partition_index": 1, "timestamp": -1}]}],
        },
    )
    part = _entries(answer, "topics", "partitions")
    assert (part.error_code.value, part.offset, part.timestamp) == (0, 2, -1)


async def _metadata(client: RawConnection, version: int) -> None:
    answer = await client.ask("metadata", version, {"topics": [{"name": "orders"}]})
    (node,) = answer.brokers
    assert (node.node_id, node.host) == (1, "127.0.0.1")
    topic = _entries(answer, "topics")
    assert (topic.name, topic.error_code.value) == ("orders", 0)
    assert [part.leader_id for part in topic.partitions] == [1, 1, 1]
    assert (getattr(topic, "topic_id", None) is not None) == (version >= 10)


async def _find_coordinator(client: RawConnection, version: int) -> None:
    answer = await client.ask(
        "find_coordinator", version, {"key": "g", "key_type": 0, "coordinator_keys": ["g"]}
    )
    found = answer if version < 4 else _entries(answer, "coordinators")
    assert (found.error_code.value, found.node_id, found.host) == (0, 1, "127.0.0.1")


async def _api_versions(client: RawConnection, version: int) -> None:
    answer = await client.ask(
        "api_versions",
        version,
        {"client_software_name": "raw", "client_software_version": "1.0"},
    )
    assert {(a.api_key, a.min_version, a.max_version) for a in answer.api_keys} == {
        (api.key, *api.advertised) for api in APIS.values()
    }


async def _init_producer_id(client: RawConnection, version: int) -> None:
    asked = {"transactional_id": None, "transaction_timeout": 1000}
    answers = [await client.ask("init_producer_id", version, asked) for _ in range(2)]
    assert [(a.error_code.value, a.producer_id, a.producer_epoch) for a in answers] == [
        (0, 0, 0),
        (0, 1, 0),
    ]


async def _create_topics(client: RawConnection, version: int) -> None:
    wanted = {
        "name": "new",
        "num_partitions": 4,
        "replication_factor": 1,
        "configs": [{"name": "retention.ms", "value": "1"}],
    }
    answer = await client.ask("create_topics", version, {"topics": [wanted], "timeout": 1000})
    topic = _entries(answer, "topics")
    assert (topic.name, topic.error_code.value) == ("new", 0)
    assert getattr(topic, "num_partitions", 4) == 4


async def _delete_topics(client: RawConnection, version: int) -> None:
    answer = await client.ask(
        "delete_topics",
        version,
        {"topic_names": ["orders"], "topics": [{"name": "orders"}], "timeout": 1000},
    )
    gone = _entries(answer, "responses")
    assert (gone.name, gone.error_code.value) == ("orders", 0)
    assert (await client.ask("metadata", 1, {"topics": None})).topics == ()


async def _join_group(client: RawConnection, version: int) -> None:
    answer = await client.ask("join_group", version, _JOIN)
    if version >= 4:
        assert answer.error_code.value == 79  # MEMBER_ID_REQUIRED (J05)
        again = {**_JOIN, "member_id": answer.member_id}
        answer = await client.ask("join_group", version, again)
    assert (answer.error_code.value, answer.generation_id, answer.protocol_name) == (0, 1, "range")
    assert answer.leader == answer.member_id
    assert answer.member_id.startswith("raw-")
    assert [member.metadata for member in answer.members] == [b"\x00\x01"]


async def _sync_group(client: RawConnection, version: int) -> None:
    member_id, generation = await _join(client)
    answer = await client.ask(
        "sync_group",
        version,
        {
            "group_id": "g",
            "generation_id": generation,
            "member_id": member_id,
            "protocol_type": "consumer",
            "protocol_name": "range",
        },
    )
    assert (answer.error_code.value, answer.assignment) == (0, b"all")


async def _heartbeat(client: RawConnection, version: int) -> None:
    member_id, generation = await _join(client)
    beat = {"group_id": "g", "generation_id": generation, "member_id": member_id}
    assert (await client.ask("heartbeat", version, beat)).error_code.value == 0
    late = {**beat, "generation_id": generation - 1}
    assert (await client.ask("heartbeat", version, late)).error_code.value == 22


async def _leave_group(client: RawConnection, version: int) -> None:
    member_id, _ = await _join(client)
    leave = {"group_id": "g", "member_id": member_id, "members": [{"member_id": member_id}]}
    answer = await client.ask("leave_group", version, leave)
    assert answer.error_code.value == 0
    if version >= 3:
        left = _entries(answer, "members")
        assert (left.member_id, left.error_code.value) == (member_id, 0)


async def _describe_groups(client: RawConnection, version: int) -> None:
    member_id, _ = await _join(client)
    answer = await client.ask("describe_groups", version, {"groups": ["g"]})
    group = _entries(answer, "groups")
    assert (group.group_state, group.protocol_type, group.protocol_data) == (
        "Stable",
        "consumer",
        "range",
    )
    (member,) = group.members
    assert (member.member_id, member.client_id, member.client_host) == (
        member_id,
        "raw",
        "/127.0.0.1",
    )
    assert (member.member_metadata, member.member_assignment) == (b"\x00\x01", b"all")


async def _list_groups(client: RawConnection, version: int) -> None:
    await _join(client)
    group = _entries(await client.ask("list_groups", version), "groups")
    assert (group.group_id, group.protocol_type) == ("g", "consumer")
    assert getattr(group, "group_state", "Stable") == "Stable"
    assert getattr(group, "group_type", "classic") == "classic"


async def _delete_groups(client: RawConnection, version: int) -> None:
    await _join(client)
    answer = await client.ask("delete_groups", version, {"groups_names": ["g", "missing"]})
    assert [(result.group_id, result.error_code.value) for result in answer.results] == [
        ("g", 68),
        ("missing", 69),
    ]


async def _offset_commit(client: RawConnection, version: int) -> None:
    answer = await client.ask("offset_commit", version, await _commit(client, partitions=[1, 7]))
    (topic,) = answer.topics
    unknown = 3
    assert [(p.partition_index, p.error_code.value) for p in topic.partitions] == [
        (7, unknown),
        (1, 0),
    ]


async def _commit(client: RawConnection, partitions: list[int]) -> dict[str, Any]:
    return {
        "group_id": "simple",
        "generation_id_or_member_epoch": -1,
        "retention_time": -1,
        "topics": [
            {
                "name": "orders",
                "topic_id": await _topic_id(client),
                "partitions": [
                    {
                        "partition_index": partition,
                        "committed_offset": 42,
                        "committed_leader_epoch": 0,
                        "committed_metadata": "note",
                    }
                    for partition in partitions
                ],
            }
        ],
    }


async def _offset_fetch(client: RawConnection, version: int) -> None:
    await client.ask("offset_commit", 8, await _commit(client, partitions=[1]))
    topics = [{"name": "orders", "topic_id": await _topic_id(client), "partition_indexes": [1, 0]}]
    answer = await client.ask(
        "offset_fetch",
        version,
        {
            "group_id": "simple",
            "topics": topics,
            "groups": [{"group_id": "simple", "topics": topics}],
        },
    )
    group = answer if version < 8 else _entries(answer, "groups")
    (topic,) = group.topics
    assert [(p.partition_index, p.committed_offset, p.metadata) for p in topic.partitions] == [
        (1, 42, "note"),
        (0, -1, ""),
    ]
    assert [p.error_code.value for p in topic.partitions] == [0, 0]


async def _offset_delete(client: RawConnection, version: int) -> None:
    await client.ask("offset_commit", 8, await _commit(client, partitions=[1]))
    parts = [{"partition_index": 1}, {"partition_index": 7}]
    asked = {"group_id": "simple", "topics": [{"name": "orders", "partitions": parts}]}
    answer = await client.ask("offset_delete", version, asked)
    unknown = 3
    assert [
        (p.partition_index, p.error_code.value) for p in _entries(answer, "topics").partitions
    ] == [(7, unknown), (1, 0)]


async def _transaction(client: RawConnection) -> dict[str, Any]:
    """Who begins one, as it names itself in every request."""
    asked = {"transactional_id": "mine", "transaction_timeout": 1000}
    answer = await client.ask("init_producer_id", 1, asked)
    named = {"producer_id": answer.producer_id, "producer_epoch": answer.producer_epoch}
    return {"transactional_id": "mine", **named}


async def _add_partitions_to_txn(client: RawConnection, version: int) -> None:
    me = await _transaction(client)
    topics = [{"name": "orders", "partitions": [0, 1]}]
    asked = {
        **{f"v3_and_below_{name}": value for name, value in me.items()},
        "v3_and_below_topics": topics,
        "transactions": [{**me, "topics": topics}],
    }
    answer = await client.ask("add_partitions_to_txn", version, asked)
    refused = (
        answer.results_by_topic_v3_and_below
        if version < 4
        else _entries(answer, "results_by_transaction").topic_results
    )
    assert [
        (p.partition_index, p.partition_error_code.value) for p in refused[0].results_by_partition
    ] == [(0, 53), (1, 53)]


async def _add_offsets_to_txn(client: RawConnection, version: int) -> None:
    asked = {**await _transaction(client), "group_id": "g"}
    assert (await client.ask("add_offsets_to_txn", version, asked)).error_code.value == 0


async def _txn_offset_commit(client: RawConnection, version: int) -> None:
    me = await _transaction(client)
    await client.ask("add_offsets_to_txn", 3, {**me, "group_id": "simple"})
    asked = {**await _commit(client, partitions=[1, 7]), **me, "generation_id": -1}
    answer = await client.ask("txn_offset_commit", version, asked)
    unknown = 3
    assert [
        (p.partition_index, p.error_code.value) for p in _entries(answer, "topics").partitions
    ] == [(7, unknown), (1, 0)]


async def _end_txn(client: RawConnection, version: int) -> None:
    me = await _transaction(client)
    await client.ask("add_offsets_to_txn", 3, {**me, "group_id": "g"})
    answer = await client.ask("end_txn", version, {**me, "committed": True})
    assert answer.error_code.value == 0
    assert getattr(answer, "producer_epoch", 1) == 1


@pytest.mark.parametrize(("name", "version"), ALL_VERSIONS)
def test_every_api_in_every_version(name: str, version: int) -> None:
    async def main() -> None:
        settings = {"group.initial.rebalance.delay.ms": "0"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            broker.create_topic("orders", 3)
            await (globals().get(f"_{name}") or getattr(admin_checks, name))(client, version)

    run(main())


@pytest.mark.parametrize("key", APIS)
def test_a_handler_opens_with_the_versions_of_the_table(key: int) -> None:
    api = APIS[key]
    module = import_module(f"rebalance.broker.handlers.{api.name}")
    assert (api.key, api.oldest, api.newest) == (module.KEY, module.OLDEST, module.NEWEST)
    opening = (module.__doc__ or "").splitlines()[0]
    one = api.oldest == api.newest
    versions = f"version {api.newest}" if one else f"versions {api.oldest} to {api.newest}"
    assert f"key {api.key}, {versions}" in opening
