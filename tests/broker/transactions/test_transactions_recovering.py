"""Producers that claim their next epoch by the one they had, here and on Apache Kafka (KIP-360)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.broker.handlers.test_offsets import ready
from tests.broker.raw import RawConnection, connected
from tests.support.brokers import KafkaBroker

NONE, FENCED, BUSY = 0, 90, (14, 15, 16, 51)


class _Producer:
    """Says who it is as it likes."""

    def __init__(self, client: RawConnection, name: str) -> None:
        self._client = client
        self._name = {"transactional_id": name}
        self.producer_id = -1

    async def _ask(self, api: str, version: int, body: dict[str, Any]) -> Any:
        """The answer of a coordinator that has nothing else to end."""
        while True:
            answer = await self._client.ask(api, version, self._name | body)
            if answer.error_code.value not in BUSY:
                return answer
            find = {"key": self._name["transactional_id"], "key_type": 1}
            await self._client.ask("find_coordinator", 3, find)

    async def begin(self, epoch: int | None = None, **fields: Any) -> tuple[int, int]:
        """InitProducerId by the epoch it had, or by its name alone; error and epoch."""
        who = {"producer_id": self.producer_id, "producer_epoch": epoch}
        if epoch is None:
            who = {"producer_id": -1, "producer_epoch": -1}
        asked = {"transaction_timeout": 60_000, **who, **fields}
        told = await self._ask("init_producer_id", 5, asked)
        if told.error_code.value == NONE:
            self.producer_id = told.producer_id
        return told.error_code.value, told.producer_epoch

    async def add(self, group: str, epoch: int) -> int:
        """AddOffsetsToTxn; its error."""
        who = {"producer_id": self.producer_id, "producer_epoch": epoch}
        told = await self._ask("add_offsets_to_txn", 3, {**who, "group_id": group})
        return int(told.error_code.value)

    async def end(self, epoch: int, version: int) -> int:
        """EndTxn that commits; its error."""
        who = {"producer_id": self.producer_id, "producer_epoch": epoch}
        told = await self._ask("end_txn", version, {**who, "committed": True})
        return int(told.error_code.value)


async def test_o07_who_lost_the_answer_to_end_txn_5_is_told_the_epoch_that_came_of_it(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        producer = _Producer(client, unique("transaction"))
        assert await producer.begin() == (NONE, 0)
        assert await producer.add(group, 0) == NONE
        assert await producer.end(0, 5) == NONE
        for _ in range(2):
            assert await producer.begin(0) == (NONE, 1)
        assert await producer.begin(1) == (NONE, 2)
        assert await producer.begin(0) == (FENCED, -1)


async def test_o07_who_met_its_own_open_transaction_is_told_the_epoch_after_its_abort(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        producer = _Producer(client, unique("transaction"))
        assert await producer.begin() == (NONE, 0)
        assert await producer.add(group, 0) == NONE
        assert await producer.begin(0) == (NONE, 1)
        assert await producer.add(group, 1) == NONE


async def test_o07_who_was_too_slow_is_told_the_epoch_after_the_abort(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    group = unique("group")
    async with connected(kafka_broker) as client:
        await ready(client, group)
        producer = _Producer(client, unique("transaction"))
        assert await producer.begin(transaction_timeout=500) == (NONE, 0)
        assert await producer.add(group, 0) == NONE
        while await producer.add(group, 0) == NONE:
            pass
        assert await producer.begin(0) == (NONE, 1)


async def test_o07_a_producer_whose_name_is_forgotten_begins_at_epoch_0(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        await ready(client, unique("group"))
        producer = _Producer(client, unique("transaction"))
        producer.producer_id = 999_999
        assert await producer.begin(3) == (NONE, 0)
        assert producer.producer_id != 999_999
        assert await producer.begin(0) == (NONE, 1)


@pytest.mark.parametrize("again", [False, True])
async def test_o07_who_was_fenced_by_its_name_stays_so(
    again: bool, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    async with connected(kafka_broker) as client:
        await ready(client, unique("group"))
        producer = _Producer(client, unique("transaction"))
        assert await producer.begin() == (NONE, 0)
        if again:
            assert await producer.begin(0) == (NONE, 1)
        epoch = 1 + again
        assert await producer.begin() == (NONE, epoch)
        assert await producer.begin(epoch - 1) == (FENCED, -1)
