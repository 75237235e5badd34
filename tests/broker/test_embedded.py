"""The broker as its users meet it: real clients, one port, started and stopped."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rebalance.broker import BrokerError, EmbeddedBroker, SettingsError
from tests.broker.raw import connected, run


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"acks": "all"},
        {"acks": 0},
        {"enable_idempotence": True},
        {"compression_type": "gzip"},
        {"compression_type": "gzip", "enable_idempotence": True},
    ],
)
def test_what_aiokafka_produces_aiokafka_reads(options: dict[str, object]) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            address = {"bootstrap_servers": broker.bootstrap_servers}
            sent = [b"value %d" % number for number in range(50)]
            async with AIOKafkaProducer(**address, **options) as producer:
                for value in sent:
                    await producer.send("orders", value, partition=0)
                await producer.flush()
            async with AIOKafkaConsumer(
                **address, auto_offset_reset="earliest", group_id=None
            ) as consumer:
                consumer.assign([TopicPartition("orders", 0)])
                records = [await consumer.getone() for _ in sent]
            assert [record.value for record in records] == sent
            assert [record.offset for record in records] == list(range(50))

    run(main())


def test_admin_creates_describes_and_deletes_topics() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
            await admin.start()
            try:
                await admin.create_topics([NewTopic("orders", 6, 1), NewTopic("bills", 2, 1)])
                assert sorted(await admin.list_topics()) == ["bills", "orders"]
                (described,) = await admin.describe_topics(["orders"])
                assert len(described["partitions"]) == 6
                await admin.delete_topics(["orders"])
                assert await admin.list_topics() == ["bills"]
                cluster = await admin.describe_cluster()
                assert [node["node_id"] for node in cluster["brokers"]] == [1]
            finally:
                await admin.close()

    run(main())


def test_admin_lists_and_describes_groups() -> None:
    async def main() -> None:
        settings = {"group.initial.rebalance.delay.ms": "0"}
        async with EmbeddedBroker(settings) as broker:
            broker.create_topic("orders", 2)
            address = {"bootstrap_servers": broker.bootstrap_servers}
            admin = AIOKafkaAdminClient(**address)
            await admin.start()
            consumer = AIOKafkaConsumer("orders", **address, group_id="g", client_id="me")
            await consumer.start()
            try:
                assert await admin.list_consumer_groups() == [("g", "consumer")]
                (described,) = await admin.describe_consumer_groups(["g"])
                (group,) = described.groups
                assert (group[1], group[2]) == ("g", "Stable")
                await consumer.commit({TopicPartition("orders", 1): 7})
                offsets = await admin.list_consumer_group_offsets("g")
                assert {tp: found.offset for tp, found in offsets.items()} == {("orders", 1): 7}
            finally:
                await consumer.stop()
                await admin.close()

    run(main())


def test_offsets_by_time_as_a_consumer_asks_for_them() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            address = {"bootstrap_servers": broker.bootstrap_servers}
            first = TopicPartition("orders", 0)
            async with AIOKafkaProducer(**address) as producer:
                for number in range(5):
                    await producer.send_and_wait(
                        "orders", b"v", partition=0, timestamp_ms=1000 * (number + 1)
                    )
            async with AIOKafkaConsumer(**address, group_id=None) as consumer:
                consumer.assign([first])
                assert await consumer.beginning_offsets([first]) == {first: 0}
                assert await consumer.end_offsets([first]) == {first: 5}
                found = await consumer.offsets_for_times({first: 2500})
                assert found[first] is not None
                assert (found[first].offset, found[first].timestamp) == (2, 3000)
                assert await consumer.offsets_for_times({first: 9000}) == {first: None}

    run(main())


def test_a_port_in_use_is_named() -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(BrokerError, match=f"127.0.0.1:{port}: the port is in use"):
                await EmbeddedBroker(port=port).start()

    run(main())


def test_an_address_that_is_not_ours_is_named() -> None:
    async def main() -> None:
        with pytest.raises(BrokerError, match=r"cannot listen on 203\.0\.113\.1:0"):
            await EmbeddedBroker(host="203.0.113.1").start()

    run(main())


def test_a_port_can_be_asked_for_and_taken_again() -> None:
    async def main() -> None:
        broker = EmbeddedBroker()
        async with broker:
            port = broker.port
        again = EmbeddedBroker(port=port)
        async with again:
            assert again.bootstrap_servers == f"127.0.0.1:{port}"
            async with connected(again) as client:
                assert (await client.ask("api_versions", 3, _SOFTWARE)).error_code.value == 0

    run(main())


_SOFTWARE = {"client_software_name": "raw", "client_software_version": "1.0"}


def test_before_start_and_after_stop_the_broker_says_so() -> None:
    async def main() -> None:
        broker = EmbeddedBroker()
        with pytest.raises(BrokerError, match="not running"):
            _ = broker.bootstrap_servers
        with pytest.raises(BrokerError, match="not running"):
            broker.create_topic("orders")
        await broker.stop()
        await broker.start()
        with pytest.raises(BrokerError, match="running already"):
            await broker.start()
        await broker.stop()
        await broker.stop()

    run(main())


def test_an_unknown_setting_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match=r"unknown property 'num.partition'; known: .*num.par"):
        EmbeddedBroker({"num.partition": "3"})


def test_stop_ends_waiting_requests_and_leaves_no_task() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        broker = EmbeddedBroker()
        await broker.start()
        broker.create_topic("orders", 1)
        async with connected(broker) as waiting, connected(broker) as idle:
            waiting.send("fetch", 11, _long_fetch())
            await idle.ask("metadata", 1, {"topics": None})
            await broker.stop()
            assert await waiting.is_closed_by_peer()
            assert await idle.is_closed_by_peer()
        assert asyncio.all_tasks() == before
        gc.collect()

    run(main())


def _long_fetch() -> dict[str, object]:
    return {
        "replica_id": -1,
        "max_wait": 3_600_000,
        "min_bytes": 1,
        "max_bytes": 1000,
        "topics": [
            {
                "topic": "orders",
                "partitions": [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}],
            }
        ],
    }


def test_a_stopped_broker_starts_empty() -> None:
    async def main() -> None:
        broker = EmbeddedBroker()
        async with broker:
            broker.create_topic("orders", 2)
            with pytest.raises(BrokerError, match="already exists"):
                broker.create_topic("orders")
        async with broker, connected(broker) as client:
            assert (await client.ask("metadata", 1, {"topics": None})).topics == ()

    run(main())


def test_more_connections_than_allowed_are_closed() -> None:
    async def main() -> None:
        settings = {"max.connections": "1"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as first:
            await first.ask("metadata", 1, {"topics": None})
            async with connected(broker) as second:
                assert await second.is_closed_by_peer()
            await first.ask("metadata", 1, {"topics": None})

    run(main())


def test_advertised_listeners_tell_clients_where_to_go() -> None:
    async def main() -> None:
        settings = {"advertised.listeners": "PLAINTEXT://kafka.example:9092"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            (node,) = (await client.ask("metadata", 1, {"topics": None})).brokers
            assert (node.host, node.port) == ("kafka.example", 9092)

    run(main())


def test_a_host_name_is_one_address() -> None:
    async def main() -> None:
        async with EmbeddedBroker(host="localhost") as broker, connected(broker) as client:
            assert broker.bootstrap_servers in (
                f"127.0.0.1:{broker.port}",
                f"[::1]:{broker.port}",
            )
            assert (await client.ask("metadata", 1, {"topics": None})).topics == ()
        with pytest.raises(BrokerError, match=r"cannot listen on no\.such\.host\.invalid:0: "):
            await EmbeddedBroker(host="no.such.host.invalid").start()

    run(main())


def test_all_interfaces_are_reached_by_loopback_and_told_as_the_client_came() -> None:
    async def main() -> None:
        async with EmbeddedBroker(host="0.0.0.0") as broker, connected(broker) as client:
            assert broker.bootstrap_servers == f"127.0.0.1:{broker.port}"
            (node,) = (await client.ask("metadata", 1, {"topics": None})).brokers
            assert (node.host, node.port) == ("127.0.0.1", broker.port)

    run(main())


def test_ids_repeat_with_an_injected_function() -> None:
    async def main() -> list[uuid.UUID]:
        chance = random.Random(7)
        new_uuid = lambda: uuid.UUID(int=chance.getrandbits(128))  # noqa: E731
        async with EmbeddedBroker(new_uuid=new_uuid) as broker, connected(broker) as client:
            asked = {"topics": [{"name": "a"}, {"name": "b"}]}
            return [topic.topic_id for topic in (await client.ask("metadata", 12, asked)).topics]

    assert run(main()) == run(main())


@pytest.mark.parametrize(
    ("settings", "port", "problem"),
    [
        ({}, 65_534, r"port=65534 and nodes=3: the last node's port would be 65536, beyond 65535"),
        ({}, 70_000, r"port=70000 and nodes=3: .* beyond 65535"),
        ({}, -1, r"port=-1: expected a port, or 0 for free ones"),
        ({}, "9092", r"port='9092': expected a port, or 0 for free ones"),
        (
            {"advertised.listeners": "PLAINTEXT://kafka.example:65534"},
            0,
            r"advertised.listeners=.*:65534' and nodes=3: the last node's port would be 65536",
        ),
        (
            {"node.id": str(2**31 - 2)},
            0,
            r"node.id=2147483646 and nodes=3: the last node's id would be 2147483648, beyond 2",
        ),
    ],
)
def test_ports_and_ids_beyond_the_last_are_refused_at_once(
    settings: dict[str, str], port: Any, problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        EmbeddedBroker(settings, port=port, nodes=3)


@pytest.mark.parametrize("nodes", [0, -1, 101, "3", 2.0, True, None])
def test_no_such_number_of_nodes(nodes: Any) -> None:
    with pytest.raises(SettingsError, match=rf"nodes={nodes!r}: expected a whole number from 1 to"):
        EmbeddedBroker(nodes=nodes)


def test_the_last_ports_and_ids_are_good() -> None:
    settings = {
        "advertised.listeners": "PLAINTEXT://kafka.example:65533",
        "node.id": str(2**31 - 3),
    }
    broker = EmbeddedBroker(settings, port=65_533, nodes=3)
    with pytest.raises(BrokerError, match="not running"):
        _ = broker.running_nodes
