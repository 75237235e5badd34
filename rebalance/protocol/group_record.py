"""A classic group as a record of `__consumer_offsets` (rules P01, P06).

Rule kept: key 2, value v3. Versions 0 to 4 are read; what an old one does not have is Kafka's
default: -1 for times, no instance id.
Source: GroupMetadataKey, GroupMetadataValue, GroupCoordinatorRecordHelpers.newGroupMetadataRecord.
"""

import struct

from rebalance.protocol.record_fields import (
    FieldReader,
    RecordError,
    write_nullable_text,
    write_octets,
    write_text,
)
from rebalance.protocol.records import GroupMetadata, GroupMetadataMember, GroupMetadataValue

GROUP_METADATA = 2
_TYPE = struct.pack(">h", GROUP_METADATA)
_VERSION = struct.pack(">h", 3)
_GENERATION, _TIMESTAMP, _TIMEOUTS = struct.Struct(">i"), struct.Struct(">q"), struct.Struct(">ii")
_COUNT = struct.Struct(">i")
_NEWEST, _FLEXIBLE = 4, 4
_WITH_REBALANCE_TIMEOUT, _WITH_TIMESTAMP, _WITH_INSTANCE = 1, 2, 3
_LEAST_MEMBER_BYTES = 5
"""Of a member in any version: its fields cannot take less."""


def encode_group_key(record: GroupMetadata) -> bytes:
    """The key: the group's id.

    Raises:
        RecordError: the id is too long to be written.
    """
    return _TYPE + write_text(record.group_id, "group id")


def encode_group_value(value: GroupMetadataValue) -> bytes:
    """The value, in version 3.

    Raises:
        RecordError: a text is too long to be written, a number is out of its range.
    """
    try:
        out = [
            _VERSION,
            write_text(value.protocol_type, "protocol type"),
            _GENERATION.pack(value.generation_id),
            write_nullable_text(value.protocol_name, "protocol name"),
            write_nullable_text(value.leader, "leader"),
            _TIMESTAMP.pack(value.current_state_timestamp_ms),
            _COUNT.pack(len(value.members)),
        ]
        for member in value.members:
            out += _encoded_member(member)
    except struct.error as error:
        raise RecordError(f"a group cannot be written: {error}") from None
    return b"".join(out)


def _encoded_member(member: GroupMetadataMember) -> tuple[bytes, ...]:
    return (
        write_text(member.member_id, "member id"),
        write_nullable_text(member.group_instance_id, "group instance id"),
        write_text(member.client_id, "client id"),
        write_text(member.client_host, "client host"),
        _TIMEOUTS.pack(member.rebalance_timeout_ms, member.session_timeout_ms),
        write_octets(member.subscription),
        write_octets(member.assignment),
    )


def decode_group(key: bytes, value: bytes | None) -> GroupMetadata:
    """Read a record whose key has the type 2; what comes after its end is not looked at.

    Raises:
        RecordError: key or value is malformed, or the value's version is unknown.
    """
    group_id = FieldReader(key, "the key of a group", at=len(_TYPE)).text("group id")
    return GroupMetadata(group_id=group_id, value=None if value is None else _decode_value(value))


def _decode_value(data: bytes) -> GroupMetadataValue:
    fields = FieldReader(data, "the value of a group")
    version = fields.int16("version")
    if not 0 <= version <= _NEWEST:
        raise fields.error("version", f"is {version}; 0 to {_NEWEST} are known")
    fields.flexible = version >= _FLEXIBLE
    protocol_type = fields.text("protocol type")
    generation_id = fields.int32("generation")
    protocol_name = fields.nullable_text("protocol name")
    leader = fields.nullable_text("leader")
    since_ms = fields.int64("state timestamp") if version >= _WITH_TIMESTAMP else -1
    members = tuple(
        _decode_member(fields, version) for _ in range(fields.count("members", _LEAST_MEMBER_BYTES))
    )
    fields.tags("tags")
    return GroupMetadataValue(
        protocol_type=protocol_type,
        generation_id=generation_id,
        protocol_name=protocol_name,
        leader=leader,
        current_state_timestamp_ms=since_ms,
        members=members,
    )


def _decode_member(fields: FieldReader, version: int) -> GroupMetadataMember:
    member_id = fields.text("member id")
    with_instance = version >= _WITH_INSTANCE
    group_instance_id = fields.nullable_text("group instance id") if with_instance else None
    client_id = fields.text("client id")
    client_host = fields.text("client host")
    with_timeout = version >= _WITH_REBALANCE_TIMEOUT
    rebalance_timeout_ms = fields.int32("rebalance timeout") if with_timeout else -1
    session_timeout_ms = fields.int32("session timeout")
    subscription = fields.octets("subscription")
    assignment = fields.octets("assignment")
    fields.tags("tags of a member")
    return GroupMetadataMember(
        member_id=member_id,
        group_instance_id=group_instance_id,
        client_id=client_id,
        client_host=client_host,
        session_timeout_ms=session_timeout_ms,
        rebalance_timeout_ms=rebalance_timeout_ms,
        subscription=subscription,
        assignment=assignment,
    )
