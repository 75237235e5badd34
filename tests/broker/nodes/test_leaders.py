"""Partitions of several nodes on the wire: who leads, who says so, and what the others say."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.broker.logs.leader_epochs import LeaderEpochs
from tests.broker.batch_maker import batch
from tests.broker.nodes.asking import at_node
from tests.broker.raw import RawConnection, connected
from tests.support.brokers import SETTINGS

NOT_LEADER, FENCED_EPOCH, UNKNOWN_EPOCH = 6, 74, 75


def _produce(**topic: Any) -> dict[str, Any]:
    data = {"index": 0, "records": batch(b"value")}
    return {"acks": -1, "topic_data": [{"name": "orders", **topic, "partition_data": [data]}]}


def _fetch(*, max_wait: int = 0, epoch: int = -1, **topic: Any) -> dict[str, Any]:
    part = {
        "partition": 0,
        "fetch_offset": 0,
        "partition_max_bytes": 1000,
        "current_leader_epoch": epoch,
        "last_fetched_epoch": -1,
        "log_start_offset": -1,
    }
    return {
        "replica_id": -1,
        "max_wait": max_wait,
        "min_bytes": 1,
        "max_bytes": 1000,
        "session_epoch": -1,
        "topics": [{"topic": "orders", **topic, "partitions": [part]}],
    }


async def _fetched(client: RawConnection, version: int, asked: dict[str, Any]) -> Any:
    answer = await client.ask("fetch", version, asked)
    return answer.responses[0].partitions[0]


async def _metadata(client: RawConnection) -> Any:
    asked = {"topics": [{"name": "orders", "topic_id": None}]}
    return await client.ask("metadata", 12, asked)


@pytest.mark.parametrize("nodes", [1, 3])
async def test_every_node_tells_of_all_that_run_and_who_leads(nodes: int) -> None:
    async with EmbeddedBroker({**SETTINGS, "node.id": "5"}, nodes=nodes) as broker:
        broker.create_topic("orders", 6)
        ids = tuple(range(5, 5 + nodes))
        assert broker.running_nodes == ids
        assert broker.bootstrap_servers == ",".join(broker.address_of(node) for node in ids)
        for node in ids:
            async with at_node(broker, node) as client:
                told = await _metadata(client)
                addresses = {b.node_id: f"{b.host}:{b.port}" for b in told.brokers}
                assert addresses == {node: broker.address_of(node) for node in ids}
                assert told.controller_id == 5
                parts = told.topics[0].partitions
                assert [p.leader_id for p in parts] == [
                    broker.leader_of("orders", index) for index in range(6)
                ]
                assert {p.leader_id for p in parts} == set(ids)
                assert all(sorted(p.replica_nodes) == list(ids) for p in parts)
                cluster = await client.ask("describe_cluster", 1, {"endpoint_type": 1})
                assert [b.broker_id for b in cluster.brokers] == list(ids)
                asked = {"topics": [{"name": "orders"}], "response_partition_limit": 9}
                paged = await client.ask("describe_topic_partitions", 0, {**asked, "cursor": None})
                assert [p.leader_id for p in paged.topics[0].partitions] == [
                    p.leader_id for p in parts
                ]


async def test_a_leader_that_stops_is_followed_by_another_in_the_next_epoch() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3) as broker:
        broker.create_topic("orders", 1)
        first = broker.leader_of("orders", 0)
        await broker.stop_node(first)
        second = broker.leader_of("orders", 0)
        async with at_node(broker, second) as client:
            told = await _metadata(client)
            (part,) = told.topics[0].partitions
            assert first not in [b.node_id for b in told.brokers]
            assert (part.leader_id, part.leader_epoch) == (second, 1)
            assert (part.isr_nodes, part.offline_replicas) == (
                tuple(node for node in part.replica_nodes if node != first),
                (first,),
            )
            await broker.start_node(first)
            (part,) = (await _metadata(client)).topics[0].partitions
            assert (part.leader_id, part.leader_epoch, len(part.isr_nodes)) == (second, 1, 3)
            await broker.elect_preferred_leaders()
            (part,) = (await _metadata(client)).topics[0].partitions
            assert (part.leader_id, part.leader_epoch) == (first, 2)
        broker.create_topic("made-later", 3)
        assert {broker.leader_of("made-later", index) for index in range(3)} == {1, 2, 3}


async def test_topics_that_are_made_while_a_node_is_away_are_led_by_the_others() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        await broker.stop_node(1)
        broker.create_topic("orders", 4)
        await broker.start_node(1)
        assert {broker.leader_of("orders", index) for index in range(4)} == {2}


@pytest.mark.parametrize("version", [3, 9, 10, 13])
async def test_produce_to_another_than_the_leader_names_the_leader(version: int) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker, connected(broker) as client:
        broker.create_topic("orders", 1)
        leader = await broker.move_leader("orders", 0, to=2)
        topic_id = (await _metadata(client)).topics[0].topic_id
        answer = await client.ask("produce", version, _produce(topic_id=topic_id))
        (part,) = answer.responses[0].partition_responses
        assert (part.error_code.value, part.base_offset) == (NOT_LEADER, -1)
        if version >= 10:
            assert part.current_leader.leader_id == leader
            (endpoint,) = answer.node_endpoints
            assert f"{endpoint.host}:{endpoint.port}" == broker.address_of(leader)
        async with at_node(broker, leader) as other:
            answer = await other.ask("produce", version, _produce(topic_id=topic_id))
            assert answer.responses[0].partition_responses[0].error_code.value == 0


@pytest.mark.parametrize("version", [4, 11, 12, 13, 16, 18])
async def test_fetch_from_another_than_the_leader_names_the_leader(version: int) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker, connected(broker) as client:
        broker.create_topic("orders", 1)
        leader = await broker.move_leader("orders", 0, to=2)
        epoch = (await _metadata(client)).topics[0].partitions[0].leader_epoch
        topic_id = (await _metadata(client)).topics[0].topic_id
        answer = await client.ask("fetch", version, _fetch(topic_id=topic_id))
        (part,) = answer.responses[0].partitions
        assert part.error_code.value == NOT_LEADER
        if version >= 12:
            named = part.current_leader
            assert (named.leader_id, named.leader_epoch) == (leader, epoch)
        if version >= 16:
            (endpoint,) = answer.node_endpoints
            assert f"{endpoint.host}:{endpoint.port}" == broker.address_of(leader)


async def test_a_fetch_that_waits_is_answered_when_the_leader_changes() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        leader = broker.leader_of("orders", 0)
        async with at_node(broker, leader) as client, at_node(broker, leader) as other:
            client.send("fetch", 11, _fetch(max_wait=3_600_000))
            await other.ask("metadata", 1, {"topics": None})
            await broker.move_leader("orders", 0)
            answer = await client.receive("fetch", 11)
            assert answer.responses[0].partitions[0].error_code.value == NOT_LEADER


async def test_epochs_grow_and_each_has_its_end() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        leader = broker.leader_of("orders", 0)
        for _ in range(3):
            async with at_node(broker, leader) as client:
                answer = await client.ask("produce", 9, _produce())
                assert answer.responses[0].partition_responses[0].error_code.value == 0
            leader = await broker.move_leader("orders", 0)
        async with at_node(broker, leader) as client:
            assert (await _fetched(client, 11, _fetch(epoch=2))).error_code.value == FENCED_EPOCH
            assert (await _fetched(client, 11, _fetch(epoch=4))).error_code.value == UNKNOWN_EPOCH
            found = await _fetched(client, 11, _fetch(epoch=3))
            epochs = [int.from_bytes(found.records[12:16], "big")]
            assert (found.error_code.value, epochs) == (0, [0])
            ends = {}
            for epoch in range(5):
                part = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": epoch}
                asked = {"replica_id": -1, "topics": [{"topic": "orders", "partitions": [part]}]}
                (topic,) = (await client.ask("offset_for_leader_epoch", 4, asked)).topics
                ends[epoch] = (topic.partitions[0].leader_epoch, topic.partitions[0].end_offset)
            assert ends == {0: (0, 1), 1: (1, 2), 2: (2, 3), 3: (3, 3), 4: (-1, -1)}


@pytest.mark.parametrize(
    ("api", "version", "part"),
    [
        ("list_offsets", 8, {"partition_index": 0, "timestamp": -1}),
        ("delete_records", 2, {"partition_index": 0, "offset": -1}),
    ],
)
async def test_other_apis_want_the_leader_too(api: str, version: int, part: dict[str, int]) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker, connected(broker) as client:
        broker.create_topic("orders", 1)
        await broker.move_leader("orders", 0, to=2)
        asked = {"replica_id": -1, "topics": [{"name": "orders", "partitions": [part]}]}
        (topic,) = (await client.ask(api, version, asked)).topics
        assert topic.partitions[0].error_code.value == NOT_LEADER


async def test_topics_take_as_many_replicas_as_there_are_nodes() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker, connected(broker) as client:
        told = {}
        for factor in (1, 2, 3):
            wanted = {"num_partitions": 1, "replication_factor": factor, "assignments": []}
            asked = {"topics": [{"name": f"t{factor}", **wanted}], "timeout": 1000}
            (topic,) = (await client.ask("create_topics", 7, asked)).topics
            told[factor] = (topic.error_code.value, topic.replication_factor)
        assert told == {1: (0, 2), 2: (0, 2), 3: (38, -1)}


async def test_advertised_listeners_are_the_first_nodes() -> None:
    settings = {**SETTINGS, "advertised.listeners": "PLAINTEXT://kafka.example:9092"}
    async with EmbeddedBroker(settings, nodes=3) as broker, at_node(broker, 2) as client:
        told = {b.node_id: (b.host, b.port) for b in (await _metadata(client)).brokers}
        assert told == {n: ("kafka.example", 9091 + n) for n in (1, 2, 3)}


async def test_epochs_do_not_go_back_when_a_broker_goes_on_from_its_directory(
    tmp_path: Path,
) -> None:
    epochs = []
    for _ in range(3):
        async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
            if not epochs:
                broker.create_topic("orders", 1)
                await broker.move_leader("orders", 0)
            leader = broker.leader_of("orders", 0)
            async with at_node(broker, leader) as client:
                (part,) = (await _metadata(client)).topics[0].partitions
                epochs.append(part.leader_epoch)
                await client.ask("produce", 9, _produce())
                found = await _fetched(client, 11, _fetch(epoch=part.leader_epoch))
                assert found.error_code.value == 0
                assert found.high_watermark == len(epochs)
    assert epochs == [1, 2, 3]


def _three_ports() -> int:
    """The first of three free ones in a row."""
    for first in range(20_000, 60_000, 3):
        with ExitStack() as stack, suppress(OSError):
            for port in range(first, first + 3):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("no three ports in a row are free")


async def test_with_a_port_each_node_has_the_next_one_also_when_it_starts_again() -> None:
    first = _three_ports()
    async with EmbeddedBroker(SETTINGS, nodes=3, port=first) as broker:
        addresses = [f"127.0.0.1:{port}" for port in range(first, first + 3)]
        assert broker.bootstrap_servers == ",".join(addresses)
        await broker.stop_node(2)
        await broker.start_node(2)
        async with at_node(broker, 2) as client:
            assert len((await _metadata(client)).brokers) == 3
        assert broker.bootstrap_servers == ",".join(addresses)


async def test_a_port_of_a_node_that_is_taken_leaves_nothing_behind() -> None:
    first = _three_ports()
    before = asyncio.all_tasks()
    with socket.create_server(("127.0.0.1", first + 1)):
        broker = EmbeddedBroker(SETTINGS, nodes=3, port=first)
        with pytest.raises(BrokerError, match=f"127.0.0.1:{first + 1}: the port is in use"):
            await broker.start()
        assert asyncio.all_tasks() == before
    async with broker:
        await broker.stop_node(2)
        with socket.create_server(("127.0.0.1", first + 1)):
            with pytest.raises(BrokerError, match="the port is in use"):
                await broker.start_node(2)
            assert broker.running_nodes == (1, 3)
        await broker.start_node(2)
        assert broker.running_nodes == (1, 2, 3)


def test_leader_epochs_of_a_log() -> None:
    epochs = LeaderEpochs()
    assert (epochs.current, epochs.end_of(0, 0, 0), epochs.at(0)) == (0, (0, 0), 0)
    epochs.begin(2, 10)
    epochs.begin(3, 10)  # nothing was appended in 2
    epochs.begin(5, 20)
    assert epochs.current == 5
    assert [epochs.end_of(epoch, 0, 30) for epoch in range(-1, 7)] == [
        *((-1, -1), (0, 10), (0, 10), (0, 10), (3, 20), (3, 20), (5, 30), (-1, -1)),
    ]
    assert [epochs.at(offset) for offset in (0, 9, 10, 19, 20, 30)] == [0, 0, 3, 3, 5, 5]
    assert epochs.end_of(-5, 3, 30) == (-5, 3), "before all that is known"
    assert [epochs.end_of(epoch, 15, 30) for epoch in (0, 2, 3, 4, 5)] == [
        *((0, 15), (2, 15), (3, 20), (3, 20), (5, 30)),
    ]
