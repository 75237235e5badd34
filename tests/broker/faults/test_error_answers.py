"""An answer with an error: every API, every version, every place; kio reads what comes out."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.faults.seen import kafka_name
from rebalance.protocol.errors import ErrorCode
from tests.broker.faults.bodies import BODIES
from tests.broker.raw import ALL_VERSIONS, RawConnection, connected, create_topic, run

FAST = {"group.initial.rebalance.delay.ms": "0"}

_PLAIN = ErrorCode.NOT_COORDINATOR
"""Of no partition and no member: it stands everywhere."""

_ENTRIES = {
    "produce": [4, 2],
    "fetch": [4, 2, 4, 2],
    "list_offsets": [4, 2, 4, 2],
    "offset_commit": [4, 2, 4, 2],
    "txn_offset_commit": [4, 2, 4, 2],
    "delete_records": [4, 2, 4, 2],
    "offset_for_leader_epoch": [4, 2, 4, 2],
    "offset_delete": [4, 2, 4, 2],
    "add_partitions_to_txn": [4, 2, 4, 2],
    "metadata": ["a", "b"],
    "create_topics": ["a", "b"],
    "delete_topics": ["a", "b"],
    "create_partitions": ["a", "b"],
    "describe_topic_partitions": ["a", "b"],
    "describe_configs": ["a", "b"],
    "alter_configs": ["a", "b"],
    "incremental_alter_configs": ["a", "b"],
    "describe_groups": ["g", "h"],
    "delete_groups": ["g", "h"],
    "create_acls": [None, None],
    "delete_acls": [None, None],
    "describe_log_dirs": [None],
}
"""What the innermost entries are called by; where it is not here there is one place, on top."""


def places(entity: Any) -> Iterator[tuple[int, Any, int]]:
    """Depth, name and code of each place for an error, as they stand."""
    yield from _places(entity, 0)


def _places(entity: Any, depth: int) -> Iterator[tuple[int, Any, int]]:
    for field in dataclasses.fields(entity):
        value = getattr(entity, field.name)
        if field.metadata.get("kafka_type") == "error_code":
            yield depth, _name(entity), value.value
        for item in value if isinstance(value, tuple) else ():
            if dataclasses.is_dataclass(item):
                yield from _places(item, depth + 1)


def _name(entity: Any) -> Any:
    for name in ("partition_index", "partition", "index", "group_id", "key", "name"):
        if hasattr(entity, name):
            return getattr(entity, name)
    return getattr(entity, "resource_name", getattr(entity, "member_id", None))


def _expected(name: str, version: int) -> list[Any]:
    if name == "offset_fetch":
        return [4, 2] if version < 8 else [4, 2, 4, 2]
    if name == "find_coordinator" and version >= 4:
        return ["g", "h"]
    if name == "leave_group" and version >= 3:
        return ["m", ""]
    if name == "join_group":
        return ["m"]
    if name == "find_coordinator":
        return [None]
    return _ENTRIES.get(name, [None])


def test_every_api_in_every_version_carries_an_error_in_each_place() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            with broker.answer_with(_PLAIN) as fault:
                for name, version in ALL_VERSIONS:
                    answer = await client.ask(name, version, BODIES[name])
                    found = list(places(answer))
                    assert {code for _, _, code in found} == {_PLAIN}, (name, version, answer)
                    depth = max(depth for depth, _, _ in found)
                    innermost = [called for at, called, _ in found if at == depth]
                    assert innermost == _expected(name, version), (name, version, answer)
            assert fault.hits == len(ALL_VERSIONS)
            # Nothing of all this had any effect.
            assert broker.groups() == []
            assert (await client.ask("metadata", 1, {"topics": None})).topics == ()

    run(main())


def test_numbers_that_nobody_knows_are_minus_one() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.answer_with(_PLAIN)
            fetched = (await client.ask("fetch", 18, BODIES["fetch"])).responses[0].partitions[0]
            assert (fetched.high_watermark, fetched.log_start_offset) == (-1, -1)
            assert fetched.records == b""
            joined = await client.ask("join_group", 9, BODIES["join_group"])
            assert (joined.generation_id, joined.leader, joined.member_id) == (-1, "", "m")
            assert joined.protocol_name is None
            produced = (await client.ask("produce", 9, BODIES["produce"])).responses[0]
            assert [part.base_offset for part in produced.partition_responses] == [-1, -1]
            begun = await client.ask("init_producer_id", 5, BODIES["init_producer_id"])
            assert (begun.producer_id, begun.producer_epoch) == (-1, -1)

    run(main())


@pytest.mark.parametrize(
    ("name", "version", "error"),
    [
        ("fetch", 18, ErrorCode.NOT_LEADER_OR_FOLLOWER),
        ("fetch", 7, ErrorCode.OFFSET_OUT_OF_RANGE),
        ("offset_fetch", 7, ErrorCode.UNSTABLE_OFFSET_COMMIT),
        ("offset_fetch", 10, ErrorCode.UNSTABLE_OFFSET_COMMIT),
        ("offset_delete", 0, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC),
        ("add_partitions_to_txn", 5, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        ("metadata", 13, ErrorCode.LEADER_NOT_AVAILABLE),
        ("leave_group", 5, ErrorCode.UNKNOWN_MEMBER_ID),
        ("leave_group", 3, ErrorCode.FENCED_INSTANCE_ID),
    ],
)
def test_an_error_of_a_partition_or_a_member_stands_there_alone(
    name: str, version: int, error: ErrorCode
) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.answer_with(error.name)
            found = list(places(await client.ask(name, version, BODIES[name])))
            depth = max(depth for depth, _, _ in found)
            assert {code for at, _, code in found if at == depth} == {error}
            assert {code for at, _, code in found if at < depth} <= {0}

    run(main())


@pytest.mark.parametrize(
    ("name", "version", "error"),
    [
        ("leave_group", 2, ErrorCode.UNKNOWN_MEMBER_ID),
        ("heartbeat", 4, ErrorCode.FENCED_INSTANCE_ID),
        ("offset_fetch", 10, ErrorCode.UNKNOWN_MEMBER_ID),
        ("metadata", 1, ErrorCode.LEADER_NOT_AVAILABLE),
    ],
)
def test_where_a_version_has_one_place_it_stands_there(
    name: str, version: int, error: ErrorCode
) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.answer_with(error)
            found = list(places(await client.ask(name, version, BODIES[name])))
            assert {code for _, _, code in found} == {error}

    run(main())


@pytest.mark.parametrize("version", range(14))
def test_metadata_names_the_brokers_beside_an_error(version: int) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.answer_with("LEADER_NOT_AVAILABLE", api="Metadata")
            answer = await client.ask("metadata", version, BODIES["metadata"])
            assert [node.port for node in answer.brokers] == [broker.port]
            assert [topic.error_code.value for topic in answer.topics] == [5, 5]

    run(main())


def test_a_produce_without_acknowledgement_loses_its_connection() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker:
            broker.answer_with("NOT_LEADER_OR_FOLLOWER", api="Produce")
            async with connected(broker) as client:
                client.send("produce", 9, {**BODIES["produce"], "acks": 0}, answered=False)
                assert await client.is_closed_by_peer()

    run(main())


@pytest.mark.parametrize("version", range(6))
def test_a05_api_versions_that_is_refused_is_answered_as_an_unsupported_version_is(
    version: int,
) -> None:
    """In the layout of version 0, with the entry of ApiVersions itself: clients ask again by it."""

    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.throttle(1, api="ApiVersions")  # a field that version 0 has not
            fault = broker.answer_with("UNSUPPORTED_VERSION", api="ApiVersions")
            correlation_id = client.send("api_versions", version, BODIES["api_versions"])
            frame = await client.receive_frame()
            assert frame == struct.pack(">ihi", correlation_id, 35, 1) + struct.pack(
                ">hhh", 18, 0, 5
            )
            assert fault.requests[0].version == version
            assert fault.requests[0].errors == (ErrorCode.UNSUPPORTED_VERSION,)

    run(main())


@pytest.mark.parametrize("version", range(6))
def test_another_error_of_api_versions_has_the_layout_of_its_version(version: int) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            broker.answer_with("CLUSTER_AUTHORIZATION_FAILED", api="ApiVersions")
            answer = await client.ask("api_versions", version, BODIES["api_versions"])
            assert (answer.error_code.value, answer.api_keys) == (31, ())

    run(main())


async def _committed(client: RawConnection, groups: list[str]) -> None:
    await create_topic(client, "orders")
    part = {"partition_index": 0, "committed_offset": 7}
    for group in groups:
        await client.ask("find_coordinator", 1, {"key": group, "key_type": 0})
        asked = {
            "group_id": group,
            "generation_id_or_member_epoch": -1,
            "topics": [{"name": "orders", "partitions": [part]}],
        }
        answer = await client.ask("offset_commit", 8, asked)
        assert answer.topics[0].partitions[0].error_code.value == 0


def test_of_a_batch_of_groups_the_one_that_is_meant_fails() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            await _committed(client, ["f", "g", "h"])
            broker.answer_with(_PLAIN, group_id="g")
            topics = [{"name": "orders", "partition_indexes": [0]}]
            groups = [{"group_id": group, "topics": topics} for group in ("f", "g", "h")]
            answer = await client.ask("offset_fetch", 8, {"groups": groups})
            assert [
                (g.group_id, g.error_code.value, g.topics[0].partitions[0].committed_offset)
                for g in answer.groups
            ] == [("f", 0, 7), ("g", 16, -1), ("h", 0, 7)]
            described = await client.ask("describe_groups", 5, {"groups": ["g", "f"]})
            assert [(g.group_id, g.error_code.value) for g in described.groups] == [
                ("g", 16),
                ("f", 0),
            ]
            keys = {"key_type": 0, "coordinator_keys": ["h", "g"]}
            found = await client.ask("find_coordinator", 6, keys)
            assert [(c.key, c.error_code.value) for c in found.coordinators] == [
                ("h", 0),
                ("g", 16),
            ]
            gone = await client.ask("delete_groups", 2, {"groups_names": ["f", "g", "f", "h"]})
            assert [(r.group_id, r.error_code.value) for r in gone.results] == [
                ("f", 0),
                ("g", 16),
                ("h", 0),
            ]
            assert [group.group_id for group in broker.groups()] == ["g"]

    run(main())


def test_names_of_apis_are_kafkas() -> None:
    assert kafka_name("add_partitions_to_txn") == "AddPartitionsToTxn"
