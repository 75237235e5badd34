"""Configuration that is changed while the broker runs, and what then holds."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.configs.config_keys import ConfigKey, ConfigType
from tests.broker.batch_maker import batch
from tests.broker.raw import RawConnection, connected, run

TOPIC, BROKER, GROUP = 2, 4, 32
SET, DELETE = 0, 1
MESSAGE_TOO_LARGE, INVALID_CONFIG, POLICY_VIOLATION = 10, 40, 44


async def _change(
    client: RawConnection, kind: int, name: str, key: str, value: str | None
) -> tuple[int, str | None]:
    operation = DELETE if value is None else SET
    config = {"name": key, "config_operation": operation, "value": value}
    resource = {"resource_type": kind, "resource_name": name, "configs": [config]}
    answer = await client.ask("incremental_alter_configs", 1, {"resources": [resource]})
    (changed,) = answer.responses
    return changed.error_code.value, changed.error_message


async def _produced(client: RawConnection, size: int) -> int:
    part = {"index": 0, "records": batch(b"x" * size)}
    data = [{"name": "orders", "partition_data": [part]}]
    answer = await client.ask("produce", 9, {"acks": -1, "timeout": 1000, "topic_data": data})
    return int(answer.responses[0].partition_responses[0].error_code.value)


async def _start(client: RawConnection) -> int:
    part = {"partition_index": 0, "timestamp": -2}
    asked = {"replica_id": -1, "topics": [{"name": "orders", "partitions": [part]}]}
    return int((await client.ask("list_offsets", 8, asked)).topics[0].partitions[0].offset)


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [
        (TOPIC, "orders", "max.message.bytes"),
        (BROKER, "1", "message.max.bytes"),
        (BROKER, "", "message.max.bytes"),
    ],
)
def test_the_size_of_a_batch(kind: int, name: str, key: str) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            assert await _produced(client, 500) == 0
            assert await _change(client, kind, name, key, "200") == (0, None)
            assert await _produced(client, 500) == MESSAGE_TOO_LARGE
            assert await _produced(client, 10) == 0
            assert await _change(client, kind, name, key, None) == (0, None)
            assert await _produced(client, 500) == 0

    run(main())


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [(TOPIC, "orders", "retention.bytes"), (BROKER, "1", "log.retention.bytes")],
)
def test_retention_holds_from_the_next_append_on(kind: int, name: str, key: str) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            for _ in range(3):
                await _produced(client, 100)
            assert await _change(client, kind, name, key, "0") == (0, None)
            assert await _start(client) == 0
            await _produced(client, 100)
            assert await _start(client) == 3

    run(main())


def test_the_number_of_connections() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as first:
            assert await _change(first, BROKER, "1", "max.connections", "1") == (0, None)
            async with connected(broker) as second:
                assert await second.is_closed_by_peer()
            assert await _change(first, BROKER, "1", "max.connections", None) == (0, None)
            async with connected(broker) as second:
                assert (await second.ask("metadata", 1, {"topics": None})).brokers

    run(main())


def test_what_is_kept_of_configured_groups_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebalance.broker.configs.config_changes.MAX_CONFIGURED_GROUPS", 2)

    async def main() -> None:
        key = "consumer.session.timeout.ms"
        async with EmbeddedBroker() as broker, connected(broker) as client:
            for name in ("a", "b", "a"):
                assert await _change(client, GROUP, name, key, "50000") == (0, None)
            refused, _ = await _change(client, GROUP, "c", key, "50000")
            assert refused == POLICY_VIOLATION
            assert await _change(client, GROUP, "a", key, None) == (0, None)
            assert await _change(client, GROUP, "c", key, "50000") == (0, None)
            text = "errors.deadletterqueue.topic.name"
            refused, _ = await _change(client, GROUP, "b", text, "x" * 3000)
            assert refused == INVALID_CONFIG

    run(main())


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        (ConfigType.INT, "+5", "5"),
        (ConfigType.LONG, " 7 ", "7"),
        (ConfigType.DOUBLE, "1e-1", "0.1"),
        (ConfigType.BOOLEAN, "TRUE", "true"),
        (ConfigType.LIST, " a , b", "a,b"),
        (ConfigType.STRING, " a ", " a "),
    ],
)
def test_a_value_is_kept_as_kafka_keeps_it(kind: ConfigType, text: str, kept: str) -> None:
    assert ConfigKey(name="x", type=kind, default="").canonical(text) == kept


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ConfigType.INT, "1_000"),
        (ConfigType.INT, "٣"),
        (ConfigType.INT, "9" * 5000),
        (ConfigType.SHORT, "32768"),
        (ConfigType.DOUBLE, "nan"),
        (ConfigType.DOUBLE, "inf"),
        (ConfigType.DOUBLE, "1" * 500),
        (ConfigType.BOOLEAN, "yes"),
    ],
)
def test_what_java_would_not_read_is_refused(kind: ConfigType, text: Any) -> None:
    with pytest.raises(ValueError, match="Invalid value"):
        ConfigKey(name="x", type=kind, default="").canonical(text)
