"""Batches that the broker itself writes and reads: plain ones, of keys and values.

Kept: a batch of `__consumer_offsets` is message format v2 without compression, as Kafka's
coordinator writes it, so that any consumer can read it. What a client sends is never built here.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiokafka.record.util import calc_crc32c

from rebalance.broker.batches import BatchHeader

__all__ = ["StoredRecord", "build_batch", "read_records", "rebuild_batch"]

_ROOM_BYTES = 2**31 - 1
"""The builder refuses a record beyond it; what is too large is the log's to say."""
_CRC = struct.Struct(">I")
_CRC_AT, _CRC_FROM, _LAST_DELTA_AT = 17, 21, 23
_PLACE_BYTES = 16
"""Base offset, length and leader epoch: what `rebuild_batch` takes over, but for the length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record in a log; `timestamp` in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)


def build_batch(
    records: Sequence[tuple[bytes, bytes | None]], timestamp: int
) -> tuple[bytes, BatchHeader]:
    """One batch of keys and values, and its header, as `PartitionLog.append` takes them."""
    batch = _built([(delta, timestamp, *record) for delta, record in enumerate(records)])
    header = BatchHeader(
        size_bytes=len(batch),
        attributes=0,
        last_offset_delta=len(records) - 1,
        base_timestamp=timestamp,
        max_timestamp=timestamp,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        record_count=len(records),
    )
    return batch, header


def rebuild_batch(data: bytes, records: Sequence[StoredRecord]) -> bytes:
    """The batch at its place, with some of its records: offsets and its last offset stay."""
    base_offset = int.from_bytes(data[:8], "big")
    built = bytearray(
        _built([(r.offset - base_offset, r.timestamp, r.key, r.value) for r in records])
    )
    built[:8], built[12:_PLACE_BYTES] = data[:8], data[12:_PLACE_BYTES]
    built[_LAST_DELTA_AT : _LAST_DELTA_AT + 4] = data[_LAST_DELTA_AT : _LAST_DELTA_AT + 4]
    _CRC.pack_into(built, _CRC_AT, calc_crc32c(memoryview(built)[_CRC_FROM:]))
    return bytes(built)


def read_records(data: bytes) -> Iterator[StoredRecord]:
    """The records of a batch that this broker wrote."""
    for record in _formats().DefaultRecordBatch(data):
        yield StoredRecord(
            offset=record.offset,
            timestamp=record.timestamp,
            key=record.key,
            value=record.value,
        )


@cache
def _formats() -> Any:
    """Imported late, as in batches.py: a broker that coordinates nothing need not load it."""
    return importlib.import_module("aiokafka.record.default_records")


def _built(records: Sequence[tuple[int, int, bytes | None, bytes | None]]) -> bytes:
    builder = _formats().DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_ROOM_BYTES,
    )
    for delta, timestamp, key, value in records:
        builder.append(delta, timestamp, key, value, [])
    return bytes(builder.build())
