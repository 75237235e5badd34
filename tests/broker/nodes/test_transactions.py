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
from tests.support.brokers import SETTINGS

NONE, LOADING, NOT_COORDINATOR, CONCURRENT, UNSTABLE = 0, 14, 16, 51, 88
DEADLINE_S = 60.0


def _commits(transactional_id: str) -> dict[str, Any]:
    return {"transactional_id": transactional_id, "transaction_timeout": 60_000}


class _Producer:
    """A transactional producer on raw sockets, that looks for its coordinators each time."""

    def __init__(self, broker: EmbeddedBroker, name: str = "t") -> None:
        self._broker = broker
        self._name = name
        self._ids: dict[str, Any] = {}

    async def _ask(self, node_id: int, api: str, version: int, body: dict[str, Any]) -> Any:
        async with at_node(self._broker, node_id) as client:
            return await client.ask(api, version, body)

    async def coordinator(self) -> int:
        """The node that coordinates its transactions."""
        asked = {"key_type": 1, "coordinator_keys": [self._name]}
        node_id = self._broker.running_nodes[0]
        (found,) = (await self._ask(node_id, "find_coordinator", 4, asked)).coordinators
        assert found.error_code.value == NONE
        return int(found.node_id)

    async def begin(self) -> None:
        """The next incarnation."""
        asked = {"transactional_id": self._name, "transaction_timeout": 60_000}
        told = await self._ask(await self.coordinator(), "init_producer_id", 2, asked)
        assert told.error_code.value == NONE
        self._ids = {"producer_id": told.producer_id, "producer_epoch": told.producer_epoch}

    async def add(self, group: str) -> int:
        """AddOffsetsToTxn; its error."""
        asked = {"transactional_id": self._name, "group_id": group, **self._ids}
        told = await self._ask(await self.coordinator(), "add_offsets_to_txn", 2, asked)
        return int(told.error_code.value)

    async def commit_offset(self, group: str, offset: int) -> int:
        """TxnOffsetCommit of partition 0 of "orders"; its error."""
        part = {
            "partition_index": 0,
            "committed_offset": offset,
            "committed_leader_epoch": -1,
            "committed_metadata": "",
        }
        topics = [{"name": "orders", "partitions": [part]}]
        asked = {"transactional_id": self._name, "group_id": group, **self._ids, "topics": topics}
        node_id = self._broker.coordinator_of(group)
        assert node_id is not None
        told = await self._ask(node_id, "txn_offset_commit", 2, asked)
        return int(told.topics[0].partitions[0].error_code.value)

    async def end(self, *, committed: bool) -> int:
        """EndTxn; its error."""
        asked = {"transactional_id": self._name, **self._ids, "committed": committed}
        told = await self._ask(await self.coordinator(), "end_txn", 2, asked)
        return int(told.error_code.value)


async def _offset(broker: EmbeddedBroker, group: str = "g") -> tuple[int, int]:
    """Offset and error of partition 0 of "orders", for who wants what is stable."""
    node_id = broker.coordinator_of(group)
    assert node_id is not None
    asked = {
        "group_id": group,
        "topics": [{"name": "orders", "partition_indexes": [0]}],
        "require_stable": True,
    }
    async with at_node(broker, node_id) as client:
        answer = await client.ask("offset_fetch", 7, asked)
    if answer.error_code.value != NONE:
        return -1, answer.error_code.value
    (topic,) = answer.topics
    return topic.partitions[0].committed_offset, topic.partitions[0].error_code.value


async def _when_stable(broker: EmbeddedBroker) -> int:
    """The offset once no transaction is open."""
    while (found := await _offset(broker))[1] in (UNSTABLE, LOADING):
        pass
    assert found[1] == NONE
    return found[0]


async def test_o07_another_node_than_the_coordinator_of_a_transaction_says_so() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        producer = _Producer(broker)
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


@pytest.mark.parametrize("committed", [True, False])
async def test_o07_p03_what_waits_for_the_end_of_a_transaction_survives_a_move(
    committed: bool,
) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3) as broker:
        broker.create_topic("orders", 1)
        producer = _Producer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        await broker.move_coordinator("g")
        assert await _offset(broker) == (-1, UNSTABLE)
        node = broker.coordinator_of("g")
        assert node is not None
        await broker.stop_node(node)
        assert await _offset(broker) == (-1, UNSTABLE)
        assert await producer.end(committed=committed) == NONE
        assert await _offset(broker) == (5 if committed else -1, NONE)
        await broker.move_coordinator("g")
        assert await _offset(broker) == (5 if committed else -1, NONE)


async def test_o07_a_decision_is_final_while_the_coordinator_of_the_group_loads() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        producer = _Producer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        with broker.hold_loading("g"):
            assert await producer.end(committed=True) == NONE
            assert await producer.add("g") == CONCURRENT
            assert await producer.end(committed=False) == CONCURRENT
            await broker.move_coordinator("g")
        assert await _when_stable(broker) == 5
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 6) == NONE
        assert await producer.end(committed=False) == NONE
        assert await _offset(broker) == (5, NONE)


async def test_o07_a_broker_that_stops_while_an_end_is_on_its_way_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with EmbeddedBroker(SETTINGS, nodes=2) as broker:
        broker.create_topic("orders", 1)
        producer = _Producer(broker)
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
        producer = _Producer(broker)
        await producer.begin()
        assert await producer.add("g") == NONE
        assert await producer.commit_offset("g", 5) == NONE
        if committed:
            assert await producer.end(committed=True) == NONE
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        assert await _offset(broker) == (5 if committed else -1, NONE)


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
        assert thread.run(_when_stable(broker)) == (7 if committed else 6)
        consumer.close()


def _node(thread: EmbeddedBrokerThread, broker: EmbeddedBroker) -> int:
    async def find() -> int:
        found = broker.coordinator_of("g")
        assert found is not None
        return found

    return thread.run(find())
