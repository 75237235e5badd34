"""Records of `__consumer_offsets` as bytes: round trips, old versions, rubbish (P01, P05, P06).

That the bytes are Kafka's own is shown by tests/java/test_group_records.py.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.model import TopicPartition
from rebalance.protocol.offsets_records import (
    OtherRecord,
    RecordError,
    decode_record,
    encode_record,
)
from rebalance.protocol.records import (
    GroupMetadata,
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
    Record,
)
from tests.protocol.records import records

P0 = TopicPartition("orders", 0)
VALUE = OffsetCommitValue(offset=7, leader_epoch=3, metadata="m", commit_timestamp_ms=1000)
COMMIT = OffsetCommit(group_id="g", partition=P0, value=VALUE)
GROUP = GroupMetadata(
    group_id="g",
    value=GroupMetadataValue(
        protocol_type="consumer",
        generation_id=4,
        protocol_name=None,
        leader=None,
        current_state_timestamp_ms=99,
        members=(),
    ),
)


@settings(deadline=None)
@given(records)
def test_p01_what_is_written_is_read_again(record: Record) -> None:
    assert decode_record(*encode_record(record)) == record


@given(records)
def test_p01_a_key_opens_with_its_record_type(record: Record) -> None:
    key, _ = encode_record(record)
    assert struct.unpack_from(">h", key)[0] == (1 if isinstance(record, OffsetCommit) else 2)


def _replaced(**changes: Any) -> Record:
    fields = {name: getattr(VALUE, name) for name in OffsetCommitValue.__dataclass_fields__}
    return OffsetCommit(group_id="g", partition=P0, value=OffsetCommitValue(**(fields | changes)))


@pytest.mark.parametrize(
    ("record", "value"),
    [
        (COMMIT, "0004 0000000000000007 00000003 02 6d 00000000000003e8 00"),
        (
            _replaced(topic_id=bytes(range(16))),
            "0004 0000000000000007 00000003 02 6d 00000000000003e8 01 00 10"
            " 000102030405060708090a0b0c0d0e0f",
        ),
        (
            _replaced(expire_timestamp_ms=5, topic_id=bytes(range(16))),
            "0001 0000000000000007 0001 6d 00000000000003e8 0000000000000005",
        ),
        (GROUP, "0003 0008 636f6e73756d6572 00000004 ffff ffff 0000000000000063 00000000"),
        (OffsetCommit(group_id="g", partition=P0, value=None), None),
        (GroupMetadata(group_id="g", value=None), None),
    ],
)
def test_p05_the_versions_that_are_written(record: Record, value: str | None) -> None:
    _, written = encode_record(record)
    assert written == (None if value is None else bytes.fromhex(value))


@pytest.mark.parametrize("record_type", [0, 1])
@pytest.mark.parametrize(
    ("value", "leader_epoch", "expiry"),
    [
        ("0000 0000000000000007 0001 6d 00000000000003e8", -1, -1),
        ("0001 0000000000000007 0001 6d 00000000000003e8 0000000000000005", -1, 5),
        ("0002 0000000000000007 0001 6d 00000000000003e8", -1, -1),
        ("0003 0000000000000007 00000003 0001 6d 00000000000003e8", 3, -1),
        ("0004 0000000000000007 00000003 02 6d 00000000000003e8 00", 3, -1),
    ],
)
def test_p05_every_version_of_an_offset_is_read_under_both_keys(
    record_type: int, value: str, leader_epoch: int, expiry: int
) -> None:
    key = struct.pack(">h", record_type) + encode_record(COMMIT)[0][2:]
    expected = _replaced(leader_epoch=leader_epoch, expire_timestamp_ms=expiry)
    assert decode_record(key, bytes.fromhex(value)) == expected


def test_p05_unknown_tags_and_a_topic_id_of_zeros_are_passed_over() -> None:
    key, _ = encode_record(COMMIT)
    tags = "02 00 10 00000000000000000000000000000000 07 01 ff"
    value = "0004 0000000000000007 00000003 02 6d 00000000000003e8" + tags
    assert decode_record(key, bytes.fromhex(value)) == COMMIT


@pytest.mark.parametrize(
    ("record_type", "name"),
    [
        (3, "ConsumerGroupMetadata"),
        (5, "ConsumerGroupMemberMetadata"),
        (8, "ConsumerGroupCurrentMemberAssignment"),
        (16, "ConsumerGroupRegularExpression"),
        (9, None),
        (99, None),
        (-1, None),
    ],
)
def test_p01_other_types_are_told_as_such(record_type: int, name: str | None) -> None:
    key = struct.pack(">h", record_type) + b"rest"
    assert decode_record(key, b"v") == OtherRecord(
        record_type=record_type, name=name, key=key, value=b"v"
    )
    assert decode_record(key, None).value is None


@settings(deadline=None)
@given(records, st.data())
def test_bytes_that_end_early_are_one_clear_error(record: Record, data: st.DataObject) -> None:
    key, value = encode_record(record)
    with pytest.raises(RecordError):
        decode_record(key[: data.draw(st.integers(0, len(key) - 1))], value)
    if value is not None:
        with pytest.raises(RecordError):
            decode_record(key, value[: data.draw(st.integers(0, len(value) - 1))])


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([0, 1, 2]), st.binary(max_size=60), st.binary(max_size=80))
def test_rubbish_is_read_or_refused_and_nothing_else(
    record_type: int, key: bytes, value: bytes
) -> None:
    found = None
    with suppress(RecordError):
        found = decode_record(struct.pack(">h", record_type) + key, value)
    assert found is None or isinstance(found, OffsetCommit | GroupMetadata)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0005", "version is 5"),
        ("ffff", "version is -1"),
        ("0003 0000000000000007 00000003 ffff", "metadata is null"),
        ("0003 0000000000000007 00000003 0001 ff", "metadata is no UTF-8"),
        ("0003 0000000000000007 00000003 fffe", "metadata has the length -2"),
        ("0004 0000000000000007 00000003 ffffffffff", "varint of more than 5 bytes"),
        ("0004 0000000000000007 00000003 02 6d 00000000000003e8 01 00 01 07", "has 1 bytes"),
    ],
)
def test_an_error_says_which_field_of_what(value: str, problem: str) -> None:
    with pytest.raises(RecordError, match=f"the value of an offset commit: .*{problem}"):
        decode_record(encode_record(COMMIT)[0], bytes.fromhex(value))


def test_a_count_that_the_bytes_cannot_hold_is_not_believed() -> None:
    key, value = encode_record(GROUP)
    assert value is not None
    with pytest.raises(RecordError, match="members has 2147483647 entries in 0 bytes"):
        decode_record(key, value[:-4] + b"\x7f\xff\xff\xff")


@pytest.mark.parametrize(
    "record",
    [
        GroupMetadata(group_id="g" * 2**15, value=None),
        GroupMetadata(group_id="\ud800", value=None),
        _replaced(metadata="\ud800"),
        _replaced(offset=2**63),
        _replaced(expire_timestamp_ms=2**63),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(record: Record) -> None:
    with pytest.raises(RecordError):
        encode_record(record)
