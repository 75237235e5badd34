"""The topic-level properties that CreateTopics may name, with Kafka's defaults.

Kafka refuses a name that it does not know, and so must a broker that tests run against. What it
does know is kept and shown; only `retention.bytes` and `max.message.bytes` change anything here.
Source: `TopicConfig`, `LogConfig`; values as Apache Kafka 4.4.0 reports them for a new topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DEFAULTS", "MAX_CONFIG_CHARACTERS", "check_configs"]

DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "delete",
        "compression.gzip.level": "-1",
        "compression.lz4.level": "9",
        "compression.type": "producer",
        "compression.zstd.level": "3",
        "delete.retention.ms": "86400000",
        "errors.deadletterqueue.group.enable": "false",
        "file.delete.delay.ms": "60000",
        "flush.messages": "9223372036854775807",
        "flush.ms": "9223372036854775807",
        "follower.replication.throttled.replicas": "",
        "index.interval.bytes": "4096",
        "leader.replication.throttled.replicas": "",
        "local.retention.bytes": "-2",
        "local.retention.ms": "-2",
        "max.compaction.lag.ms": "9223372036854775807",
        "max.decompressed.message.bytes": "2147483639",
        "max.message.bytes": "1048588",
        "message.timestamp.after.max.ms": "3600000",
        "message.timestamp.before.max.ms": "9223372036854775807",
        "message.timestamp.type": "CreateTime",
        "min.cleanable.dirty.ratio": "0.5",
        "min.compaction.lag.ms": "0",
        "min.insync.replicas": "1",
        "preallocate": "false",
        "remote.copy.lag.bytes": "-1",
        "remote.copy.lag.ms": "0",
        "remote.log.copy.disable": "false",
        "remote.log.delete.on.disable": "false",
        "remote.storage.enable": "false",
        "retention.bytes": "-1",
        "retention.ms": "604800000",
        "segment.bytes": "1073741824",
        "segment.index.bytes": "10485760",
        "segment.jitter.ms": "0",
        "segment.ms": "604800000",
        "unclean.leader.election.enable": "false",
    }
)

_LEAST = {"max.message.bytes": 0}

MAX_CONFIG_CHARACTERS = 2000
"""Of all values of one topic: text that is kept and shown would else be memory without a bound."""


def check_configs(configs: Mapping[str, str | None]) -> dict[str, str] | str:
    """The configs that were set, or in words why they are refused."""
    checked: dict[str, str] = {}
    for name, value in configs.items():
        if name not in DEFAULTS:
            return f"Unknown topic config name: {name}"
        if value is None:
            return f"Null value not supported for topic configs: {name}"
        expected = _expected(name)
        if not _fits(value, expected) or (name in _LEAST and int(value) < _LEAST[name]):
            return f"Invalid value {value} for configuration {name}: expected {expected}" + (
                f", at least {_LEAST[name]}" if name in _LEAST else ""
            )
        checked[name] = value
    if sum(map(len, checked.values())) > MAX_CONFIG_CHARACTERS:
        return f"The values of all configs are longer than {MAX_CONFIG_CHARACTERS} characters."
    return checked


def _expected(name: str) -> str:
    """What a value must look like, told by the default's looks."""
    default = DEFAULTS[name]
    if default in ("true", "false"):
        return "true or false"
    return "a whole number" if _is_whole(default) else "text"


def _fits(value: str, expected: str) -> bool:
    if expected == "true or false":
        return value.lower() in ("true", "false")
    return expected == "text" or _is_whole(value)


def _is_whole(value: str) -> bool:
    try:
        int(value)
    except ValueError:
        return False
    return True
