"""Which partitions, and which members, a constraint speaks of.

The rule kept here: a selector is data, and says nothing of whether what it names exists now; that
is asked when a group is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assignors.optimized.data import keys_of, list_of, text_of, whole
from assignors.optimized.errors import InvalidObjectiveError
from assignors.partitions import MAX_PARTITION


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """A topic, or some of its partitions.

    As data: "orders", or {topic: orders, partitions: [0, 1]}, or partitions: "0-3".
    """

    topic: str
    partitions: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        text_of(self.topic, "a constraint's topic")
        if self.partitions is not None:
            where = f"a partition of the topic {self.topic!r} in a constraint"
            numbers = tuple(sorted({whole(each, where) for each in self.partitions}))
            if not numbers:
                raise InvalidObjectiveError(
                    f"a constraint names no partition of the topic {self.topic!r}: "
                    "list some, or leave partitions out for all"
                )
            if numbers[-1] > MAX_PARTITION:
                raise InvalidObjectiveError(
                    f"{where} is {numbers[-1]}: the last is {MAX_PARTITION}"
                )
            object.__setattr__(self, "partitions", numbers)

    @classmethod
    def from_data(cls, data: Any, where: str) -> What:
        """Raises InvalidObjectiveError."""
        if isinstance(data, What):
            return data
        if isinstance(data, str):
            return cls(topic=text_of(data, where))
        read = keys_of(data, ("topic", "partitions"), where)
        if "topic" not in read:
            raise InvalidObjectiveError(f"{where} names no topic: add topic")
        partitions = read.get("partitions")
        numbers = None if partitions is None else _numbers(partitions, f"{where}, partitions")
        return cls(topic=text_of(read["topic"], f"{where}, topic"), partitions=numbers)

    def to_data(self) -> Any:
        """The shortest form of the above."""
        if self.partitions is None:
            return self.topic
        return {"topic": self.topic, "partitions": list(self.partitions)}

    def overlaps(self, other: What) -> int | None:
        """A partition that both name, None if there is none; 0 if both name the whole topic."""
        if self.topic != other.topic:
            return None
        if self.partitions is None or other.partitions is None:
            return (self.partitions or other.partitions or (0,))[0]
        shared = sorted(set(self.partitions) & set(other.partitions))
        return shared[0] if shared else None

    def __str__(self) -> str:
        if self.partitions is None:
            return self.topic
        shown = [str(each) for each in self.partitions[:6]]
        more = f",+{len(self.partitions) - 6}" if len(self.partitions) > 6 else ""
        return f"{self.topic}[{','.join(shown)}{more}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Members: one by its id or group instance id, or all with a label, or all in a rack.

    As data: "m1" (a member id or an instance id), {label: {zone: x}}, or {rack: a}.
    """

    member: str | None = None
    label: tuple[str, str] | None = None
    rack: str | None = None

    def __post_init__(self) -> None:
        given = [each for each in (self.member, self.label, self.rack) if each is not None]
        if len(given) != 1:
            raise InvalidObjectiveError(
                f"members are selected by {len(given)} of member, label and rack: give one"
            )

    @classmethod
    def from_data(cls, data: Any, where: str) -> Who:
        """Raises InvalidObjectiveError."""
        if isinstance(data, Who):
            return data
        if isinstance(data, str):
            return cls(member=text_of(data, where))
        read = keys_of(data, ("member", "label", "rack"), where)
        label = read.get("label")
        if label is not None:
            if not isinstance(label, Mapping) or len(label) != 1:
                raise InvalidObjectiveError(
                    f"{where}, label is {label!r}: give one key and its value, as {{zone: x}}"
                )
            ((key, value),) = label.items()
            label = text_of(key, f"{where}, label"), text_of(value, f"{where}, label {key}")
        named = {key: text_of(read[key], where) for key in ("member", "rack") if key in read}
        return cls(label=label, **named)

    def to_data(self) -> Any:
        """The shortest form of the above."""
        if self.member is not None:
            return self.member
        return {"label": dict([self.label])} if self.label is not None else {"rack": self.rack}

    def __str__(self) -> str:
        if self.member is not None:
            return self.member
        return f"{self.label[0]}={self.label[1]}" if self.label else f"rack {self.rack}"


def _numbers(data: Any, where: str) -> tuple[int, ...]:
    """[0, 1, "4-7"], or the same as one string."""
    entries = data.split(",") if isinstance(data, str) else list_of(data, where)
    numbers: list[int] = []
    for entry in entries:
        if not isinstance(entry, str):
            numbers.append(whole(entry, where))
            continue
        first, dash, last = (part.strip() for part in entry.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InvalidObjectiveError(f'{where} has {entry!r}: give numbers, or ranges as "0-3"')
        low, high = int(first), int(last or first)
        if low > high or high - low > 10_000_000:
            raise InvalidObjectiveError(f"{where} has the range {entry!r}: give it as low-high")
        numbers.extend(range(low, high + 1))
    return tuple(numbers)
