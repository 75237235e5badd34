"""What an assignor sees and says: the cluster, a member's subscription, a plan.

Every layer above (codec, claims, assignors, protocol machines, traces) speaks in these values, so
the rule kept here is that they are immutable, checked once when made, comparable, and print well.
`TopicPartition` and `PartitionSet` live next door and are part of this vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from assignors.partitions import (
    MAX_PARTITION,
    Ids,
    PartitionSet,
    TopicPartition,
    checked_topic,
)

__all__ = [
    "MAX_PARTITION",
    "ClusterMetadata",
    "GroupAssignment",
    "Ids",
    "PartitionSet",
    "Subscription",
    "TopicPartition",
]


@dataclass(frozen=True, slots=True)
class ClusterMetadata:
    """What the leader knows of the topics: partition counts and, perhaps, racks of the replicas.

    `partitions`: topic -> number of partitions (0 = exists without partitions, assigned nothing).
    `racks`: topic -> for each partition the racks of its replicas; empty where unknown.
    Raises TypeError or ValueError for a negative count, racks of an unknown topic, or a topic whose
    racks do not list every partition.
    """

    partitions: Mapping[str, int]
    racks: Mapping[str, Sequence[frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts: dict[str, int] = {}
        for topic in sorted(checked_topic(t) for t in self.partitions):
            counts[topic] = _checked_count(topic, self.partitions[topic])
        racks: dict[str, tuple[frozenset[str], ...]] = {}
        for topic in sorted(self.racks):
            if topic not in counts:
                raise ValueError(f"racks name the topic {topic!r}, which has no partition count")
            racks[topic] = tuple(frozenset(each) for each in self.racks[topic])
            if len(racks[topic]) != counts[topic]:
                raise ValueError(
                    f"racks of the topic {topic!r} list {len(racks[topic])} partitions, "
                    f"but it has {counts[topic]}"
                )
        object.__setattr__(self, "partitions", MappingProxyType(counts))
        object.__setattr__(self, "racks", MappingProxyType(racks))

    def __hash__(self) -> int:
        return hash((tuple(self.partitions.items()), tuple(self.racks.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        return ClusterMetadata, (dict(self.partitions), dict(self.racks))

    def __repr__(self) -> str:
        racks = f", racks={dict(self.racks)!r}" if self.racks else ""
        return f"ClusterMetadata({dict(self.partitions)!r}{racks})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What one member sends to the leader (ConsumerProtocolSubscription, plus its instance id).

    `topics`: names, in the member's order, duplicates dropped.
    `owned`: what the member holds as it joins (KIP-429); any iterable of partitions is taken.
    `generation_id`: the generation in which it came to hold them, -1 = unknown (KIP-792).
    `group_instance_id`: the static member's name (KIP-345). `rack_id`: KIP-881.
    `user_data`: the assignor's own bytes; None is the wire's null, which some clients send for b"".
    """

    topics: Sequence[str]
    owned: PartitionSet = field(default_factory=PartitionSet)
    generation_id: int = -1
    group_instance_id: str | None = None
    rack_id: str | None = None
    user_data: bytes | None = b""

    def __post_init__(self) -> None:
        # What the type says is checked again: callers hand over what other libraries gave them.
        given: Any = self.topics
        if isinstance(given, str):
            raise TypeError(f"topics is the str {given!r}: give a sequence of names")
        topics = tuple(dict.fromkeys(checked_topic(topic) for topic in given))
        object.__setattr__(self, "topics", topics)
        owned: Any = self.owned
        if not isinstance(owned, PartitionSet):
            object.__setattr__(self, "owned", PartitionSet(owned))
        if self.user_data is not None:
            object.__setattr__(self, "user_data", bytes(self.user_data))

    @classmethod
    def _trusted(
        cls,
        *,
        topics: tuple[str, ...],
        owned: PartitionSet,
        generation_id: int,
        group_instance_id: str | None,
        rack_id: str | None,
        user_data: bytes | None,
    ) -> Subscription:
        """Fields that are known to be as the constructor leaves them: no check."""
        self = object.__new__(cls)
        put = object.__setattr__
        put(self, "topics", topics)
        put(self, "owned", owned)
        put(self, "generation_id", generation_id)
        put(self, "group_instance_id", group_instance_id)
        put(self, "rack_id", rack_id)
        put(self, "user_data", user_data)
        return self


class GroupAssignment(Mapping[str, PartitionSet]):
    """The plan: member id -> its partitions; iterates in member-id order.

    Every member of the group is a key, also one that gets nothing. `user_data` are the bytes that
    go to a member with its partitions, for the members that get any. Equal to another plan with the
    same partitions and user data, and to a plain mapping with the same partitions.
    """

    __slots__ = ("_partitions", "_user_data")

    def __init__(
        self,
        partitions: Mapping[str, Iterable[tuple[str, int]] | Mapping[str, Iterable[int]]],
        user_data: Mapping[str, bytes] | None = None,
    ) -> None:
        data = user_data or {}
        unknown = sorted(set(data) - set(partitions))
        if unknown:
            raise ValueError(f"user_data for {unknown[0]!r}, which is not a member of the plan")
        for member in sorted(data):
            given: Any = data[member]  # whoever made it may not have read the type
            if not isinstance(given, bytes | bytearray | memoryview):
                raise TypeError(f"user_data for {member!r} is {given!r}: give bytes")
        self._fill(
            {
                member: value if isinstance(value, PartitionSet) else PartitionSet(value)
                for member, value in sorted(partitions.items())
            },
            {member: bytes(each) for member, each in data.items()},
        )

    def _fill(self, partitions: Mapping[str, PartitionSet], user_data: Mapping[str, bytes]) -> None:
        self._partitions = partitions
        self._user_data = MappingProxyType(dict(sorted(user_data.items())))

    @classmethod
    def _trusted(
        cls, partitions: Mapping[str, PartitionSet], user_data: Mapping[str, bytes]
    ) -> GroupAssignment:
        """Wrap a mapping that is in member-id order and never changes: no copy, no check."""
        self = cls.__new__(cls)
        self._fill(partitions, user_data)
        return self

    @property
    def partitions(self) -> Mapping[str, PartitionSet]:
        """The mapping inside: that of an algorithm makes its sets only when asked for them."""
        return self._partitions

    @property
    def user_data(self) -> Mapping[str, bytes]:
        """Member id -> bytes sent with its assignment; a member without is not a key."""
        return self._user_data

    def __getitem__(self, member: str) -> PartitionSet:
        return self._partitions[member]

    def __iter__(self) -> Iterator[str]:
        return iter(self._partitions)

    def __len__(self) -> int:
        return len(self._partitions)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, GroupAssignment):
            return self._partitions == other._partitions and self._user_data == other._user_data
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash(tuple(self._partitions.items()))

    def __repr__(self) -> str:
        data = f", user_data={dict(self._user_data)!r}" if self._user_data else ""
        return f"GroupAssignment({dict(self._partitions)!r}{data})"

    def __reduce__(self) -> tuple[Any, ...]:
        return GroupAssignment, (dict(self._partitions), dict(self._user_data))


def _checked_count(topic: str, count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"the partition count of {topic!r} is an int, not {count!r}")
    if not 0 <= count <= MAX_PARTITION:
        raise ValueError(f"the partition count of {topic!r} is {count}: give 0 or more")
    return int(count)
