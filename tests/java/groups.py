"""Groups to ask Kafka's classes about: drawn by Hypothesis, sent, recorded, told in one line.

Rule: ten thousand of them are drawn in seconds, so all but a few numbers are read out of one drawn
string of bytes; zero means "none", so that they shrink to small groups. They are what a
coordinator can come to: an instance id is one member's. The rest is as odd as it gets: topics
listed twice or unknown, names that Java orders otherwise than Python, replicas without a rack.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any, Self

from hypothesis import strategies as st
from kio.schema.consumer_protocol_subscription.v3.data import ConsumerProtocolSubscription
from kio.serial import entity_writer
from kio.static.primitive import i32

from assignors.codec import decode_subscription
from assignors.model import ClusterMetadata, Subscription
from tests.java.oracle import plan_question

_NO_GENERATION = i32(-1)
_write_subscription = entity_writer(ConsumerProtocolSubscription)

_NAMES = (
    "m1",
    "m2",
    "m10",
    "M1",
    "a",
    "ab",
    "a-b",
    "b_",
    "\uff5e",
    "\U0001f600",
    "z\uff5e",
    "z\U0001f600",
)
_TOPICS = ("a", "a-b", "ab", "b", "B", "t10")
_UNKNOWN = "t2"
_RACKS = ("r", "r2", "R")
_MAX_MEMBERS = 8
_MAX_PARTITIONS = 15
_ALIKE = ("no", "pairs of topics", "all members", "all members, all topics")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnMember:
    """`topics` as sent: any order, perhaps twice."""

    id: str
    topics: tuple[str, ...]
    instance: str | None = None
    rack: str | None = None

    @property
    def metadata(self) -> bytes:
        """Its subscription on the wire. Written by kio: our own codec lists no topic twice."""
        entity = ConsumerProtocolSubscription(
            topics=self.topics,
            user_data=None,
            owned_partitions=(),
            generation_id=_NO_GENERATION,
            rack_id=self.rack,
        )
        buffer = io.BytesIO()
        _write_subscription(buffer, entity)
        return b"\0\3" + buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnGroup:
    """`topics`: name -> per partition the racks of its replicas (None = a broker without)."""

    topics: dict[str, tuple[tuple[str | None, ...], ...]]
    members: tuple[DrawnMember, ...]

    def __repr__(self) -> str:
        return json.dumps(self.to_data(), ensure_ascii=False)

    @property
    def cluster(self) -> ClusterMetadata:
        """As a client's metadata tells an assignor."""
        return ClusterMetadata(
            {topic: len(partitions) for topic, partitions in self.topics.items()},
            {
                topic: [frozenset(filter(None, racks)) for racks in partitions]
                for topic, partitions in self.topics.items()
            },
        )

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """As a leader reads them, but an empty rack as it is: not everybody reads with us."""
        return {
            each.id: replace(
                decode_subscription(each.metadata, group_instance_id=each.instance),
                rack_id=each.rack,
            )
            for each in self.members
        }

    def question(self, assignor: str) -> dict[str, Any]:
        """For the oracle."""
        members = [(each.id, each.instance, each.metadata) for each in self.members]
        return plan_question(assignor, self.topics, members)

    def to_data(self) -> dict[str, Any]:
        """Plain data, without what is not there; read by `from_data`."""
        return {
            "topics": {
                topic: [list(racks) for racks in partitions] if any(partitions) else len(partitions)
                for topic, partitions in self.topics.items()
            },
            "members": [
                {"id": each.id, "topics": list(each.topics)}
                | ({} if each.instance is None else {"instance": each.instance})
                | ({} if each.rack is None else {"rack": each.rack})
                for each in self.members
            ],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """The group behind `to_data`."""
        return cls(
            topics={
                topic: ((),) * said if isinstance(said, int) else tuple(map(tuple, said))
                for topic, said in data["topics"].items()
            },
            members=tuple(
                DrawnMember(
                    id=each["id"],
                    topics=tuple(each["topics"]),
                    instance=each.get("instance"),
                    rack=each.get("rack"),
                )
                for each in data["members"]
            ),
        )


_MEMBER_BYTES = 4
_TOPIC_BYTES = 1 + _MAX_PARTITIONS
_SIZE = 5 + 2 * len(_NAMES) + _MAX_MEMBERS * _MEMBER_BYTES + len(_TOPICS) * _TOPIC_BYTES


def drawn_groups() -> st.SearchStrategy[DrawnGroup]:
    """1-8 members, 0-6 topics of 0-15 partitions, 0-3 racks."""
    return st.binary(min_size=_SIZE, max_size=_SIZE).map(_group)


def _group(drawn: bytes) -> DrawnGroup:
    take = io.BytesIO(drawn).read
    member_count = 1 + _less_than(_MAX_MEMBERS, take(1))
    topic_count = _less_than(len(_TOPICS) + 1, take(1))
    rack_count = _less_than(len(_RACKS) + 1, take(1))
    alike = _ALIKE[_less_than(len(_ALIKE), take(1))]
    one_size = bool(_less_than(2, take(1)))  # topics of one size may be co-partitioned
    racks = _RACKS[:rack_count]
    member_racks = (None, *racks, *racks, *racks, "", "elsewhere")
    ids, instances = _ordered(take(len(_NAMES))), _ordered(take(len(_NAMES)))
    drawn_members = [take(_MEMBER_BYTES) for _ in range(_MAX_MEMBERS)][:member_count]
    drawn_topics = [take(_TOPIC_BYTES) for _ in range(topic_count)]
    return DrawnGroup(
        topics={
            name: _partitions(drawn_topics[0][0] if one_size else drawn[0], drawn[1:], racks)
            for name, drawn in zip(_TOPICS, drawn_topics, strict=False)
        },
        members=tuple(
            DrawnMember(
                id=ids[number],
                topics=_subscription(drawn_members[0] if alike == "all members" else drawn, alike),
                instance=instances[number] if drawn[0] & 1 else None,
                rack=member_racks[drawn[1] % len(member_racks)],
            )
            for number, drawn in enumerate(drawn_members)
        ),
    )


def _less_than(limit: int, drawn: bytes) -> int:
    return drawn[0] % limit


def _ordered(keys: bytes) -> list[str]:
    return [name for _, name in sorted(zip(keys, _NAMES, strict=True), key=lambda pair: pair[0])]


def _partitions(
    count: int, drawn: bytes, racks: tuple[str, ...]
) -> tuple[tuple[str | None, ...], ...]:
    """Bit k of a byte: a replica in rack k; one bit more: one in no rack."""
    choices: tuple[str | None, ...] = (*racks, None) if racks else ()
    return tuple(
        tuple(rack for bit, rack in enumerate(choices) if byte >> bit & 1)
        for byte in drawn[: count % (_MAX_PARTITIONS + 1)]
    )


def _subscription(drawn: bytes, alike: str) -> tuple[str, ...]:
    """Bit k of a byte: topic k, of the next byte: once more."""
    names = (*_TOPICS, _UNKNOWN)
    once, twice = drawn[2], drawn[3] & drawn[2] if drawn[0] & 2 else 0
    if alike == "pairs of topics":
        once = (once & 0b0010101) * 3
    elif alike == "all members, all topics":
        once = 0b0111111
    listed = [name for mask in (once, twice) for bit, name in enumerate(names) if mask >> bit & 1]
    return tuple(reversed(listed) if drawn[0] & 4 else listed)
