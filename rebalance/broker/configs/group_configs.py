"""The group-level properties (KIP-848, KIP-932, KIP-1071), with Kafka's types and bounds.

They concern groups of the consumer, share and streams protocols, which this broker does not serve:
they are kept and shown, so that tools that set them work, and change nothing.
Source: `GroupConfig`; values and words as Apache Kafka 4.4.0 gives them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rebalance.broker.configs.config_keys import ConfigKey, ConfigType

__all__ = ["GROUP_KEYS", "MAX_CONFIGURED_GROUPS"]

MAX_CONFIGURED_GROUPS = 10_000
"""Any name may be configured, also of a group that is not there; so their number has a bound."""

_RESET = re.compile(r"(earliest|latest|by_duration:P[0-9DTHMS.]+)\Z")


def _within(least: int, most: int) -> Callable[[str, str], str | None]:
    def check(name: str, value: str) -> str | None:
        if least <= int(value) <= most:
            return None
        return f"{name} must be in the range {least} to {most} inclusive."

    return check


def _at_most_two(name: str, value: str) -> str | None:
    return None if int(value) <= 2 else f"{name} must be less than or equal to 2"


def _reset(name: str, value: str) -> str | None:
    if _RESET.match(value):
        return None
    return (
        f"Invalid value {value} for configuration {name}: Invalid value `{value}` for "
        f"configuration {name}. The value must be either 'earliest', 'latest' or of the format "
        "'by_duration:<PnDTnHnMn.nS>'."
    )


def _assignor(name: str, value: str) -> str | None:
    if value == "sticky":
        return None
    return (
        f"{name} '{value}' is not a registered task assignor. Registered assignors are: [sticky]."
    )


def _number(
    name: str, default: int, *, least: int, further: Callable[[str, str], str | None] | None = None
) -> ConfigKey:
    return ConfigKey(
        name=name,
        type=ConfigType.INT,
        default=str(default),
        synonym=f"group.{name}",
        least=least,
        further=further,
    )


def _times(protocol: str) -> tuple[ConfigKey, ...]:
    """What all three protocols have."""
    return (
        _number(f"{protocol}.assignment.interval.ms", 1000, least=0, further=_within(0, 15_000)),
        _number(f"{protocol}.heartbeat.interval.ms", 5000, least=1, further=_within(5000, 15_000)),
        _number(f"{protocol}.session.timeout.ms", 45_000, least=1, further=_within(45_000, 60_000)),
    )


def _word(
    name: str,
    kind: ConfigType,
    default: str,
    *,
    synonym: str | None = None,
    one_of: tuple[str, ...] = (),
    further: Callable[[str, str], str | None] | None = None,
) -> ConfigKey:
    return ConfigKey(
        name=name,
        type=kind,
        default=default,
        synonym=synonym or name,
        one_of=one_of,
        further=further,
    )


_KEYS = (
    *_times("consumer"),
    *_times("share"),
    *_times("streams"),
    _word("errors.deadletterqueue.copy.record.enable", ConfigType.BOOLEAN, "false"),
    _word("errors.deadletterqueue.topic.name", ConfigType.STRING, ""),
    _word("share.auto.offset.reset", ConfigType.STRING, "latest", further=_reset),
    _number("share.delivery.count.limit", 5, least=2, further=_within(2, 10)),
    _word(
        "share.isolation.level",
        ConfigType.STRING,
        "read_uncommitted",
        one_of=("read_committed", "read_uncommitted"),
    ),
    _number("share.partition.max.record.locks", 2000, least=100, further=_within(100, 4000)),
    _number("share.record.lock.duration.ms", 30_000, least=1000, further=_within(15_000, 60_000)),
    _word("share.renew.acknowledge.enable", ConfigType.BOOLEAN, "true"),
    _word(
        "streams.assignor.name",
        ConfigType.STRING,
        "sticky",
        synonym="group.streams.assignors",
        further=_assignor,
    ),
    _number("streams.initial.rebalance.delay.ms", 3000, least=0),
    _number("streams.num.standby.replicas", 0, least=0, further=_at_most_two),
    _word(
        "streams.rack.aware.assignment.tags",
        ConfigType.LIST,
        "",
        synonym="group.streams.rack.aware.assignment.tags",
    ),
)

GROUP_KEYS: Mapping[str, ConfigKey] = MappingProxyType({key.name: key for key in _KEYS})
