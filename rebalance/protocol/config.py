"""Settings of a coordinator: Kafka's property names, units and defaults, validated once.

Why: a test that says `group.initial.rebalance.delay.ms=0` must mean what it means on a broker.
Only what is honoured is listed; an unknown property is an error that says what is known.
Source: GroupCoordinatorConfig (Kafka 4.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


class ConfigError(ValueError):
    """A setting is unknown or out of its range; the message says which and what is allowed."""


def _setting(name: str, default: int, *, least: int, danger: str) -> int:
    metadata = {"property": name, "least": least, "danger": danger}
    value: int = field(default=default, metadata=metadata)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatorConfig:
    """Times in milliseconds but where a name says minutes, sizes in UTF-16 units as in Kafka."""

    group_min_session_timeout_ms: int = _setting(
        "group.min.session.timeout.ms",
        6000,
        least=1,
        danger="smaller: members may ask for timeouts that a garbage collection exceeds",
    )
    group_max_session_timeout_ms: int = _setting(
        "group.max.session.timeout.ms",
        1_800_000,
        least=1,
        danger="larger: a dead member's partitions may stand still that long",
    )
    group_initial_rebalance_delay_ms: int = _setting(
        "group.initial.rebalance.delay.ms",
        3000,
        least=0,
        danger="0: every member that starts causes a rebalance of its own",
    )
    group_max_size: int = _setting(
        "group.max.size",
        2**31 - 1,
        least=1,
        danger="smaller than what a group has: members that rejoin are turned away",
    )
    offset_metadata_max_bytes: int = _setting(
        "offset.metadata.max.bytes",
        4096,
        least=0,
        danger="larger: commits may carry that much text each",
    )

    offsets_retention_minutes: int = _setting(
        "offsets.retention.minutes",
        10_080,
        least=1,
        danger="smaller: a group that pauses that long starts anew, at auto.offset.reset",
    )
    offsets_retention_check_interval_ms: int = _setting(
        "offsets.retention.check.interval.ms",
        600_000,
        least=1,
        danger="larger: groups that nobody needs are kept that much longer",
    )

    offsets_topic_num_partitions: int = _setting(
        "offsets.topic.num.partitions",
        50,
        least=1,
        danger="another number than before: groups are looked for where they are not",
    )

    def __post_init__(self) -> None:
        for setting in fields(self):
            value, least = getattr(self, setting.name), setting.metadata["least"]
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"{setting.metadata['property']}={value!r}: expected a whole number >= {least}"
                )
        if self.group_max_session_timeout_ms < self.group_min_session_timeout_ms:
            raise ConfigError(
                f"group.max.session.timeout.ms={self.group_max_session_timeout_ms} is less than "
                f"group.min.session.timeout.ms={self.group_min_session_timeout_ms}"
            )

    @classmethod
    def properties(cls) -> dict[str, str]:
        """Kafka's property name -> the field that holds it."""
        return {setting.metadata["property"]: setting.name for setting in fields(cls)}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> "CoordinatorConfig":
        """Read Kafka's property names with their text values.

        Raises:
            ConfigError: a name is unknown, a value is no whole number or out of range.
        """
        known = cls.properties()
        values: dict[str, int] = {}
        for name, text in properties.items():
            if name not in known:
                raise ConfigError(f"unknown property {name!r}; known: {', '.join(sorted(known))}")
            try:
                values[known[name]] = int(text)
            except ValueError:
                raise ConfigError(f"{name}={text!r}: expected a whole number") from None
        return cls(**values)
