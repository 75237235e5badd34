"""Transactions of offsets while coordinators move, load and stop (O07, P03)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.nodes.asking import at_node
from tests.broker.nodes.producing import (
    CONCURRENT,
    NONE,
    NOT_COORDINATOR,
    UNSTABLE,
    TransactionalProducer,
    offset_of,
    when_stable,
)
from tests.support.brokers import SETTINGS

DEADLINE_S = 60.0
INVALID_TXN_STATE = 48


def _commits(transactional_id: str) -> dict[str, Any]:
    return {"transactional_id": transactional_id, "transaction_timeout": 60_000}


async def test_o07_another_node_than_the_coordinator_of_a_transaction_says_so() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        producer = TransactionalProducer(broker)
        await producer.begin()
        asked: dict[str, Any] = {"transactional_id": "t", "producer_id": 0, "producer_epoch": 0}
        async with at_node(broker, 3 - await producer.coordinator()) as client:
            told = await client.ask("init_producer_id", 2, _commits("t"))
            assert (told.error_code.value, told.producer_id) == (NOT_COORDINATOR, -1)
            told = await client.ask("add_offsets_to_txn", 2, {**asked, "group_id": "g"})
            assert told.error_code.value == NOT_COORDINATOR
            told = await client.ask("end_txn", 2, {**asked, "committed": True})
            assert told.error_code.value == NOT_COORDINATOR
            topics = [{"name": "orders", "partitions": [0]}]
            told = await client.ask(
                "add_partitions_to_txn",
                3,
                {"v3_and_below_transactional_id": "t", "v3_and_below_topics": topics},
            )
            errors = [
                part.partition_error_code.value
                for topic in told.results_by_topic_v3_and_below
                for part in topic.results_by_partition
            ]
            assert errors == [NOT_COORDINATOR]
            told = await client.ask("init_producer_id", 2, {"transactional_id": None})
            assert told.error_code.value == NONE, "who has no name needs no coordinator"


async def test_o07_a_node_that_does_not_coordinate_the_group_adds_nothing() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        node_id = broker.coordinator_of("g")
        assert node_id is not None
        producer = TransactionalProducer(broker)
        await producer.begin()
        claimed = {"transactional_id": "t", "producer_id": 0, "producer_epoch": 0}
        part = {"partition_index": 0, "committed_offset": 5, "committed_leader_epoch": -1}
        topics = [{"name": "orders", "partitions": [{**part, "committed_metadata": ""}]}]
        asked = {**claimed, "group_id": "g", "generation_id": -1, "topics": topics}
        async with at_node(broker, 3 - node_id) as client:
            (topic,) = (await client.ask("txn_offset_commit", 5, asked)).topics
            assert [part.error_code.value for part in topic.partitions] == [NOT_COORDINATOR]
        async with at_node(broker, await producer.coordinator()) as client:
            ended = await client.ask("end_txn", 5, {**claimed, "committed": True})
            assert ended.error_code.value == INVALID_TXN_STATE, "there is no transaction"


@pytest.mark.parametrize("committed", [True, False])
async def test_o07_p03_what_waits_for_the_end_of_a_transaction_survives_a_move(
    committed: bool,
) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3) as broker:
        broker.create_topic("orders", 1)
        producer = TransactionalProducer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        await broker.move_coordinator("g")
        assert await offset_of(broker) == (-1, UNSTABLE)
        node = broker.coordinator_of("g")
        assert node is not None
        await broker.stop_node(node)
        assert await offset_of(broker) == (-1, UNSTABLE)
        assert await producer.end(committed=committed) == NONE
        assert await offset_of(broker) == (5 if committed else -1, NONE)
        await broker.move_coordinator("g")
        assert await offset_of(broker) == (5 if committed else -1, NONE)


async def test_o07_a_decision_is_final_while_the_coordinator_of_the_group_loads() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        producer = TransactionalProducer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        with broker.hold_loading("g"):
            assert await producer.end(committed=True) == NONE
            assert await producer.add("g") == CONCURRENT
            assert await producer.end(committed=False) == CONCURRENT
            await broker.move_coordinator("g")
        assert await when_stable(broker) == 5
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 6) == NONE
        assert await producer.end(committed=False) == NONE
        assert await offset_of(broker) == (5, NONE)


async def test_o07_a_broker_that_stops_while_an_end_is_on_its_way_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        producer = TransactionalProducer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        broker.hold_loading("g")
        assert await producer.end(committed=True) == NONE
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("committed", [True, False])
async def test_o07_a_broker_that_dies_has_aborted_what_was_open(
    committed: bool, tmp_path: Path
) -> None:
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        broker.create_topic("orders", 1)
        producer = TransactionalProducer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        if committed:
            assert await producer.end(committed=True) == NONE
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        assert await offset_of(broker) == (5 if committed else -1, NONE)


@pytest.mark.parametrize("committed", [True, False])
def test_o07_confluents_producer_commits_offsets_across_moves(committed: bool) -> None:
    broker = EmbeddedBroker(SETTINGS, nodes=3)
    with EmbeddedBrokerThread(broker) as thread:

        async def create() -> None:
            broker.create_topic("orders", 1)

        thread.run(create())
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": thread.bootstrap_servers,
                "group.id": "g",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": thread.bootstrap_servers,
                "transactional.id": "t",
                "log_level": 0,
            }
        )
        producer.init_transactions(DEADLINE_S)
        metadata = consumer.consumer_group_metadata()
        for offset in (5, 6):
            producer.begin_transaction()
            where = [confluent_kafka.TopicPartition("orders", 0, offset)]
            producer.send_offsets_to_transaction(where, metadata, DEADLINE_S)
            thread.run(broker.move_coordinator("g", loading_ms=200))
            producer.commit_transaction(DEADLINE_S)
        producer.begin_transaction()
        where = [confluent_kafka.TopicPartition("orders", 0, 7)]
        producer.send_offsets_to_transaction(where, metadata, DEADLINE_S)
        thread.run(broker.stop_node(_node(thread, broker), loading_ms=200))
        if committed:
            producer.commit_transaction(DEADLINE_S)
        else:
            producer.abort_transaction(DEADLINE_S)
        assert thread.run(when_stable(broker)) == (7 if committed else 6)
        consumer.close()


def _node(thread: EmbeddedBrokerThread, broker: EmbeddedBroker) -> int:
    async def find() -> int:
        found = broker.coordinator_of("g")
        assert found is not None
        return found

    return thread.run(find())
