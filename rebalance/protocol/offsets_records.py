"""Records of `__consumer_offsets` as Kafka's own bytes, and back (rules P01, P05, P06).

Rule kept: a key opens with its record type. Types whose values this coordinator does not keep are
told by Kafka's name for them, unknown ones by their number; neither is an error. A null value is a
tombstone.
Source: GroupCoordinatorRecordSerde, CoordinatorRecordType (Kafka 4.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rebalance.protocol.group_record import (
    GROUP_METADATA,
    decode_group,
    encode_group_key,
    encode_group_value,
)
from rebalance.protocol.offset_record import (
    LEGACY_OFFSET_COMMIT,
    OFFSET_COMMIT,
    decode_offset,
    encode_offset_key,
    encode_offset_value,
)
from rebalance.protocol.record_fields import FieldReader, RecordError
from rebalance.protocol.records import OffsetCommit, Record

__all__ = [
    "OTHER_RECORD_TYPES",
    "OtherRecord",
    "RecordError",
    "decode_record",
    "encode_record",
]

OTHER_RECORD_TYPES: Mapping[int, str] = MappingProxyType(
    {
        3: "ConsumerGroupMetadata",
        4: "ConsumerGroupPartitionMetadata",
        5: "ConsumerGroupMemberMetadata",
        6: "ConsumerGroupTargetAssignmentMetadata",
        7: "ConsumerGroupTargetAssignmentMember",
        8: "ConsumerGroupCurrentMemberAssignment",
        10: "ShareGroupMemberMetadata",
        11: "ShareGroupMetadata",
        12: "ShareGroupTargetAssignmentMetadata",
        13: "ShareGroupTargetAssignmentMember",
        14: "ShareGroupCurrentMemberAssignment",
        15: "ShareGroupStatePartitionMetadata",
        16: "ConsumerGroupRegularExpression",
        17: "StreamsGroupMetadata",
        19: "StreamsGroupMemberMetadata",
        20: "StreamsGroupTargetAssignmentMetadata",
        21: "StreamsGroupTargetAssignmentMember",
        22: "StreamsGroupCurrentMemberAssignment",
        23: "StreamsGroupTopology",
    }
)
"""Record types of Kafka 4.4 that are recognised and not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRecord:
    """A record that is not read: of another kind of group, or of a newer Kafka."""

    record_type: int
    name: str | None
    """Kafka's name of the type; None for a type that Kafka 4.4 does not have."""
    key: bytes = field(repr=False)
    value: bytes | None = field(repr=False)
    """None: a tombstone."""


def encode_record(record: Record) -> tuple[bytes, bytes | None]:
    """Key and value of a record, in the versions that Kafka 4.4 writes.

    Raises:
        RecordError: a text is too long to be written, a number is out of its range.
    """
    if isinstance(record, OffsetCommit):
        offset = record.value
        return encode_offset_key(record), None if offset is None else encode_offset_value(offset)
    group = record.value
    return encode_group_key(record), None if group is None else encode_group_value(group)


def decode_record(key: bytes, value: bytes | None) -> Record | OtherRecord:
    """What a record says, in whatever version it was written.

    Raises:
        RecordError: the bytes are malformed, or a value's version is unknown.
    """
    record_type = FieldReader(key, "the key of a record").int16("record type")
    if record_type in (LEGACY_OFFSET_COMMIT, OFFSET_COMMIT):
        return decode_offset(key, value)
    if record_type == GROUP_METADATA:
        return decode_group(key, value)
    name = OTHER_RECORD_TYPES.get(record_type)
    return OtherRecord(record_type=record_type, name=name, key=key, value=value)
