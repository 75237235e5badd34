"""Settings: Kafka's names, one refusal for each kind of mistake."""

from __future__ import annotations

import pytest

from rebalance.broker.config import BrokerConfig, read_settings
from rebalance.broker.errors import BrokerError, SettingsError


def test_defaults_are_kafkas_where_memory_allows() -> None:
    broker, group = read_settings({})
    assert broker.auto_create_topics_enable
    assert broker.num_partitions == 1
    assert broker.message_max_bytes == 1_048_588
    assert broker.socket_request_max_bytes == 104_857_600
    assert broker.fetch_max_bytes == 57_671_680
    assert group.group_initial_rebalance_delay_ms == 3000


def test_each_property_goes_to_its_owner() -> None:
    broker, group = read_settings(
        {
            "num.partitions": "7",
            "auto.create.topics.enable": " FALSE ",
            "log.retention.bytes": "-1",
            "group.initial.rebalance.delay.ms": "0",
        }
    )
    assert (broker.num_partitions, broker.auto_create_topics_enable) == (7, False)
    assert broker.log_retention_bytes == -1
    assert group.group_initial_rebalance_delay_ms == 0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"num.partition": "1"}, r"unknown property 'num.partition'; known: advertised.listeners,"),
        ({"a": "1", "b": "2"}, r"unknown properties 'a', 'b'; known: .*group.min.session"),
        ({"num.partitions": "0"}, "num.partitions='0': expected a whole number from 1 to 10000"),
        ({"num.partitions": "many"}, "expected a whole number from 1"),
        ({"num.partitions": "1.5"}, "expected a whole number"),
        ({"auto.create.topics.enable": "yes"}, "expected true or false"),
        ({"default.replication.factor": "3"}, "from 1 to 1"),
        ({"advertised.listeners": "kafka"}, "expected PLAINTEXT://host:port"),
        ({"advertised.listeners": "SSL://a:1,PLAINTEXT://b:2"}, "expected PLAINTEXT"),
        ({"group.initial.rebalance.delay.ms": "-1"}, "group.initial.rebalance.delay.ms"),
        ({"group.initial.rebalance.delay.ms": "soon"}, "expected a whole number"),
    ],
)
def test_a_mistake_is_named(settings: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        read_settings(settings)
    assert isinstance(caught.value, BrokerError | ValueError)


def test_an_unknown_property_of_the_broker_alone() -> None:
    with pytest.raises(SettingsError, match=r"unknown property 'group\.max\.size'; known"):
        BrokerConfig.from_properties({"group.max.size": "3"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("PLAINTEXT://kafka.example:9092", ("kafka.example", 9092)),
        ("PLAINTEXT://[::1]:9092", ("::1", 9092)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_advertised_listeners(text: str, expected: tuple[str, int] | None) -> None:
    assert BrokerConfig.from_properties({"advertised.listeners": text}).advertised == expected


def test_every_property_has_a_danger_and_a_field() -> None:
    from dataclasses import fields

    assert set(BrokerConfig.properties().values()) == {f.name for f in fields(BrokerConfig)}
    assert all(f.metadata["danger"] for f in fields(BrokerConfig))
