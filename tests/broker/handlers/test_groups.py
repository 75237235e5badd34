"""JoinGroup, SyncGroup, Heartbeat, LeaveGroup: what differs between their versions on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.handlers.test_offsets import ready
from tests.broker.raw import RawConnection, connected, run
from tests.support.brokers import KafkaBroker


def join_of(group: str, **more: Any) -> dict[str, Any]:
    return {
        "group_id": group,
        "session_timeout": 10_000,
        "rebalance_timeout": 20_000,
        "member_id": "",
        "group_instance_id": None,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b"\x00\x01"}],
        **more,
    }


async def joined(client: RawConnection, group: str, version: int = 9, **more: Any) -> Any:
    """JoinGroup, twice where the first only hands out an id (J05)."""
    answer = await client.ask("join_group", version, join_of(group, **more))
    if answer.error_code.value == 79:
        more["member_id"] = answer.member_id
        answer = await client.ask("join_group", version, join_of(group, **more))
    assert answer.error_code.value == 0, answer
    return answer


@pytest.mark.parametrize("version", range(10))
async def test_j22_what_stands_beside_an_error(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        asked = join_of(group, member_id="nobody")
        answer = await client.ask("join_group", version, asked)
        assert (answer.error_code.value, answer.generation_id, answer.leader) == (25, -1, "")
        assert (answer.member_id, answer.members) == ("nobody", ())
        assert answer.protocol_name == (None if version >= 7 else "")


@pytest.mark.parametrize("version", [4, 5, 6, 7, 8, 9])
async def test_j05_a_dynamic_member_is_told_its_id_first(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        answer = await client.ask("join_group", version, join_of(group))
        assert answer.error_code.value == 79
        assert answer.member_id.startswith("raw-")


async def test_j16_protocol_type_and_name_since_v7(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        for version in (5, 7, 8, 9):
            group = unique("group")
            await ready(client, group)
            answer = await joined(client, group, version)
            assert answer.protocol_name == "range"
            assert getattr(answer, "protocol_type", "consumer") == "consumer"


async def test_s01_v5_without_protocol_is_refused(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        me = await joined(client, group)
        asked = {
            "group_id": group,
            "generation_id": me.generation_id,
            "member_id": me.member_id,
            "protocol_type": None,
            "protocol_name": None,
        }
        assert (await client.ask("sync_group", 5, asked)).error_code.value == 23
        asked |= {"protocol_type": "consumer", "protocol_name": "range"}
        answer = await client.ask("sync_group", 5, asked)
        assert (answer.error_code.value, answer.protocol_name) == (0, "range")


async def test_h04_below_v3_the_error_of_the_one_member_is_at_the_top(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        asked = {"group_id": group, "member_id": "nobody", "members": [{"member_id": "nobody"}]}
        for version in range(6):
            answer = await client.ask("leave_group", version, asked)
            if version < 3:
                assert answer.error_code.value == 25
            else:
                assert answer.error_code.value == 0
                assert [m.error_code.value for m in answer.members] == [25]


async def test_h07_the_empty_group_id(kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        await ready(client, "")
        member = {"group_id": "", "generation_id": 1, "member_id": "m"}
        protocol = {"protocol_type": "consumer", "protocol_name": "range"}
        for name, version, asked in (
            ("join_group", 9, join_of("")),
            ("sync_group", 5, member | protocol),
            ("heartbeat", 4, member),
            ("leave_group", 5, {"group_id": "", "members": [{"member_id": "m"}]}),
        ):
            answer = await client.ask(name, version, asked)
            assert answer.error_code.value == 24, name


async def test_a_second_member_waits_for_the_first_and_both_get_one_generation(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as first, connected(kafka_broker) as second:
        await ready(first, group)
        leader = await joined(first, group)
        asked = await second.ask("join_group", 9, join_of(group))
        second.send("join_group", 9, join_of(group, member_id=asked.member_id))
        # The leader hears of it by its heartbeat; the newcomer is parked meanwhile.
        beat = {"group_id": group, "generation_id": 1, "member_id": leader.member_id}
        while (await first.ask("heartbeat", 4, beat)).error_code.value != 27:
            pass
        leader = await joined(first, group, member_id=leader.member_id)
        follower = await second.receive("join_group", 9)
        assert (leader.generation_id, follower.generation_id) == (2, 2)
        assert {m.member_id for m in leader.members} == {leader.member_id, follower.member_id}
        assert (follower.leader, follower.members) == (leader.member_id, ())
        await _sync_both(first, second, group, leader, follower)


async def _sync_both(
    first: RawConnection, second: RawConnection, group: str, leader: Any, follower: Any
) -> None:
    base = {
        "group_id": group,
        "generation_id": leader.generation_id,
        "protocol_type": "consumer",
        "protocol_name": "range",
    }
    second.send("sync_group", 5, {**base, "member_id": follower.member_id})
    given = [
        {"member_id": leader.member_id, "assignment": b"L"},
        {"member_id": follower.member_id, "assignment": b"F"},
    ]
    mine = {**base, "member_id": leader.member_id, "assignments": given}
    assert (await first.ask("sync_group", 5, mine)).assignment == b"L"
    assert (await second.receive("sync_group", 5)).assignment == b"F"


def test_g05_v0_has_no_rebalance_timeout_so_the_session_timeout_serves() -> None:
    async def main() -> None:
        settings = {"group.initial.rebalance.delay.ms": "0"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            await joined(client, "v0", 0, session_timeout=7000)
            await joined(client, "v1", 1, session_timeout=7000, rebalance_timeout=9000)
            timeouts = []
            for group_id in ("v0", "v1"):
                group = broker.group(group_id)
                assert group is not None
                timeouts.append(group.members[0].rebalance_timeout_ms)
            assert timeouts == [7000, 9000]

    run(main())


def test_a09_the_client_host_is_in_javas_form() -> None:
    async def main() -> None:
        settings = {"group.initial.rebalance.delay.ms": "0"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            await joined(client, "g")
            group = broker.group("g")
            assert group is not None
            assert (group.members[0].client_host, group.members[0].client_id) == (
                "/127.0.0.1",
                "raw",
            )

    run(main())
