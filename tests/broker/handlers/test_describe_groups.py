"""DescribeGroups and ListGroups: how a group is shown in each of its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.handlers.test_offsets import ready
from tests.broker.raw import RawConnection, connected
from tests.support.brokers import KafkaBroker


async def describe(client: RawConnection, group: str, version: int = 6, **more: Any) -> Any:
    (found,) = (await client.ask("describe_groups", version, {"groups": [group], **more})).groups
    return found


@pytest.mark.parametrize("version", range(7))
async def test_a01_an_unknown_group_is_dead(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        found = await describe(client, group, version)
        assert (found.group_id, found.group_state) == (group, "Dead")
        assert (found.protocol_type, found.protocol_data, found.members) == ("", "", ())
        assert found.error_code.value == (69 if version >= 6 else 0)
        if version >= 6:
            assert found.error_message == f"Group {group} not found."


async def test_a09_authorized_operations_when_asked_for(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await joined(client, group)
        found = await describe(client, group, include_authorized_operations=True)
        assert found.authorized_operations == 3400
        assert (await describe(client, group)).authorized_operations == -(2**31)


async def test_a01_each_state(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client, connected(kafka_broker) as second:
        await ready(client, group)
        me = await joined(client, group, group_instance_id="one")
        await _shows(client, group, "CompletingRebalance", "", b"", b"")
        sync = {
            "group_id": group,
            "generation_id": me.generation_id,
            "member_id": me.member_id,
            "group_instance_id": "one",
            "protocol_type": "consumer",
            "protocol_name": "range",
            "assignments": [{"member_id": me.member_id, "assignment": b"all"}],
        }
        assert (await client.ask("sync_group", 5, sync)).error_code.value == 0
        await _shows(client, group, "Stable", "range", b"\x00\x01", b"all")
        second.send("join_group", 3, join_of(group))
        beat = {
            "group_id": group,
            "generation_id": 1,
            "member_id": me.member_id,
            "group_instance_id": "one",
        }
        while (await client.ask("heartbeat", 4, beat)).error_code.value != 27:
            pass
        await _shows(client, group, "PreparingRebalance", "", b"", b"all")
        leave = {"member_id": me.member_id, "group_instance_id": "one"}
        await client.ask("leave_group", 5, {"group_id": group, "members": [leave]})
        other = await second.receive("join_group", 3)
        leave = {"member_id": other.member_id}
        await client.ask("leave_group", 5, {"group_id": group, "members": [leave]})
        found = await describe(client, group)
        assert (found.group_state, found.protocol_type, found.protocol_data, found.members) == (
            "Empty",
            "consumer",
            "",
            (),
        )


async def _shows(
    client: RawConnection, group: str, state: str, protocol: str, metadata: bytes, given: bytes
) -> None:
    found = await describe(client, group)
    assert (found.group_state, found.protocol_type, found.protocol_data) == (
        state,
        "consumer",
        protocol,
    )
    (member,) = (m for m in found.members if m.group_instance_id == "one")
    assert (member.client_id, member.client_host) == ("raw", "/127.0.0.1")
    assert (member.member_metadata, member.member_assignment) == (metadata, given)


@pytest.mark.parametrize(
    ("filters", "is_listed"),
    [
        ({}, True),
        ({"states_filter": ["completingrebalance"]}, True),
        ({"states_filter": ["Empty", "COMPLETINGREBALANCE"]}, True),
        ({"states_filter": ["Stable"]}, False),
        ({"types_filter": ["CLASSIC"]}, True),
        ({"types_filter": ["consumer"]}, False),
        ({"types_filter": ["classic"], "states_filter": ["Empty"]}, False),
    ],
)
async def test_a02_filters(
    filters: dict[str, list[str]],
    is_listed: bool,
    kafka_broker: KafkaBroker,
    unique: Callable[[str], str],
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        await joined(client, group)
        answer = await client.ask("list_groups", 5, filters)
        assert answer.error_code.value == 0
        found = [listed for listed in answer.groups if listed.group_id == group]
        assert bool(found) == is_listed
        for listed in found:
            assert (listed.protocol_type, listed.group_state, listed.group_type) == (
                "consumer",
                "CompletingRebalance",
                "classic",
            )
