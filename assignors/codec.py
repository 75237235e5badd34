"""The bytes that members exchange through the coordinator, straight to and from columns.

ConsumerProtocolSubscription and ConsumerProtocolAssignment v0-v3 (KIP-429, KIP-792, KIP-881), and
the user data of Java's sticky assignors. The rule kept here: an id travels between the wire and its
int32 column without becoming an object, and whatever a peer sends is either understood or one
`CodecError`. A version newer than 3 is read as 3, and bytes after the last known field are ignored
(rule M03), as Kafka's ConsumerProtocol does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from assignors.errors import CodecError
from assignors.model import PartitionSet, Subscription

__all__ = [
    "HIGHEST_VERSION",
    "CodecError",
    "ConsumerAssignment",
    "StickyUserData",
    "decode_assignment",
    "decode_generation_user_data",
    "decode_sticky_user_data",
    "decode_subscription",
    "encode_assignment",
    "encode_generation_user_data",
    "encode_sticky_user_data",
    "encode_subscription",
    "nullable_bytes",
    "read_topics",
    "string_bytes",
    "wire_version",
]

HIGHEST_VERSION = 3
_MAX_STRING_BYTES = 2**15 - 1
_INT16 = struct.Struct(">h")
_KAFKA_PYTHON_VERSION = b"\x00\x01"  # before its sticky user data; Java writes no version
_INT32 = struct.Struct(">i")
_WIRE_IDS = np.dtype(">i4")
_NOTHING = PartitionSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerAssignment:
    """What the leader sends to one member (ConsumerProtocolAssignment)."""

    partitions: PartitionSet = field(default_factory=PartitionSet)
    user_data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyUserData:
    """What Java's StickyAssignor sends: what it held, and when (-1 = not said)."""

    partitions: PartitionSet = field(default_factory=PartitionSet)
    generation_id: int = -1


def encode_subscription(subscription: Subscription, *, version: int = HIGHEST_VERSION) -> bytes:
    """A subscription as version 0-3, with its version in front.

    Fields that the version lacks are left out: owned partitions before 1, the generation before 2,
    the rack before 3. Topics go out in the order given (Java sorts them first, so that the same
    subscription is always the same bytes); owned partitions go out sorted. `user_data` None goes
    out as null, b"" as empty.
    Raises ValueError for another version, a string beyond 32,767 bytes, a generation beyond int32.
    """
    out = [_version(version), _INT32.pack(len(subscription.topics))]
    out.extend(string_bytes(topic) for topic in subscription.topics)
    out.append(nullable_bytes(subscription.user_data))
    if version >= 1:
        out.extend(_partitions(subscription.owned))
    if version >= 2:
        out.append(_generation(subscription.generation_id))
    if version >= 3:
        rack = subscription.rack_id
        out.append(_INT16.pack(-1) if rack is None else string_bytes(rack))
    return b"".join(out)


def _generation(generation_id: int) -> bytes:
    if not -(2**31) <= generation_id < 2**31:
        raise ValueError(f"generation {generation_id} is outside of int32: give what Kafka gave")
    return _INT32.pack(generation_id)


def decode_subscription(data: bytes, *, group_instance_id: str | None = None) -> Subscription:
    """What a member sent. `group_instance_id` travels beside it, in the JoinGroup response.

    What the version does not carry has its default; an empty rack is none, as for Java. Raises
    CodecError for anything unreadable.
    """
    return SubscriptionReader().read(data, group_instance_id)


class SubscriptionReader:
    """`decode_subscription` for the members of a group, one after the other.

    Most of them are subscribed to the same topics: who sends the list of the member before is given
    the same tuple, and nothing is read again.
    """

    __slots__ = ("_list", "_topics")

    def __init__(self) -> None:
        self._list = b""
        self._topics: tuple[str, ...] = ()

    def read(self, data: bytes, group_instance_id: str | None) -> Subscription:
        """The next member's. Raises CodecError."""
        reader = _Reader(data, "subscription")
        version = reader.version()
        # A list begins with its length: whoever begins alike has the whole list alike.
        if not self._list or not reader.passes(self._list):
            self._list, self._topics = b"", tuple(dict.fromkeys(reader.topics()))
            self._list = reader.passed(after_bytes=2)
        return Subscription._trusted(
            topics=self._topics,
            user_data=reader.nullable_bytes(),
            owned=reader.partitions() if version >= 1 else PartitionSet(),
            generation_id=reader.int32("generation id") if version >= 2 else -1,
            rack_id=(reader.nullable_string("rack id") or None) if version >= 3 else None,
            group_instance_id=group_instance_id,
        )


def read_topics(data: bytes) -> tuple[list[str], int]:
    """The topics of a subscription, as sent, and where they end. Raises CodecError."""
    reader = _Reader(data, "subscription")
    reader.version()
    topics = reader.topics()
    return topics, len(data) - reader.remaining()


def encode_assignment(
    partitions: PartitionSet | Iterable[tuple[str, int]],
    *,
    user_data: bytes | None = None,
    version: int = HIGHEST_VERSION,
) -> bytes:
    """One member's assignment as version 0-3 (which do not differ), with its version in front.

    Raises ValueError for another version or a topic name beyond 32,767 bytes.
    """
    columns = partitions if isinstance(partitions, PartitionSet) else PartitionSet(partitions)
    return b"".join([_version(version), *_partitions(columns), nullable_bytes(user_data)])


def decode_assignment(data: bytes) -> ConsumerAssignment:
    """What a member was assigned. Raises CodecError for anything unreadable, also for no bytes."""
    reader = _Reader(data, "assignment")
    reader.version()
    partitions = reader.partitions()
    return ConsumerAssignment(partitions=partitions, user_data=reader.nullable_bytes())


def wire_version(data: bytes) -> int:
    """The version in front of a subscription or assignment, as sent, also beyond 3.

    Raises CodecError if there is none or it is negative.
    """
    return _Reader(data, "subscription").version_as_sent()


def encode_sticky_user_data(partitions: PartitionSet, generation_id: int) -> bytes:
    """The user data of Java's StickyAssignor, version 1: partitions by topic, then generation."""
    return b"".join([*_partitions(partitions), _generation(generation_id)])


def decode_sticky_user_data(data: bytes) -> StickyUserData:
    """The user data of Java's StickyAssignor; version 0 ends before the generation.

    Also what kafka-python 3 sends under that name: the same behind a version, int16, 1.
    Raises CodecError for anything else. Java takes such bytes, and kafka-python's, as no claim.
    """
    try:
        claim, _ = _sticky_user_data(data)
    except CodecError:
        if not data.startswith(_KAFKA_PYTHON_VERSION):
            raise
        # Java's reading of these bytes begins with 65,536 topics or more, which did not follow.
        claim, left = _sticky_user_data(data[len(_KAFKA_PYTHON_VERSION) :])
        if left:
            raise
    return claim


def _sticky_user_data(data: bytes) -> tuple[StickyUserData, int]:
    """The claim, and how many bytes follow it."""
    reader = _Reader(data, "sticky user data")
    partitions = reader.partitions()
    generation_id = reader.int32("generation") if reader.remaining() >= 4 else -1
    return StickyUserData(partitions=partitions, generation_id=generation_id), reader.remaining()


def encode_generation_user_data(generation_id: int) -> bytes:
    """The user data of Java's CooperativeStickyAssignor: the last generation, int32."""
    return _generation(generation_id)


def decode_generation_user_data(data: bytes) -> int:
    """The generation in the user data of Java's CooperativeStickyAssignor.

    Raises CodecError for fewer than four bytes.
    """
    return _Reader(data, "cooperative-sticky user data").int32("generation")


def _version(version: int) -> bytes:
    if not 0 <= version <= HIGHEST_VERSION:
        raise ValueError(f"version {version} cannot be written: give 0 to {HIGHEST_VERSION}")
    return _INT16.pack(version)


def string_bytes(text: str) -> bytes:
    """A string with its length in front. Raises ValueError beyond 32,767 bytes."""
    encoded = text.encode()
    if len(encoded) > _MAX_STRING_BYTES:
        raise ValueError(
            f"a string of {len(encoded)} bytes cannot be written: the wire takes "
            f"{_MAX_STRING_BYTES} ({text[:20]!r}...)"
        )
    return _INT16.pack(len(encoded)) + encoded


def nullable_bytes(data: bytes | None) -> bytes:
    """Bytes with their length in front; None is the wire's null."""
    return _INT32.pack(-1) if data is None else _INT32.pack(len(data)) + data


def _partitions(partitions: PartitionSet) -> list[bytes]:
    """`[topic [id]]`: each column is copied once, in the wire's byte order."""
    out = [_INT32.pack(len(partitions.topics))]
    ids = partitions.ids.astype(_WIRE_IDS).tobytes()
    at = 0
    for topic, count in zip(partitions.topics, partitions.counts, strict=True):
        out += (string_bytes(topic), _INT32.pack(count), ids[at : at + 4 * count])
        at += 4 * count
    return out


class _Reader:
    """Walks over bytes and refuses to read what is not there."""

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data = bytes(data)
        self._what = what
        self._at = 0

    def remaining(self) -> int:
        return len(self._data) - self._at

    def passes(self, expected: bytes) -> bool:
        """Whether these bytes come next; then they count as read."""
        if not self._data.startswith(expected, self._at):
            return False
        self._at += len(expected)
        return True

    def passed(self, *, after_bytes: int) -> bytes:
        """What was read, but for its first so many bytes."""
        return self._data[after_bytes : self._at]

    def version_as_sent(self) -> int:
        version: int = _INT16.unpack(self._take(2, "version"))[0]
        if version < 0:
            raise self._error(f"version {version} is negative")
        return version

    def version(self) -> int:
        return min(self.version_as_sent(), HIGHEST_VERSION)

    def int32(self, name: str) -> int:
        value: int = _INT32.unpack(self._take(4, name))[0]
        return value

    def array_length(self, name: str, least_bytes: int) -> int:
        """A length that can be true: each element takes at least `least_bytes`."""
        length = self.int32(f"number of {name}")
        if not 0 <= length * least_bytes <= self.remaining() or length < 0:
            raise self._error(f"{length} {name} cannot follow in {self.remaining()} bytes")
        return length

    def topics(self) -> list[str]:
        """`[topic]`. The loop is written for what is right; what is wrong, `topic` says."""
        count = self.array_length("topics", 2)
        data, at, size = self._data, self._at, len(self._data)
        topics: list[str] = []
        while len(topics) < count:
            end = at + 2
            if end <= size:
                end += _INT16.unpack_from(data, at)[0]
            try:
                topic = data[at + 2 : end].decode() if at + 2 < end <= size else ""
            except UnicodeDecodeError:
                topic = ""
            if not topic:
                self._at = at
                topic = self.topic()
            topics.append(topic)
            at = end
        self._at = at
        return topics

    def topic(self) -> str:
        topic = self.nullable_string("topic")
        if not topic:
            raise self._error("a topic name is null or empty")
        return topic

    def nullable_string(self, name: str) -> str | None:
        length: int = _INT16.unpack(self._take(2, f"length of {name}"))[0]
        if length == -1:
            return None
        try:
            return self._take(length, name).decode()
        except UnicodeDecodeError as error:
            raise self._error(f"{name} is not UTF-8") from error

    def nullable_bytes(self) -> bytes | None:
        length = self.int32("length of user data")
        return None if length == -1 else self._take(length, "user data")

    def partitions(self) -> PartitionSet:
        """`[topic [id]]`. As in `topics`, what is wrong is said by the readers of its parts."""
        length = self.array_length("topics with partitions", 6)
        if not length:
            return _NOTHING
        data, at, size = self._data, self._at, len(self._data)
        topics: list[str] = []
        counts: list[int] = []
        columns: list[bytes] = []
        for _ in range(length):
            ids = at + 2
            if ids <= size:
                ids += _INT16.unpack_from(data, at)[0] + 4
            count = _INT32.unpack_from(data, ids - 4)[0] if at + 6 < ids <= size else -1
            end = ids + 4 * count
            try:
                topic = data[at + 2 : ids - 4].decode() if count >= 0 and end <= size else ""
            except UnicodeDecodeError:
                topic = ""
            if not topic:
                self._at = at
                topic, count = self.topic(), self.array_length("partitions", 4)
                ids = self._at
                end = ids + 4 * count
            topics.append(topic)
            counts.append(count)
            columns.append(data[ids:end])
            at = end
        self._at = at
        flat = np.frombuffer(b"".join(columns), _WIRE_IDS).astype(np.int32)
        flat.setflags(write=False)
        try:
            return PartitionSet.from_flat(topics, counts, flat)
        except ValueError as error:
            raise self._error(str(error)) from error

    def _take(self, count: int, name: str) -> bytes:
        if not 0 <= count <= self.remaining():
            raise self._error(f"{name} takes {count} bytes, but {self.remaining()} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def _error(self, why: str) -> CodecError:
        return CodecError(
            f"cannot read the {self._what} at byte {self._at} of {len(self._data)}: {why}; "
            "its sender does not speak Kafka's consumer protocol here"
        )
