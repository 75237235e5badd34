"""What a transaction of offsets leaves in `__consumer_offsets`, here and on Apache Kafka (O07)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords

from rebalance.protocol.java_hash import partition_of
from tests.broker.handlers.test_offsets import ready
from tests.broker.raw import RawConnection, connected, create_topic
from tests.support.brokers import KafkaBroker

OFFSETS = "__consumer_offsets"
WAIT = (14, 15, 16, 51)


async def _when_ready(client: RawConnection, api: str, version: int, body: dict[str, Any]) -> Any:
    """The answer once a coordinator is there and has no other transaction to end."""
    while (answer := await client.ask(api, version, body)).error_code.value in WAIT:
        find = {"key": body["transactional_id"], "key_type": 1}
        await client.ask("find_coordinator", 3, find)
    assert answer.error_code.value == 0, answer
    return answer


async def _batches(client: RawConnection, partition: int, producer_id: int) -> list[Any]:
    """The batches of one producer, oldest first."""
    part = {"partition": partition, "fetch_offset": 0, "partition_max_bytes": 2**20}
    part |= {"current_leader_epoch": -1, "log_start_offset": -1}
    asked = {
        "replica_id": -1,
        "max_wait": 0,
        "min_bytes": 0,
        "max_bytes": 2**20,
        "session_epoch": -1,
        "topics": [{"topic": OFFSETS, "partitions": [part]}],
    }
    answer = await client.ask("fetch", 11, asked)
    records = MemoryRecords(bytes(answer.responses[0].partitions[0].records))
    found = []
    while records.has_next():
        batch = records.next_batch()
        if batch.producer_id == producer_id:
            found.append(batch)
    return found


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("committed", [True, False])
async def test_o07_its_batches_are_those_of_kafka(
    committed: bool, newest: bool, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic, group, name = unique("topic"), unique("group"), unique("transaction")
    async with connected(kafka_broker) as client:
        await create_topic(client, topic)
        await ready(client, group)
        asked: dict[str, Any] = {"transactional_id": name}
        begin = {**asked, "transaction_timeout": 60_000, "producer_id": -1, "producer_epoch": -1}
        told = await _when_ready(client, "init_producer_id", 5 if newest else 2, begin)
        asked |= {"producer_id": told.producer_id, "producer_epoch": told.producer_epoch}
        if not newest:  # else TxnOffsetCommit does it (KIP-890)
            await _when_ready(client, "add_offsets_to_txn", 2, {**asked, "group_id": group})
        part = {"partition_index": 0, "committed_offset": 5, "committed_leader_epoch": -1}
        topics = [{"name": topic, "partitions": [part | {"committed_metadata": ""}]}]
        commit = {**asked, "group_id": group, "topics": topics, "generation_id": -1}
        answer = await client.ask("txn_offset_commit", 5 if newest else 2, commit)
        assert answer.topics[0].partitions[0].error_code.value == 0
        version = 5 if newest else 2
        await _when_ready(client, "end_txn", version, {**asked, "committed": committed})
        of_topic = {"topics": [{"name": OFFSETS, "topic_id": None}]}
        partitions = len((await client.ask("metadata", 12, of_topic)).topics[0].partitions)
        found: list[Any] = []
        while len(found) < 2:  # Kafka writes the marker a little later
            found = await _batches(client, partition_of(group, partitions), told.producer_id)
    offsets, marker = found
    told = [(batch.is_transactional, batch.producer_epoch, batch.base_sequence) for batch in found]
    assert told == [(True, 0, 0), (True, 1 if newest else 0, -1)]
    assert (offsets.is_control_batch, marker.is_control_batch) == (False, True)
    (record,) = offsets
    assert record.key[:2] == b"\0\1"
    (end,) = marker
    assert end.key == (b"\0\0\0\1" if committed else b"\0\0\0\0")
    assert (len(end.value), end.value[:2]) == (6, b"\0\0")
