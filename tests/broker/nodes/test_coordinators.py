"""Groups of several nodes on the wire: who answers for which, and what the others say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.states import GroupState
from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.handlers.test_offsets import commit, commit_of
from tests.broker.nodes.asking import at_node, of_group
from tests.broker.raw import RawConnection, connected
from tests.support.brokers import SETTINGS

NONE, LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 0, 14, 15, 16
NO_FILTER: dict[str, list[str]] = {"states_filter": [], "types_filter": []}


async def _group(broker: EmbeddedBroker, group: str = "g") -> tuple[int, Any]:
    """A group of one member in generation 1, with an offset; its coordinator, and the member."""
    node = broker.coordinator_of(group)
    assert node is not None
    async with at_node(broker, node) as client:
        member = await joined(client, group, 3)
        plan = [{"member_id": member.member_id, "assignment": b"all"}]
        sync = {"group_id": group, "generation_id": 1, "member_id": member.member_id}
        synced = await client.ask("sync_group", 3, {**sync, "assignments": plan})
        assert synced.error_code.value == NONE
        kept = {"member_id": member.member_id, "generation_id_or_member_epoch": 1}
        assert await commit(client, commit_of(group, "orders", 0, **kept)) == {0: NONE}
    return node, member


async def _beat(client: RawConnection, member: Any, group: str = "g") -> int:
    asked = {"group_id": group, "generation_id": 1, "member_id": member.member_id}
    return int((await client.ask("heartbeat", 3, asked)).error_code.value)


def _refused(code: int) -> list[Any]:
    """What `of_group` is told while the group is elsewhere, or is loading."""
    beat = NONE if code == LOADING else code
    return [
        *(code, code, code, beat, code, (code, 0), [code], [code]),
        *([code], (code, 0), [(code, 0)], [code]),
        [(code, "", None, -(2**31))],
        *([code], code),
    ]


async def test_p01_each_group_has_the_node_that_leads_its_partition() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3) as broker, connected(broker) as client:
        topic = {"topics": [{"name": "__consumer_offsets", "topic_id": None}]}
        groups = [f"group-{number}" for number in range(12)]
        asked = {"key_type": 0, "coordinator_keys": groups}
        found = (await client.ask("find_coordinator", 4, asked)).coordinators
        (offsets,) = (await client.ask("metadata", 12, topic)).topics
        leaders = {p.partition_index: p.leader_id for p in offsets.partitions}
        assert {each.key: each.node_id for each in found} == {
            group: leaders[partition_of(group, 50)] for group in groups
        }
        assert {each.node_id: f"{each.host}:{each.port}" for each in found} == {
            node: broker.address_of(node) for node in (1, 2, 3)
        }
        assert [broker.coordinator_of(group) for group in groups] == [e.node_id for e in found]


async def test_p04_nodes_that_do_not_coordinate_a_group_say_so_in_every_api() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        node, _ = await _group(broker)
        async with at_node(broker, 3 - node) as elsewhere, at_node(broker, node) as client:
            told = [await asked.by(elsewhere) for asked in of_group("g", "orders")]
            assert told == _refused(NOT_COORDINATOR)
            assert (await elsewhere.ask("list_groups", 5, NO_FILTER)).groups == ()
            listed = (await client.ask("list_groups", 5, NO_FILTER)).groups
            assert [each.group_id for each in listed] == ["g"]


async def test_p04_a_coordinator_that_is_held_in_loading_says_so_in_every_api() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        node, member = await _group(broker)
        async with at_node(broker, node) as client:
            with broker.hold_loading("g") as hold:
                assert broker.coordinator_of("g") == node
                told = [await asked.by(client) for asked in of_group("g", "orders")]
                assert told == _refused(LOADING)
                listed = await client.ask("list_groups", 5, NO_FILTER)
                assert (listed.error_code.value, listed.groups) == (LOADING, ())
                inner = broker.hold_loading("g")
                inner.release()
                assert broker.group("g") is None, "held once more"
            hold.release()
            assert await _beat(client, member) == NONE
            group = broker.group("g")
            assert group is not None
            assert (group.state, group.generation_id) == (GroupState.STABLE, 1)


async def test_p03_p04_a_move_keeps_members_generation_and_offsets() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3) as broker:
        broker.create_topic("orders", 1)
        node, member = await _group(broker)
        async with at_node(broker, node) as before:
            before.send("join_group", 3, join_of("g"))
            async with at_node(broker, node) as other:
                while await _beat(other, member) == NONE:
                    pass  # until the newcomer's request has begun a rebalance
            to = await broker.move_coordinator("g")
            assert to != node
            parked = await before.receive("join_group", 3)
            assert parked.error_code.value == NOT_COORDINATOR
            assert await _beat(before, member) == NOT_COORDINATOR
        async with at_node(broker, to) as after:
            assert await _beat(after, member) == NONE, "the join was never stored"
            asked = {"group_id": "g", "topics": None}
            (topic,) = (await after.ask("offset_fetch", 5, asked)).topics
            assert [p.committed_offset for p in topic.partitions] == [42]
        assert await broker.move_coordinator("g", to=node) == node


async def test_p04_the_next_coordinator_can_load_for_a_while() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, time="virtual") as broker:
        broker.create_topic("orders", 1)
        _, member = await _group(broker)
        to = await broker.move_coordinator("g", loading_ms=3000)
        async with at_node(broker, to) as client:
            group = {"groups": ["g"]}
            told = (await client.ask("describe_groups", 0, group)).groups[0]
            assert told.error_code.value == LOADING
            await broker.advance(2.999)
            told = (await client.ask("describe_groups", 0, group)).groups[0]
            assert told.error_code.value == LOADING
            await broker.advance(0.001)
            told = (await client.ask("describe_groups", 0, group)).groups[0]
            assert (told.error_code.value, told.group_state) == (NONE, "Stable")
            assert await _beat(client, member) == NONE
        await broker.stop_node(to, loading_ms=3000)
        async with at_node(broker, 3 - to) as client:
            fetched = await client.ask("offset_fetch", 5, {"group_id": "g"})
            assert fetched.error_code.value == LOADING
            await broker.advance(3)
            fetched = await client.ask("offset_fetch", 5, {"group_id": "g"})
            assert fetched.error_code.value == NONE


async def test_p03_a_group_outlives_the_stop_of_its_node() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        node, member = await _group(broker)
        async with at_node(broker, node) as client:
            client.send("join_group", 3, join_of("g"))
            await broker.stop_node(node)
            assert await client.is_closed_by_peer()
        assert (broker.running_nodes, broker.coordinator_of("g")) == ((3 - node,), 3 - node)
        async with at_node(broker, 3 - node) as client:
            assert await _beat(client, member) == NONE
            await broker.start_node(node)
            assert broker.coordinator_of("g") == 3 - node, "who comes back leads nothing"
            await broker.elect_preferred_leaders()
            assert broker.coordinator_of("g") == node
            assert await _beat(client, member) == NOT_COORDINATOR
        async with at_node(broker, node) as client:
            assert await _beat(client, member) == NONE


@pytest.mark.parametrize("nodes", [1, 2])
async def test_p03_all_nodes_may_stop_and_groups_go_on_with_the_first_that_starts(
    nodes: int,
) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=nodes) as broker:
        broker.create_topic("orders", 1)
        _, member = await _group(broker)
        for node in broker.running_nodes:
            await broker.stop_node(node)
        assert (broker.running_nodes, broker.coordinator_of("g")) == ((), None)
        with pytest.raises(ConnectionRefusedError):
            async with at_node(broker, 1):
                pass
        with pytest.raises(BrokerError, match="no node is running"):
            await broker.move_coordinator("g")
        await broker.start_node(nodes)
        assert broker.coordinator_of("g") == nodes
        async with at_node(broker, nodes) as client:
            assert await _beat(client, member) == NONE


async def test_a06_with_several_nodes_the_topic_is_made_by_whoever_is_asked() -> None:
    asked = {"key_type": 0, "coordinator_keys": ["g"]}
    async with (
        EmbeddedBroker(SETTINGS, nodes=2, offsets_topic_at_once=False) as broker,
        at_node(broker, 1) as one,
        at_node(broker, 2) as two,
    ):
        (told,) = (await two.ask("find_coordinator", 4, asked)).coordinators
        assert told.error_code.value == NOT_AVAILABLE
        (told,) = (await one.ask("find_coordinator", 4, asked)).coordinators
        assert (told.error_code.value, told.node_id) == (NONE, broker.coordinator_of("g"))


async def test_who_names_what_is_not_there_is_told_what_is() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        with pytest.raises(BrokerError, match="there is no node 7; there are 1, 2"):
            await broker.move_coordinator("g", to=7)
        with pytest.raises(BrokerError, match="there is no partition 1 of a topic 'orders'"):
            broker.leader_of("orders", 1)
        with pytest.raises(BrokerError, match="node 1 is running already"):
            await broker.start_node(1)
        await broker.stop_node(2)
        with pytest.raises(BrokerError, match="node 2 is not running"):
            await broker.stop_node(2)
        with pytest.raises(BrokerError, match="node 2 is not running"):
            await broker.move_coordinator("g", to=2)


async def test_who_is_released_after_the_broker_has_stopped_does_no_harm(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        broker.create_topic("orders", 1)
        await _group(broker)
        hold = broker.hold_loading("g")
        await broker.move_coordinator("g", loading_ms=1)
    hold.release()
    hold.release()
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        group = broker.group("g")
        assert group is not None
        assert (group.state, group.generation_id) == (GroupState.STABLE, 1)
