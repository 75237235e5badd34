"""What a member says of itself in its subscription's user data, in a format of ours.

Capacity, labels, rack, a fingerprint of how it is configured, and what it held when: under the
eager protocol the last is nowhere else (see `assignors.claims`). Rule: bytes of anybody else are
no error and say nothing; a later version of ours is read as far as this one knows it.

Layout, big-endian: magic "\\xffKRo", int16 version (1), fingerprint (8 bytes), float64 share, int32
max_partitions (-1 none), float64 max_weight (-1 none), string rack ("" none), int16 count of
labels, key and value of each, int32 generation, then topics and ids as Kafka's StickyAssignor
writes them. A string is an int16 length and UTF-8. Read as that assignor's user data the magic is a
negative number of topics, so no sticky assignor takes this for a claim.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from assignors.codec import decode_sticky_user_data, encode_sticky_user_data
from assignors.errors import CodecError
from assignors.model import Subscription
from assignors.optimized.constraints import Capacity
from assignors.optimized.errors import InvalidObjectiveError
from assignors.partitions import PartitionSet

MAGIC = b"\xffKRo"
VERSION = 1
_HEAD = struct.Struct(">4sh8sdid")
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_MOST_BYTES = 255
"""Of a label's name or value, and of a rack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberData:
    """One member's own word. `fingerprint`: 16 hex digits. `rack`: None where it has none."""

    fingerprint: str = "0" * 16
    capacity: Capacity = field(default_factory=Capacity)
    labels: Mapping[str, str] = field(default_factory=dict)
    rack: str | None = None
    held: PartitionSet = field(default_factory=PartitionSet)
    generation_id: int = -1

    def __post_init__(self) -> None:
        labels = checked_labels(self.labels)
        object.__setattr__(self, "labels", MappingProxyType(labels))

    def __hash__(self) -> int:
        return hash((self.fingerprint, self.capacity, tuple(self.labels.items()), self.held))


def checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels, sorted. Raises InvalidObjectiveError unless they map names to names."""
    if not isinstance(labels, Mapping):
        raise InvalidObjectiveError(f"labels are {labels!r}: give name -> value")
    for key, value in labels.items():
        for each in (key, value):
            if not _fits(each):
                raise InvalidObjectiveError(
                    f"the label {key!r} is {value!r}: give strings of up to {_MOST_BYTES} bytes"
                )
    if len(labels) > 255:
        raise InvalidObjectiveError(f"there are {len(labels)} labels: give up to 255")
    return dict(sorted(labels.items()))


def checked_rack(rack: str | None) -> str | None:
    """The rack. Raises InvalidObjectiveError unless it is a name that can be sent."""
    if rack is not None and (not rack or not _fits(rack)):
        raise InvalidObjectiveError(
            f"the rack is {rack!r}: give a name of up to {_MOST_BYTES} bytes, or None"
        )
    return rack


def _fits(text: Any) -> bool:
    """A string that UTF-8 can write, in so many bytes."""
    try:
        return isinstance(text, str) and len(text.encode()) <= _MOST_BYTES
    except UnicodeEncodeError:
        return False


def encode(said: MemberData) -> bytes:
    """The bytes; see the module."""
    capacity = said.capacity
    most = -1 if capacity.max_partitions is None else min(capacity.max_partitions, 2**31 - 1)
    weight = -1.0 if capacity.max_weight is None else float(capacity.max_weight)
    head = _HEAD.pack(
        MAGIC, VERSION, bytes.fromhex(said.fingerprint), float(capacity.share), most, weight
    )
    labels = [_string(text) for pair in said.labels.items() for text in pair]
    return b"".join(
        [
            head,
            _string(said.rack or ""),
            _INT16.pack(len(said.labels)),
            *labels,
            _INT32.pack(said.generation_id),
            # Its own generation at the end is left out: it stands before.
            encode_sticky_user_data(said.held, said.generation_id)[:-4],
        ]
    )


def decode(data: bytes | None) -> MemberData | None:
    """What a member says; None if the bytes are not ours, or make no sense."""
    if data is None or len(data) < _HEAD.size or not data.startswith(MAGIC):
        return None
    try:
        return _decoded(data)
    except (struct.error, UnicodeDecodeError, CodecError, InvalidObjectiveError, IndexError):
        return None


def holding(sent: Subscription) -> Subscription:
    """The subscription, with what its member holds in `owned`, wherever the member says it.

    There, or, as an eager member does, in its user data, ours or that of Kafka's sticky. So any
    assignor finds it, also one that answers in the place of `optimized`.
    """
    if not sent.user_data:
        return sent
    own = decode(sent.user_data)
    if own is not None:
        held = sent.owned or own.held
        return replace(sent, owned=held, generation_id=max(sent.generation_id, own.generation_id))
    if sent.owned:
        return sent
    try:
        said = decode_sticky_user_data(sent.user_data)
    except CodecError:
        return sent
    if not said.partitions:
        return sent
    return replace(sent, owned=said.partitions, generation_id=said.generation_id)


def _decoded(data: bytes) -> MemberData | None:
    _, version, fingerprint, share, most, weight = _HEAD.unpack_from(data)
    if version < 1 or not math.isfinite(weight):
        return None
    rack, at = _read_string(data, _HEAD.size)
    (count,) = _INT16.unpack_from(data, at)
    if not 0 <= count <= 255:
        return None
    at += 2
    labels = {}
    for _ in range(count):
        key, at = _read_string(data, at)
        labels[key], at = _read_string(data, at)
    (generation_id,) = _INT32.unpack_from(data, at)
    held = decode_sticky_user_data(data[at + 4 :]).partitions
    return MemberData(
        fingerprint=fingerprint.hex(),
        capacity=Capacity(
            share=share,
            max_partitions=most if most >= 0 else None,
            max_weight=weight if weight >= 0 else None,
        ),
        labels=labels,
        rack=rack or None,
        held=held,
        generation_id=max(generation_id, -1),
    )


def _string(text: str) -> bytes:
    encoded = text.encode()
    return _INT16.pack(len(encoded)) + encoded


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    (length,) = _INT16.unpack_from(data, at)
    end = at + 2 + length
    if length < 0 or end > len(data):
        raise CodecError("a string reaches beyond the end")
    return data[at + 2 : end].decode(), end
