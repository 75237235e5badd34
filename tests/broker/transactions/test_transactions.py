"""Transactions of offsets, with producers of aiokafka (O07)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced, TransactionalIdAuthorizationFailed

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import KafkaBroker


async def committed(client: RawConnection, group: str, topic: str) -> tuple[int, int]:
    """Offset and error of partition 0, for who wants what is stable."""
    topics = [{"name": topic, "partition_indexes": [0]}]
    asked = {"group_id": group, "topics": topics, "require_stable": True}
    answer = await client.ask("offset_fetch", 7, asked)
    (partition,) = answer.topics[0].partitions
    return partition.committed_offset, partition.error_code.value


async def when_stable(client: RawConnection, group: str, topic: str) -> int:
    """The offset once no transaction is open: Kafka takes a moment to end one."""
    unstable = 88
    while (found := await committed(client, group, topic))[1] == unstable:
        pass
    assert found[1] == 0
    return found[0]


async def test_o07_offsets_of_an_aiokafka_producer(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic, group = unique("topic"), unique("group")
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_broker.bootstrap_servers, transactional_id=unique("transaction")
    )
    async with connected(kafka_broker) as client, producer:
        await create_topic(client, topic)
        for offset in (5, 6):
            async with producer.transaction():
                await producer.send_offsets_to_transaction(
                    {TopicPartition(topic, 0): offset}, group
                )
                assert (await committed(client, group, topic))[1] == 88
            assert await when_stable(client, group, topic) == offset
        await producer.begin_transaction()
        await producer.send_offsets_to_transaction({TopicPartition(topic, 0): 7}, group)
        await producer.abort_transaction()
        assert await when_stable(client, group, topic) == 6


async def test_o07_a_producer_of_the_same_name_fences_the_one_before(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic, group, name = unique("topic"), unique("group"), unique("transaction")

    def producer() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=kafka_broker.bootstrap_servers, transactional_id=name
        )

    async with connected(kafka_broker) as client, producer() as old:
        await create_topic(client, topic)
        await old.begin_transaction()
        await old.send_offsets_to_transaction({TopicPartition(topic, 0): 5}, group)
        async with producer() as new:
            with pytest.raises(ProducerFenced):
                await old.commit_transaction()
            assert await when_stable(client, group, topic) == -1
            async with new.transaction():
                await new.send_offsets_to_transaction({TopicPartition(topic, 0): 8}, group)
            assert await when_stable(client, group, topic) == 8


def test_a_record_in_a_transaction_is_refused_for_good() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            broker.create_topic("orders", 1)
            producer = AIOKafkaProducer(
                bootstrap_servers=broker.bootstrap_servers, transactional_id="payments"
            )
            await producer.start()
            await producer.begin_transaction()
            async with asyncio.timeout(10):
                with pytest.raises(TransactionalIdAuthorizationFailed):
                    await producer.send_and_wait("orders", b"x")
                await producer.stop()

    run(main())
    gc.collect()  # aiokafka leaves futures behind that complain: here, not in a later test


def test_a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            asked: dict[str, Any] = {"transactional_id": "slow", "transaction_timeout": 50}
            begun = await client.ask("init_producer_id", 4, asked)
            me = {
                "transactional_id": "slow",
                "producer_id": begun.producer_id,
                "producer_epoch": begun.producer_epoch,
            }
            part = {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}
            topics = [{"name": "orders", "partitions": [{**part, "committed_leader_epoch": -1}]}]
            offsets = {**me, "group_id": "g", "generation_id": -1, "topics": topics}
            answer = await client.ask("txn_offset_commit", 5, offsets)
            assert answer.topics[0].partitions[0].error_code.value == 0
            assert await when_stable(client, "g", "orders") == -1
            ending = await client.ask("end_txn", 3, {**me, "committed": True})
            assert ending.error_code.value == 90  # PRODUCER_FENCED

    run(main())
