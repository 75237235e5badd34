"""Configuration as clients see and change it: of the broker, its topics and its groups.

A value has a source, and Kafka shows all of them behind each other: what was set for the topic or
group, for this broker, for all brokers, what the broker was started with, and the default. Only
what is honoured here, or stands behind a topic's property, is a property of the broker.
Source: `DynamicBrokerConfig`, `ConfigHelper`, `KafkaConfigSchema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from rebalance.broker.config import BrokerConfig
from rebalance.broker.configs.config_keys import ConfigKey, ConfigType
from rebalance.broker.configs.topic_configs import TOPIC_KEYS
from rebalance.broker.logs.record_retention import retention_ms
from rebalance.protocol.config import CoordinatorConfig

__all__ = ["BrokerConfigs", "ConfigEntry", "ConfigSource", "Synonym"]


class ConfigSource(IntEnum):
    """Where a value comes from (`DescribeConfigsResponse.ConfigSource`)."""

    TOPIC = 1
    DYNAMIC_BROKER = 2
    DYNAMIC_DEFAULT_BROKER = 3
    STATIC_BROKER = 4
    DEFAULT = 5
    GROUP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonym:
    """One value that stands behind a property, under the name that it was set by."""

    name: str
    value: str
    source: ConfigSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEntry:
    """A property with its value and all that stands behind it, the value in force first."""

    key: ConfigKey
    value: str
    source: ConfigSource
    read_only: bool
    synonyms: tuple[Synonym, ...]


_LONGS = frozenset(
    {
        "connections.max.idle.ms",
        "log.memory.bytes",
        "log.retention.check.interval.ms",
        "log.retention.bytes",
        "offsets.retention.check.interval.ms",
    }
)
_HONOURED_AT_RUN_TIME = {
    "log.retention.bytes": "log_retention_bytes",
    "max.connections": "max_connections",
    "message.max.bytes": "message_max_bytes",
    "producer.id.expiration.ms": "producer_id_expiration_ms",
}
"""What Kafka too takes from a running broker; the rest needs a restart there."""


class BrokerConfigs:
    """What was set for this broker and for all brokers while it runs, over what it started with.

    `on_change` gets the broker's settings with the changes in them.
    """

    def __init__(
        self, config: BrokerConfig, groups: CoordinatorConfig, started_with: Iterable[str]
    ) -> None:
        self._started = config
        self._keys = _broker_keys(config, groups)
        self._static = {
            name: value
            for name, value in {**_values(config), **_values(groups)}.items()
            if name in {"node.id", *started_with}
        }
        # Kafka shows it in milliseconds, and as if nothing stood behind it.
        self._defaults = {"retention.ms": str(retention_ms(config))}
        self.dynamic: dict[str, str] = {}
        # Kafka's controller sets this one for every cluster (KIP-966).
        self.cluster: dict[str, str] = {"min.insync.replicas": "1"}
        self.on_change: Callable[[BrokerConfig], None] = lambda config: None

    def key(self, name: str) -> ConfigKey | None:
        """A property of the broker."""
        return self._keys.get(name)

    def is_read_only(self, name: str) -> bool:
        """Whether only a restart changes it."""
        return name not in _HONOURED_AT_RUN_TIME and name not in _BEHIND_TOPICS

    def change(self, values: Mapping[str, str], *, of_all_brokers: bool) -> None:
        """Replace what was set; the values must have been checked.

        A broker of another version may have kept properties that this one does not know.
        """
        target = self.cluster if of_all_brokers else self.dynamic
        target.clear()
        target.update({name: value for name, value in values.items() if name in self._keys})
        changes: dict[str, Any] = {
            field: int(self._in_force(name))
            for name, field in _HONOURED_AT_RUN_TIME.items()
            if name in self.dynamic or name in self.cluster
        }
        self.on_change(replace(self._started, **changes))

    def broker_entries(self, node_id: int) -> list[ConfigEntry]:
        """All properties of one node; they are those of every node, but for its id."""
        own = Synonym(name="node.id", value=str(node_id), source=ConfigSource.STATIC_BROKER)
        return [
            self._entry(
                key,
                [own] if name == "node.id" else self._behind(name),
                read_only=self.is_read_only(name),
            )
            for name, key in sorted(self._keys.items())
        ]

    def cluster_entries(self) -> list[ConfigEntry]:
        """What was set for all brokers."""
        return [
            self._entry(
                self._keys[name],
                [Synonym(name=name, value=value, source=ConfigSource.DYNAMIC_DEFAULT_BROKER)],
                read_only=False,
            )
            for name, value in sorted(self.cluster.items())
        ]

    def entries(
        self, keys: Mapping[str, ConfigKey], own: Mapping[str, str], source: ConfigSource
    ) -> list[ConfigEntry]:
        """The properties of a topic or group, whose own values are `own`."""
        found = []
        for name, plain in sorted(keys.items()):
            key = replace(plain, default=self._defaults.get(name, plain.default))
            behind = [] if key.synonym is None else self._behind(key.synonym, key)
            if name in own:
                behind.insert(0, Synonym(name=name, value=own[name], source=source))
            found.append(self._entry(key, behind, read_only=False))
        return found

    @staticmethod
    def _entry(key: ConfigKey, behind: list[Synonym], *, read_only: bool) -> ConfigEntry:
        return ConfigEntry(
            key=key,
            value=behind[0].value if behind else key.default,
            source=behind[0].source if behind else ConfigSource.DEFAULT,
            read_only=read_only,
            synonyms=tuple(behind),
        )

    def _behind(self, name: str, key: ConfigKey | None = None) -> list[Synonym]:
        """All values of a property of the broker; `key` stands in for one that it has not."""
        layers = (
            (self.dynamic, ConfigSource.DYNAMIC_BROKER),
            (self.cluster, ConfigSource.DYNAMIC_DEFAULT_BROKER),
            (self._static, ConfigSource.STATIC_BROKER),
        )
        found = [
            Synonym(name=name, value=values[name], source=source)
            for values, source in layers
            if name in values
        ]
        known = self._keys.get(name, key)
        if known is not None and name not in _WITHOUT_DEFAULT:
            found.append(Synonym(name=name, value=known.default, source=ConfigSource.DEFAULT))
        return found

    def _in_force(self, name: str) -> str:
        return self._behind(name)[0].value


_BEHIND_TOPICS = frozenset(key.synonym for key in TOPIC_KEYS.values() if key.synonym is not None)
_WITHOUT_DEFAULT = frozenset({"node.id", "advertised.listeners"})


def _broker_keys(config: BrokerConfig, groups: CoordinatorConfig) -> dict[str, ConfigKey]:
    """What this broker honours, and what stands behind the properties of topics."""
    behind = {
        key.synonym: replace(key, name=key.synonym, synonym=None)
        for key in TOPIC_KEYS.values()
        if key.synonym is not None
    }
    honoured = {
        field.metadata["property"]: _key_of(field)
        for settings in (config, groups)
        for field in fields(settings)
    }
    return {
        name: replace(behind[name], default=honoured[name].default)
        if name in behind and name in honoured
        else key
        for name, key in {**behind, **honoured}.items()
    }


def _key_of(field: Any) -> ConfigKey:
    name, default = field.metadata["property"], field.default
    if isinstance(default, bool):
        kind = ConfigType.BOOLEAN
    elif isinstance(default, int):
        kind = ConfigType.LONG if name in _LONGS else ConfigType.INT
    else:
        kind = ConfigType.LIST
    return ConfigKey(
        name=name,
        type=kind,
        default=_text(default),
        least=0 if kind is ConfigType.INT else float("-inf"),
    )


def _values(settings: BrokerConfig | CoordinatorConfig) -> dict[str, str]:
    return {f.metadata["property"]: _text(getattr(settings, f.name)) for f in fields(settings)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
