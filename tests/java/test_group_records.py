"""Records of `__consumer_offsets`: Kafka's classes read ours, and we read theirs (P05, P06)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.protocol.offsets_records import decode_record, encode_record
from rebalance.protocol.records import OffsetCommit, Record
from tests.java.group_records import key_of, value_of
from tests.java.oracle import Oracle
from tests.java.programs import require_java
from tests.protocol.records import records

drawn = settings(deadline=None, derandomize=True, max_examples=100)


@pytest.fixture(scope="module")
def kafka() -> Iterator[Oracle]:
    require_java()
    with Oracle("GroupRecords") as oracle:
        yield oracle


@drawn
@given(batch=st.lists(records, min_size=1, max_size=5))
def test_p05_p06_kafka_reads_what_we_write(kafka: Oracle, batch: list[Record]) -> None:
    written = [encode_record(record) for record in batch]
    answers = kafka.ask(
        {"ask": "read", "key": key.hex(), "value": None if value is None else value.hex()}
        for key, value in written
    )
    assert answers == [_told(record) for record in batch]


def _told(record: Record) -> dict[str, Any]:
    """What Kafka's classes must make of a record, in the version that Kafka 4.4 writes."""
    is_offset = isinstance(record, OffsetCommit)
    told: dict[str, Any] = {"type": 1 if is_offset else 2, "key": key_of(record)}
    if isinstance(record, OffsetCommit) and record.value is not None:
        told["version"] = 4 if record.value.expire_timestamp_ms == -1 else 1
    elif record.value is not None:
        told["version"] = 3
    if record.value is not None:
        told["value"] = value_of(record, told["version"])
    return told


@drawn
@given(record=records, version=st.integers(0, 4))
def test_p05_p06_we_read_what_kafka_writes_in_every_version(
    kafka: Oracle, record: Record, version: int
) -> None:
    question = {"type": _told(record)["type"], "key": key_of(record)}
    value = value_of(record, version)
    if value is not None:
        question |= {"version": version, "value": value}
    (written,) = kafka.ask([question | {"ask": "write"}])
    assert "error" not in written, written
    raw = written["value"]
    read = decode_record(bytes.fromhex(written["key"]), None if raw is None else bytes.fromhex(raw))
    assert not isinstance(read.value, bytes)
    assert key_of(read) == key_of(record)  # type: ignore[arg-type]
    assert value_of(read, version) == value  # type: ignore[arg-type]
    if version == _told(record).get("version"):
        assert read == record


@drawn
@given(record=records)
def test_p05_p06_the_bytes_are_kafkas(kafka: Oracle, record: Record) -> None:
    told = _told(record)
    (written,) = kafka.ask([told | {"ask": "write"}])
    key, value = encode_record(record)
    assert written == {"key": key.hex(), "value": None if value is None else value.hex()}
