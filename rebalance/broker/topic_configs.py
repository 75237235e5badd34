"""The topic-level properties that CreateTopics may name.

Kafka refuses a name that it does not know, and so must a broker that tests run against. What it
does know is kept and shown; only `retention.bytes` and `max.message.bytes` change anything here.
Source: `TopicConfig`, `LogConfig` (Kafka 4.4).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["KNOWN", "check_configs"]

KNOWN = frozenset(
    {
        "cleanup.policy",
        "compression.gzip.level",
        "compression.lz4.level",
        "compression.type",
        "compression.zstd.level",
        "delete.retention.ms",
        "file.delete.delay.ms",
        "flush.messages",
        "flush.ms",
        "follower.replication.throttled.replicas",
        "index.interval.bytes",
        "leader.replication.throttled.replicas",
        "local.retention.bytes",
        "local.retention.ms",
        "max.compaction.lag.ms",
        "max.message.bytes",
        "message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms",
        "message.timestamp.type",
        "min.cleanable.dirty.ratio",
        "min.compaction.lag.ms",
        "min.insync.replicas",
        "preallocate",
        "remote.log.copy.disable",
        "remote.log.delete.on.disable",
        "remote.storage.enable",
        "retention.bytes",
        "retention.ms",
        "segment.bytes",
        "segment.index.bytes",
        "segment.jitter.ms",
        "segment.ms",
        "unclean.leader.election.enable",
    }
)

_LEAST = {"retention.bytes": -1, "max.message.bytes": 0}


def check_configs(configs: Mapping[str, str | None]) -> dict[str, str] | str:
    """The configs that were set, or in words why they are refused."""
    checked: dict[str, str] = {}
    for name, value in configs.items():
        if name not in KNOWN:
            return f"Unknown topic config name: {name}"
        if value is None:
            return f"Null value not supported for topic configs: {name}"
        if name in _LEAST and not _is_whole(value, _LEAST[name]):
            return f"Invalid value {value} for configuration {name}: at least {_LEAST[name]}"
        checked[name] = value
    return checked


def _is_whole(value: str, least: int) -> bool:
    try:
        return int(value) >= least
    except ValueError:
        return False
