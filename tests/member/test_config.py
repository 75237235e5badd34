"""MemberConfig: Kafka's names, units and defaults, and what it refuses."""

from typing import Any

import pytest

from rebalance.member import MemberConfig
from rebalance.protocol.config import ConfigError

DEFAULTS = {
    "client.id": "",
    "group.instance.id": None,
    "client.rack": None,
    "session.timeout.ms": 45_000,
    "heartbeat.interval.ms": 3000,
    "max.poll.interval.ms": 300_000,
    "retry.backoff.ms": 100,
    "retry.backoff.max.ms": 1000,
    "request.timeout.ms": 30_000,
    "metadata.max.age.ms": 300_000,
    "enable.auto.commit": True,
}


def test_the_defaults_are_kafkas() -> None:
    config = MemberConfig(group_id="g")
    named = {name: getattr(config, field) for name, field in MemberConfig.properties().items()}
    assert named == {"group.id": "g", **DEFAULTS}


def test_text_is_read() -> None:
    config = MemberConfig.from_properties(
        {
            "group.id": "g",
            "session.timeout.ms": "9000",
            "enable.auto.commit": "False",
            "client.rack": "",
            "group.instance.id": "i-1",
        }
    )
    expected = MemberConfig(
        group_id="g", session_timeout_ms=9000, enable_auto_commit=False, group_instance_id="i-1"
    )
    assert config == expected


@pytest.mark.parametrize(
    ("properties", "word"),
    [
        ({}, "group.id is missing"),
        ({"group.id": ""}, "group.id is empty"),
        ({"group.id": "g", "nonsense": "1"}, "known: client.id"),
        ({"group.id": "g", "session.timeout.ms": "soon"}, "whole number"),
        ({"group.id": "g", "session.timeout.ms": "0"}, ">= 1"),
        ({"group.id": "g", "enable.auto.commit": "maybe"}, "true or false"),
        ({"group.id": "g", "session.timeout.ms": "3000"}, "heartbeat.interval.ms=3000 must be"),
        ({"group.id": "g", "group.instance.id": "a b"}, "group.instance.id"),
        ({"group.id": "g", "group.instance.id": ".."}, "group.instance.id"),
    ],
)
def test_text_that_cannot_be_is_refused(properties: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        MemberConfig.from_properties(properties)


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_id": None},
        {"client_id": 7},
        {"session_timeout_ms": True},
        {"session_timeout_ms": 1.5},
        {"enable_auto_commit": 1},
    ],
)
def test_values_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        MemberConfig(**{"group_id": "g", **wrong})


@pytest.mark.parametrize(
    ("backoff", "most", "pauses"),
    [(100, 1000, [100, 200, 400, 800, 1000]), (0, 1000, [0, 0]), (500, 200, [200, 200])],
)
def test_kip_580_pauses_double(backoff: int, most: int, pauses: list[int]) -> None:
    config = MemberConfig(group_id="g", retry_backoff_ms=backoff, retry_backoff_max_ms=most)
    assert [config.backoff_ms(n + 1) for n in range(len(pauses))] == pauses
    assert config.backoff_ms(10_000) == min(most, backoff << 32)
