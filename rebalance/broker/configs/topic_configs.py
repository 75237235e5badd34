"""The topic-level properties, with Kafka's types, defaults and bounds.

Kafka refuses a name or value that it does not know, and so must a broker that tests run against.
What it does know is kept and shown; what is honoured of it docs/broker.md says.
Source: `TopicConfig`, `LogConfig`; values and words as Apache Kafka 4.4.0 gives them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rebalance.broker.configs.config_keys import ConfigKey, ConfigType, list_items

__all__ = ["DEFAULTS", "MAX_CONFIG_CHARACTERS", "TOPIC_KEYS", "check_configs"]

_FOREVER = str(2**63 - 1)
_REPLICAS = re.compile(r"(\*|[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*)?\Z")


def _replicas(name: str, value: str) -> str | None:
    if _REPLICAS.match(value):
        return None
    shown = ", ".join(list_items(value))
    return (
        f"Invalid value [{shown}] for configuration {name}: {name} must be the literal '*' or a "
        "list of replicas in the following format: "
        "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
    )


def _gzip_level(name: str, value: str) -> str | None:
    if value == "-1" or 1 <= int(value) <= 9:
        return None
    return (
        f"Invalid value {value} for configuration {name}: "
        "Value must be between 1 and 9 or equal to -1"
    )


def _no_tiers(name: str, value: str) -> str | None:
    if value == "false":
        return None
    return (
        "Tiered Storage functionality is disabled in the broker. "
        "Topic cannot be configured with remote log storage."
    )


_BOOLEAN = ConfigType.BOOLEAN
_STRING = ConfigType.STRING
_INT = ConfigType.INT
_LONG = ConfigType.LONG
_DOUBLE = ConfigType.DOUBLE
_LIST = ConfigType.LIST


def _key(
    name: str,
    kind: ConfigType,
    default: str,
    synonym: str | None,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    one_of: tuple[str, ...] = (),
    further: Callable[[str, str], str | None] | None = None,
) -> ConfigKey:
    return ConfigKey(
        name=name,
        type=kind,
        default=default,
        synonym=synonym,
        least=least,
        most=most,
        one_of=one_of,
        further=further,
    )


_KEYS = (
    _key("cleanup.policy", _LIST, "delete", "log.cleanup.policy", one_of=("compact", "delete")),
    _key("compression.gzip.level", _INT, "-1", "compression.gzip.level", further=_gzip_level),
    _key("compression.lz4.level", _INT, "9", "compression.lz4.level", least=1, most=17),
    _key(
        "compression.type",
        _STRING,
        "producer",
        "compression.type",
        one_of=("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    ),
    _key("compression.zstd.level", _INT, "3", "compression.zstd.level", least=-131072, most=22),
    _key("delete.retention.ms", _LONG, "86400000", "log.cleaner.delete.retention.ms", least=0),
    _key("errors.deadletterqueue.group.enable", _BOOLEAN, "false", None),
    _key("file.delete.delay.ms", _LONG, "60000", "log.segment.delete.delay.ms", least=0),
    _key("flush.messages", _LONG, _FOREVER, "log.flush.interval.messages", least=1),
    _key("flush.ms", _LONG, _FOREVER, None, least=0),
    _key("follower.replication.throttled.replicas", _LIST, "", None, further=_replicas),
    _key("index.interval.bytes", _INT, "4096", "log.index.interval.bytes", least=0),
    _key("leader.replication.throttled.replicas", _LIST, "", None, further=_replicas),
    _key("local.retention.bytes", _LONG, "-2", "log.local.retention.bytes", least=-2),
    _key("local.retention.ms", _LONG, "-2", "log.local.retention.ms", least=-2),
    _key("max.compaction.lag.ms", _LONG, _FOREVER, "log.cleaner.max.compaction.lag.ms", least=1),
    _key(
        "max.decompressed.message.bytes",
        _INT,
        "2147483639",
        "max.decompressed.message.bytes",
        least=1,
    ),
    _key("max.message.bytes", _INT, "1048588", "message.max.bytes", least=0),
    _key(
        "message.timestamp.after.max.ms",
        _LONG,
        "3600000",
        "log.message.timestamp.after.max.ms",
        least=0,
    ),
    _key(
        "message.timestamp.before.max.ms",
        _LONG,
        _FOREVER,
        "log.message.timestamp.before.max.ms",
        least=0,
    ),
    _key(
        "message.timestamp.type",
        _STRING,
        "CreateTime",
        "log.message.timestamp.type",
        one_of=("CreateTime", "LogAppendTime"),
    ),
    _key(
        "min.cleanable.dirty.ratio",
        _DOUBLE,
        "0.5",
        "log.cleaner.min.cleanable.ratio",
        least=0,
        most=1,
    ),
    _key("min.compaction.lag.ms", _LONG, "0", "log.cleaner.min.compaction.lag.ms", least=0),
    _key("min.insync.replicas", _INT, "1", "min.insync.replicas", least=1),
    _key("preallocate", _BOOLEAN, "false", "log.preallocate"),
    _key("remote.copy.lag.bytes", _LONG, "-1", "log.remote.copy.lag.bytes", least=-1),
    _key("remote.copy.lag.ms", _LONG, "0", "log.remote.copy.lag.ms", least=-1),
    _key("remote.log.copy.disable", _BOOLEAN, "false", None),
    _key("remote.log.delete.on.disable", _BOOLEAN, "false", None),
    _key("remote.storage.enable", _BOOLEAN, "false", None, further=_no_tiers),
    _key("retention.bytes", _LONG, "-1", "log.retention.bytes"),
    _key("retention.ms", _LONG, "604800000", None, least=-1),
    _key("segment.bytes", _INT, "1073741824", "log.segment.bytes", least=2**20),
    _key("segment.index.bytes", _INT, "10485760", "log.index.size.max.bytes", least=4),
    _key("segment.jitter.ms", _LONG, "0", None, least=0),
    _key("segment.ms", _LONG, "604800000", None, least=1),
    _key("unclean.leader.election.enable", _BOOLEAN, "false", "unclean.leader.election.enable"),
)

TOPIC_KEYS: Mapping[str, ConfigKey] = MappingProxyType({key.name: key for key in _KEYS})

DEFAULTS: Mapping[str, str] = MappingProxyType({key.name: key.default for key in _KEYS})

MAX_CONFIG_CHARACTERS = 2000
"""Of all values of one topic: text that is kept and shown would else be memory without a bound."""


def check_configs(configs: Mapping[str, str | None]) -> dict[str, str] | str:
    """The configs that were set, as they are kept, or in words why they are refused."""
    # First of all: a refusal repeats the value.
    if sum(len(value) for value in configs.values() if value is not None) > MAX_CONFIG_CHARACTERS:
        return f"The values of all configs are longer than {MAX_CONFIG_CHARACTERS} characters."
    checked: dict[str, str] = {}
    for name, value in configs.items():
        if value is None:
            return f"Null value not supported for topic configs: {name}"
        if name not in TOPIC_KEYS:
            return f"Unknown topic config name: {name}"
        try:
            checked[name] = TOPIC_KEYS[name].canonical(value)
        except ValueError as error:
            return str(error)
    return checked
