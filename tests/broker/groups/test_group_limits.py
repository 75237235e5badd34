"""Limits on what a client may have the broker remember."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker, SettingsError
from tests.broker.raw import RawConnection, connected, framed, run

POLICY_VIOLATION, INVALID_GROUP_ID = 44, 24


def _join(group_id: str) -> dict[str, Any]:
    return {
        "group_id": group_id,
        "session_timeout": 10_000,
        "rebalance_timeout": 20_000,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}],
    }


async def _joined(client: RawConnection, group_id: str) -> int:
    return int((await client.ask("join_group", 5, _join(group_id))).error_code.value)


async def _committed(client: RawConnection, group_id: str) -> int:
    part = {"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}
    topics = [{"name": "orders", "partitions": [part]}]
    asked = {"group_id": group_id, "generation_id_or_member_epoch": -1, "topics": topics}
    answer = await client.ask("offset_commit", 8, asked)
    return int(answer.topics[0].partitions[0].error_code.value)


def test_no_more_groups_than_max_groups_and_those_that_are_there_go_on() -> None:
    async def main() -> None:
        async with EmbeddedBroker({"max.groups": "2"}) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            assert await _committed(client, "a") == 0
            assert await _joined(client, "b") == 79  # MEMBER_ID_REQUIRED: it is there
            assert await _committed(client, "c") == POLICY_VIOLATION
            assert await _joined(client, "c") == POLICY_VIOLATION
            assert await _committed(client, "a") == 0
            assert broker.usage().groups == 2
            assert broker.group("c") is None

    run(main())


def test_an_id_longer_than_the_setting_is_none() -> None:
    async def main() -> None:
        settings = {"max.group.id.length": "10"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            assert await _joined(client, "g" * 11) == INVALID_GROUP_ID
            assert await _committed(client, "g" * 11) == INVALID_GROUP_ID
            assert await _committed(client, "g" * 10) == 0

    run(main())


def test_a_string_beyond_32767_bytes_ends_the_connection_as_in_kafka() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            header = struct.pack(">hhih", 3, 9, 7, -1) + b"\0"
            name = b"\x02" + b"\x81\x80\x02" + b"x" * 2**15 + b"\0"  # one topic
            client.writer.write(framed(header + name + b"\0\0\0\0"))
            assert await client.is_closed_by_peer()

    run(main())


def test_usage_is_what_there_is() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 3)
            broker.create_topic("bills", 2)
            await _committed(client, "a")
            held = broker.usage()
            assert (held.connections, held.topics, held.partitions, held.groups) == (1, 2, 5, 1)
            assert 0 < held.log_bytes < 1_000, "the commit is a record"

    run(main())


@pytest.mark.parametrize("name", ["max.groups", "max.group.id.length"])
def test_a_limit_is_a_number(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        EmbeddedBroker({name: "many"})
