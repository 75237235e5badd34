"""InitProducerId and FindCoordinator: small answers with many refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.broker.raw import RawConnection, connected
from tests.support.brokers import KafkaBroker


async def _ask(client: RawConnection, version: int = 5, **more: Any) -> Any:
    asked = {"transactional_id": None, "transaction_timeout": 60_000, **more}
    while (answer := await client.ask("init_producer_id", version, asked)).error_code.value in (
        14,  # Apache Kafka fetches its first block of ids
        15,  # and makes the topic of its transactions
        16,
    ):
        asked_for = {"key": "any", "key_type": 1}
        await client.ask("find_coordinator", 3, asked_for)
    return answer


async def test_every_idempotent_producer_gets_an_id_of_its_own(kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        answers = [await _ask(client) for _ in range(5)]
        assert len({answer.producer_id for answer in answers}) == 5
        assert {answer.producer_epoch for answer in answers} == {0}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"producer_id": 5}, 42),
        ({"producer_epoch": 5}, 42),
        ({"producer_id": 5, "producer_epoch": 5}, 0),
    ],
)
async def test_what_is_refused(more: dict[str, Any], code: int, kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        answer = await _ask(client, **more)
        assert answer.error_code.value == code
        if code:
            assert (answer.producer_id, answer.producer_epoch) == (-1, -1)


@pytest.mark.parametrize("version", range(6))
async def test_a_transactional_id_gets_the_next_epoch(
    version: int, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    name = unique("transaction")
    async with connected(kafka_broker) as client:
        answers = [await _ask(client, version, transactional_id=name) for _ in range(3)]
        assert [answer.error_code.value for answer in answers] == [0, 0, 0]
        assert len({answer.producer_id for answer in answers}) == 1
        assert [answer.producer_epoch for answer in answers] == [0, 1, 2]


@pytest.mark.parametrize("version", range(7))
async def test_a07_find_coordinator(version: int, kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        for key, key_type, code in (("g", 0, 0), ("", 0, 0), ("g", 9, 42), ("k", 2, 42)):
            if version == 0 and key_type != 0:
                continue
            asked = {"key": key, "key_type": key_type, "coordinator_keys": [key]}
            while True:
                answer = await client.ask("find_coordinator", version, asked)
                found = answer if version < 4 else answer.coordinators[0]
                if found.error_code.value != 15:  # COORDINATOR_NOT_AVAILABLE (A06)
                    break
            assert found.error_code.value == code
            assert found.node_id == (-1 if code else 1)
            if code == 0 and version > 0:
                assert found.error_message == ("NONE" if version < 4 else "")


async def test_a05_find_coordinator_v4_takes_keys_in_batch(kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        asked = {"key_type": 0, "coordinator_keys": ["a", "b", ""]}
        answer = await client.ask("find_coordinator", 4, asked)
        assert [found.key for found in answer.coordinators] == ["a", "b", ""]
