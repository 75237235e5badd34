"""An offset commit as a record of `__consumer_offsets` (rules P01, P05).

Rule kept: key 1; value v4 with the topic's id as tag 0, or v1 when a request gave a retention
time, for v1 alone can say when an offset expires. All versions are read, also under the key 0 of
old brokers.
Source: OffsetCommitKey, OffsetCommitValue, GroupCoordinatorRecordHelpers.newOffsetCommitRecord.
"""

import struct

from assignors.model import TopicPartition
from rebalance.protocol.record_fields import (
    FieldReader,
    RecordError,
    write_compact_text,
    write_text,
)
from rebalance.protocol.records import NO_EXPIRY, OffsetCommit, OffsetCommitValue

LEGACY_OFFSET_COMMIT, OFFSET_COMMIT = 0, 1
_TYPE = struct.pack(">h", OFFSET_COMMIT)
_PARTITION = struct.Struct(">i")
_V1_START, _V1_END = struct.Struct(">hq"), struct.Struct(">qq")
_V4_START, _TIMESTAMP = struct.Struct(">hqi"), struct.Struct(">q")
_NEWEST, _FLEXIBLE, _EXPIRING, _WITH_EPOCH = 4, 4, 1, 3
_TOPIC_ID_TAG = 0
_TOPIC_ID_BYTES = 16
_NO_TAGS, _TOPIC_ID = b"\x00", b"\x01\x00\x10"
"""How many tags, and for the one its number and size."""


def encode_offset_key(record: OffsetCommit) -> bytes:
    """The key: group, topic, partition.

    Raises:
        RecordError: a name is too long to be written.
    """
    group, topic = record.group_id, record.partition.topic
    names = write_text(group, "group id") + write_text(topic, "topic")
    return _TYPE + names + _PARTITION.pack(record.partition.partition)


def encode_offset_value(value: OffsetCommitValue) -> bytes:
    """The value, in the version that Kafka writes.

    Raises:
        RecordError: the metadata is too long to be written, a number is out of its range.
    """
    try:
        if value.expire_timestamp_ms != NO_EXPIRY:
            return b"".join(
                (
                    _V1_START.pack(_EXPIRING, value.offset),
                    write_text(value.metadata, "metadata"),
                    _V1_END.pack(value.commit_timestamp_ms, value.expire_timestamp_ms),
                )
            )
        return b"".join(
            (
                _V4_START.pack(_NEWEST, value.offset, value.leader_epoch),
                write_compact_text(value.metadata, "metadata"),
                _TIMESTAMP.pack(value.commit_timestamp_ms),
                _NO_TAGS if value.topic_id is None else _TOPIC_ID + value.topic_id,
            )
        )
    except struct.error as error:
        raise RecordError(f"an offset commit cannot be written: {error}") from None


def decode_offset(key: bytes, value: bytes | None) -> OffsetCommit:
    """Read a record whose key has the type 0 or 1; what comes after its end is not looked at.

    Raises:
        RecordError: key or value is malformed, or the value's version is unknown.
    """
    fields = FieldReader(key, "the key of an offset commit", at=len(_TYPE))
    group_id = fields.text("group id")
    partition = TopicPartition(fields.text("topic"), fields.int32("partition"))
    read = None if value is None else _decode_value(value)
    return OffsetCommit(group_id=group_id, partition=partition, value=read)


def _decode_value(data: bytes) -> OffsetCommitValue:
    fields = FieldReader(data, "the value of an offset commit")
    version = fields.int16("version")
    if not 0 <= version <= _NEWEST:
        raise fields.error("version", f"is {version}; 0 to {_NEWEST} are known")
    fields.flexible = version >= _FLEXIBLE
    offset = fields.int64("offset")
    leader_epoch = fields.int32("leader epoch") if version >= _WITH_EPOCH else -1
    metadata = fields.text("metadata")
    commit_timestamp_ms = fields.int64("commit timestamp")
    expires = version == _EXPIRING
    expire_timestamp_ms = fields.int64("expire timestamp") if expires else NO_EXPIRY
    topic_id = fields.tags("tags").get(_TOPIC_ID_TAG)
    if topic_id is not None and len(topic_id) != _TOPIC_ID_BYTES:
        raise fields.error("topic id", f"has {len(topic_id)} bytes")
    return OffsetCommitValue(
        offset=offset,
        leader_epoch=leader_epoch,
        metadata=metadata,
        commit_timestamp_ms=commit_timestamp_ms,
        expire_timestamp_ms=expire_timestamp_ms,
        topic_id=topic_id if topic_id is not None and any(topic_id) else None,
    )
