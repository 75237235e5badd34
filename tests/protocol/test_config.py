"""Settings: Kafka's names, units and defaults."""

from dataclasses import fields
from typing import Any

import pytest

from rebalance.protocol.config import ConfigError, CoordinatorConfig


def test_defaults_are_kafkas() -> None:
    assert {
        name: getattr(CoordinatorConfig(), field)
        for name, field in CoordinatorConfig.properties().items()
    } == {
        "group.min.session.timeout.ms": 6_000,
        "group.max.session.timeout.ms": 1_800_000,
        "group.initial.rebalance.delay.ms": 3_000,
        "group.max.size": 2**31 - 1,
        "offset.metadata.max.bytes": 4_096,
        "offsets.topic.num.partitions": 50,
        "offsets.retention.minutes": 10_080,
        "offsets.retention.check.interval.ms": 600_000,
    }


def test_every_setting_says_its_danger() -> None:
    for setting in fields(CoordinatorConfig):
        assert setting.metadata["danger"]


def test_from_properties() -> None:
    config = CoordinatorConfig.from_properties(
        {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1"}
    )
    assert config == CoordinatorConfig(
        group_initial_rebalance_delay_ms=0, group_min_session_timeout_ms=1
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"group.max.sise": "1"}, r"unknown property 'group\.max\.sise'; known: .*group\.initial"),
        ({"group.min.session.timeout.ms": "a"}, r"timeout\.ms='a': expected a whole number"),
        ({"group.min.session.timeout.ms": "1.5"}, r"'1\.5': expected a whole number"),
        ({"group.min.session.timeout.ms": "0"}, "expected a whole number >= 1"),
        ({"group.max.size": "0"}, "expected a whole number >= 1"),
        ({"group.initial.rebalance.delay.ms": "-1"}, "expected a whole number >= 0"),
        (
            {"group.min.session.timeout.ms": "10", "group.max.session.timeout.ms": "9"},
            r"max\.session\.timeout\.ms=9 is less than group\.min\.session\.timeout\.ms=10",
        ),
    ],
)
def test_what_is_wrong_is_said(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CoordinatorConfig.from_properties(properties)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_only_whole_numbers(value: Any) -> None:
    with pytest.raises(ConfigError, match="expected a whole number"):
        CoordinatorConfig(group_initial_rebalance_delay_ms=value)
