"""Settings of a classic member: Kafka's client property names, units and defaults.

Why: what a user has in a properties file must mean the same here. Only what the member honours is
listed; a driver keeps its own properties to itself. Validated once, when made.
Source: ConsumerConfig, CommonClientConfigs (Kafka 4.x).
"""

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from rebalance.member.profile import JAVA, ClientProfile
from rebalance.protocol.config import ConfigError

_INSTANCE_ID = re.compile(r"[A-Za-z0-9._-]{1,249}")


def _milliseconds(name: str, default: int, *, least: int, danger: str) -> Any:
    return field(
        default=default,
        metadata={"property": name, "kind": "ms", "least": least, "danger": danger},
    )


def _text(name: str, default: str | None, *, danger: str) -> Any:
    metadata = {"property": name, "kind": "text", "danger": danger}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberConfig:
    """All times in milliseconds. `max_poll_interval_ms` is also the rebalance timeout sent.

    `enable_auto_commit` is the commit before a revocation and before leaving; a commit every
    auto.commit.interval.ms is the driver's, by way of `CommitOffsets`.
    """

    group_id: str = field(metadata={"property": "group.id", "kind": "text", "danger": ""})
    client_id: str = _text(
        "client.id", "", danger="empty: member ids begin with a dash and say nothing"
    )
    group_instance_id: str | None = _text(
        "group.instance.id",
        None,
        danger="set: the member is static, nobody gets its partitions before its session ends",
    )
    client_rack: str | None = _text(
        "client.rack", None, danger="unset: rack-aware assignors cannot help this member"
    )
    session_timeout_ms: int = _milliseconds(
        "session.timeout.ms",
        45_000,
        least=1,
        danger="larger: a dead member's partitions stand still that long",
    )
    heartbeat_interval_ms: int = _milliseconds(
        "heartbeat.interval.ms",
        3000,
        least=1,
        danger="larger: the member hears that late of a rebalance",
    )
    max_poll_interval_ms: int = _milliseconds(
        "max.poll.interval.ms",
        300_000,
        least=1,
        danger="smaller: slow processing costs membership; larger: a rebalance waits that long",
    )
    retry_backoff_ms: int = _milliseconds(
        "retry.backoff.ms", 100, least=0, danger="0: a failing broker is asked without pause"
    )
    retry_backoff_max_ms: int = _milliseconds(
        "retry.backoff.max.ms", 1000, least=0, danger="larger: slower to notice a recovery"
    )
    request_timeout_ms: int = _milliseconds(
        "request.timeout.ms",
        30_000,
        least=1,
        danger="smaller than a SyncGroup waits for the leader: needless rebalances",
    )
    metadata_max_age_ms: int = _milliseconds(
        "metadata.max.age.ms",
        300_000,
        least=1,
        danger="larger: new partitions stay unassigned that long",
    )
    enable_auto_commit: bool = field(
        default=True,
        metadata={
            "property": "enable.auto.commit",
            "kind": "bool",
            "danger": "false: nothing is committed before a revocation unless the listener does",
        },
    )

    profile: ClientProfile = JAVA
    """Which client it behaves like; no property of Kafka."""

    def __post_init__(self) -> None:
        for setting in _settings(type(self)):
            _check(setting.metadata, getattr(self, setting.name))
        if not self.group_id:
            raise ConfigError("group.id is empty: name the group to join")
        instance = self.group_instance_id
        if instance is not None and (
            instance in (".", "..") or _INSTANCE_ID.fullmatch(instance) is None
        ):
            raise ConfigError(
                f"group.instance.id={instance!r}: give 1 to 249 letters, digits, '.', '_' or '-'"
            )
        if self.heartbeat_interval_ms >= self.session_timeout_ms:
            raise ConfigError(
                f"heartbeat.interval.ms={self.heartbeat_interval_ms} must be less than "
                f"session.timeout.ms={self.session_timeout_ms} (a third of it is usual)"
            )

    @property
    def rebalance_timeout_ms(self) -> int:
        """What JoinGroup says; Kafka's consumer has no setting of its own for it."""
        return self.max_poll_interval_ms

    @property
    def release_timeout_ms(self) -> int:
        """How long a commit may hold up a revocation.

        Kafka's client allows the whole rebalance timeout, after which the group goes on without
        the member; we keep at least half of it for the listener and the join.
        """
        return min(self.request_timeout_ms, max(1, self.rebalance_timeout_ms // 2))

    def backoff_ms(self, attempts: int) -> int:
        """Pause after so many failures in a row (1 or more): doubling (KIP-580), no jitter."""
        doubled = self.retry_backoff_ms << min(max(attempts - 1, 0), 32)
        return min(doubled, self.retry_backoff_max_ms)

    @classmethod
    def properties(cls) -> dict[str, str]:
        """Kafka's property name -> the field that holds it."""
        return {setting.metadata["property"]: setting.name for setting in _settings(cls)}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> "MemberConfig":
        """Read Kafka's property names with their text values.

        Raises:
            ConfigError: a name is unknown or missing, or a value cannot be.
        """
        known = {setting.metadata["property"]: setting for setting in _settings(cls)}
        values: dict[str, Any] = {}
        for name, text in properties.items():
            if name not in known:
                raise ConfigError(f"unknown property {name!r}; known: {', '.join(sorted(known))}")
            values[known[name].name] = _parsed(name, known[name].metadata["kind"], text)
        if "group_id" not in values:
            raise ConfigError("group.id is missing: name the group to join")
        return cls(**values)


def _settings(cls: type[MemberConfig]) -> list[Field[Any]]:
    """The fields that a user has a property for."""
    return [setting for setting in fields(cls) if setting.metadata]


def _parsed(name: str, kind: str, text: str) -> Any:
    if kind == "ms":
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{name}={text!r}: expected a whole number") from None
    if kind == "bool":
        flag = {"true": True, "false": False}.get(text.strip().lower())
        if flag is None:
            raise ConfigError(f"{name}={text!r}: expected true or false")
        return flag
    # Kafka's own default of client.rack is the empty text, which means none.
    return None if text == "" and name == "client.rack" else text


def _check(metadata: Mapping[str, Any], value: object) -> None:
    name, kind = metadata["property"], metadata["kind"]
    if kind == "ms":
        least = metadata["least"]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"{name}={value!r}: expected a whole number >= {least}")
    elif kind == "bool":
        if not isinstance(value, bool):
            raise ConfigError(f"{name}={value!r}: expected true or false")
    elif value is not None and not isinstance(value, str):
        raise ConfigError(f"{name}={value!r}: expected text")
    elif value is None and name in ("group.id", "client.id"):
        raise ConfigError(f"{name} is missing: give a text")
