"""Settings of the broker: Kafka's property names, units and defaults, read and checked once.

Only what is honoured is listed; an unknown property is an error that says what is known. Settings
of groups belong to `CoordinatorConfig`; `read_settings` deals each property to its owner.
Where a default differs from Kafka's, its danger line says so: this broker keeps its log in memory,
unless it is given a directory.
Source: KafkaConfig and its parts (Kafka 4.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from rebalance.broker.errors import SettingsError
from rebalance.protocol.config import ConfigError, CoordinatorConfig

if TYPE_CHECKING:
    from dataclasses import Field

__all__ = ["BrokerConfig", "SettingsError", "known_properties", "read_settings"]

T = TypeVar("T", bool, int, str)


def _truth(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueError("expected true or false")
    return lowered == "true"


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return value

    return parse


def _listener(text: str) -> str:
    if text and _split_listener(text) is None:
        raise ValueError("expected PLAINTEXT://host:port")
    return text


def _split_listener(text: str) -> tuple[str, int] | None:
    host, colon, port = text.removeprefix("PLAINTEXT://").rpartition(":")
    if not colon or not host or not port.isdigit() or "," in text:
        return None
    return host.strip("[]"), int(port)


def _setting(name: str, default: T, parse: Callable[[str], T], *, danger: str) -> T:
    metadata = {"property": name, "parse": parse, "danger": danger}
    value: T = field(default=default, metadata=metadata)
    return value


_INT = 2**31 - 1
_LONG = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """Sizes in bytes, times in milliseconds."""

    auto_create_topics_enable: bool = _setting(
        "auto.create.topics.enable",
        True,
        _truth,
        danger="true: a misspelt topic name makes a topic",
    )
    delete_topic_enable: bool = _setting(
        "delete.topic.enable", True, _truth, danger="true: any client may delete any topic"
    )
    num_partitions: int = _setting(
        "num.partitions", 1, _whole(1, 10_000), danger="1: one consumer of a group does all"
    )
    max_partitions: int = _setting(
        "max.partitions",
        20_000,
        _whole(1, _INT),
        danger="of all topics together, not a Kafka property; each takes up to 4 KB of its own",
    )
    max_groups: int = _setting(
        "max.groups",
        100_000,
        _whole(0, _INT),
        danger="not a Kafka property; a new group beyond it is refused: POLICY_VIOLATION",
    )
    max_group_id_length: int = _setting(
        "max.group.id.length",
        2**15 - 1,
        _whole(0, 2**15 - 1),
        danger="in characters, not a Kafka property; longer ids take as much in every answer",
    )
    default_replication_factor: int = _setting(
        "default.replication.factor",
        1,
        _whole(1, 1),
        danger="only 1: every node has every partition, whatever is asked for",
    )
    message_max_bytes: int = _setting(
        "message.max.bytes",
        1_048_588,
        _whole(0, _INT),
        danger="of a batch; larger: one producer fills the memory faster",
    )
    fetch_max_bytes: int = _setting(
        "fetch.max.bytes", 57_671_680, _whole(1024, _INT), danger="of one Fetch response"
    )
    log_retention_bytes: int = _setting(
        "log.retention.bytes",
        64 * 2**20,
        _whole(-1, _LONG),
        danger="of one partition, -1 = no limit (Kafka's default, and with a directory the default "
        "here); oldest batches go first",
    )
    log_retention_hours: int = _setting(
        "log.retention.hours",
        168,
        _whole(-1, _INT),
        danger="of a topic's records, -1 = no limit; by the timestamps that their producers gave",
    )
    log_retention_check_interval_ms: int = _setting(
        "log.retention.check.interval.ms",
        300_000,
        _whole(1, _INT),
        danger="larger: records that are too old are kept that much longer",
    )
    producer_id_expiration_ms: int = _setting(
        "producer.id.expiration.ms",
        86_400_000,
        _whole(1, _INT),
        danger="smaller: an idempotent producer that pauses that long may write a batch twice",
    )
    log_segment_bytes: int = _setting(
        "log.segment.bytes",
        2**30,
        _whole(2**20, _INT),
        danger="of a log in a directory; retention drops whole segments and keeps the last",
    )
    log_flush_interval_messages: int = _setting(
        "log.flush.interval.messages",
        _LONG,
        _whole(1, _LONG),
        danger="default: the operating system's, the death of the machine may lose what was "
        "acknowledged; 1: each batch waits for the disk",
    )
    offsets_topic_segment_bytes: int = _setting(
        "offsets.topic.segment.bytes",
        100 * 2**20,
        _whole(2**20, _INT),
        danger="of __consumer_offsets in a directory",
    )
    log_memory_bytes: int = _setting(
        "log.memory.bytes",
        256 * 2**20,
        _whole(2**20, _LONG),
        danger="of all partitions in memory together, not a Kafka property; the largest log loses "
        "first",
    )
    socket_request_max_bytes: int = _setting(
        "socket.request.max.bytes",
        104_857_600,
        _whole(1, _INT),
        danger="of one request; larger: a hostile client may claim that much memory",
    )
    max_connections: int = _setting(
        "max.connections", _INT, _whole(0, _INT), danger="more are closed at once"
    )
    connections_max_idle_ms: int = _setting(
        "connections.max.idle.ms",
        600_000,
        _whole(1, _LONG // 10**6),
        danger="shorter than a rebalance: a parked JoinGroup loses its connection",
    )
    transactional_id_expiration_ms: int = _setting(
        "transactional.id.expiration.ms",
        604_800_000,
        _whole(1, _INT),
        danger="smaller: a producer that pauses that long has a new id, and fences nobody",
    )
    max_transactional_ids: int = _setting(
        "max.transactional.ids",
        100_000,
        _whole(0, _INT),
        danger="not a Kafka property; a new id beyond it is refused: POLICY_VIOLATION",
    )
    node_id: int = _setting(
        "node.id", 1, _whole(0, _INT), danger="clients that know another id must ask again"
    )
    advertised_listeners: str = _setting(
        "advertised.listeners",
        "",
        _listener,
        danger='where clients are sent; "" = the address at which each of them came in',
    )

    @property
    def advertised(self) -> tuple[str, int] | None:
        """Host and port of `advertised.listeners`, or None for the address a client came in at."""
        # Asked at every request, and nearly always not set.
        return _split_listener(self.advertised_listeners) if self.advertised_listeners else None

    @classmethod
    def properties(cls) -> dict[str, str]:
        """Kafka's property name -> the field that holds it."""
        return {setting.metadata["property"]: setting.name for setting in fields(cls)}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> BrokerConfig:
        """Read Kafka's property names with their text values.

        Raises:
            SettingsError: a name is unknown or a value is not allowed.
        """
        known: dict[str, Field[Any]] = {f.metadata["property"]: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in properties.items():
            if name not in known:
                raise SettingsError(f"unknown property {name!r}; known: {', '.join(sorted(known))}")
            try:
                values[known[name].name] = known[name].metadata["parse"](str(text))
            except ValueError as error:
                raise SettingsError(f"{name}={text!r}: {error}") from None
        return cls(**values)


def known_properties() -> frozenset[str]:
    """The properties that are honoured, the broker's and the coordinator's."""
    return frozenset(BrokerConfig.properties()) | frozenset(CoordinatorConfig.properties())


def read_settings(settings: Mapping[str, str]) -> tuple[BrokerConfig, CoordinatorConfig]:
    """Deal each property to the broker's or the coordinator's settings.

    Raises:
        SettingsError: a name is known to neither, or a value is not allowed.
    """
    ours, theirs = BrokerConfig.properties(), CoordinatorConfig.properties()
    unknown = sorted(set(settings) - set(ours) - set(theirs))
    if unknown:
        raise SettingsError(
            f"unknown {'property' if len(unknown) == 1 else 'properties'} "
            f"{', '.join(map(repr, unknown))}; known: {', '.join(sorted([*ours, *theirs]))}"
        )
    broker = BrokerConfig.from_properties({k: v for k, v in settings.items() if k in ours})
    group = {k: str(v) for k, v in settings.items() if k in theirs}
    try:
        return broker, CoordinatorConfig.from_properties(group)
    except ConfigError as error:
        raise SettingsError(str(error)) from None
