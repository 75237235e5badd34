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

from rebalance.broker.logs.batches import ATTRIBUTES_AT, CONTROL, BatchHeader, read_stored
from rebalance.protocol.records import Producer

__all__ = [
    "StoredRecord",
    "build_batch",
    "build_marker",
    "read_marker",
    "read_records",
    "rebuild_batch",
]

_ROOM_BYTES = 2**31 - 1
"""The builder refuses a record beyond it; what is too large is the log's to say."""
_CRC = struct.Struct(">I")
_ATTRIBUTES, _SEQUENCE = struct.Struct(">h"), struct.Struct(">i")
_SEQUENCE_AT, _NO_SEQUENCE = 53, -1
_MARKER_KEY, _MARKER_VALUE = struct.Struct(">hh"), struct.Struct(">hi")
_MARKER_VERSION, _COORDINATOR_EPOCH = 0, 0
_ABORT, _COMMIT = 0, 1
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
    records: Sequence[tuple[bytes, bytes | None]],
    timestamp: int,
    producer: Producer | None = None,
) -> tuple[bytes, BatchHeader]:
    """One batch of keys and values, and its header, as `PartitionLog.append` takes them.

    `producer`: it is part of this producer's transaction; as Kafka's, with sequence 0 each time.
    """
    rows = [(delta, timestamp, *record) for delta, record in enumerate(records)]
    batch = _built(rows, producer)
    return batch, read_stored(batch)


def build_marker(
    producer: Producer, *, committed: bool, timestamp: int
) -> tuple[bytes, BatchHeader]:
    """The control batch that ends a producer's transaction, and its header.

    Source: EndTransactionMarker, ControlRecordType.
    """
    key = _MARKER_KEY.pack(_MARKER_VERSION, _COMMIT if committed else _ABORT)
    value = _MARKER_VALUE.pack(_MARKER_VERSION, _COORDINATOR_EPOCH)
    batch = bytearray(_built([(0, timestamp, key, value)], producer))
    (attributes,) = _ATTRIBUTES.unpack_from(batch, ATTRIBUTES_AT)
    _ATTRIBUTES.pack_into(batch, ATTRIBUTES_AT, attributes | CONTROL)
    _SEQUENCE.pack_into(batch, _SEQUENCE_AT, _NO_SEQUENCE)
    _seal(batch)
    data = bytes(batch)
    return data, read_stored(data)


def read_marker(data: bytes) -> bool:
    """Whether a control batch commits the transaction that it ends."""
    (record,) = read_records(data)
    _, kind = _MARKER_KEY.unpack_from(record.key or b"")
    return bool(kind == _COMMIT)


def rebuild_batch(
    data: bytes, records: Sequence[StoredRecord], producer: Producer | None = None
) -> bytes:
    """The batch at its place, with some of its records: offsets and its last offset stay.

    It is part of `producer`'s transaction, or of none any more.
    """
    base_offset = int.from_bytes(data[:8], "big")
    rows = [(r.offset - base_offset, r.timestamp, r.key, r.value) for r in records]
    built = bytearray(_built(rows, producer))
    built[:8], built[12:_PLACE_BYTES] = data[:8], data[12:_PLACE_BYTES]
    built[_LAST_DELTA_AT : _LAST_DELTA_AT + 4] = data[_LAST_DELTA_AT : _LAST_DELTA_AT + 4]
    _seal(built)
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


def _seal(batch: bytearray) -> None:
    """Put the CRC right."""
    _CRC.pack_into(batch, _CRC_AT, calc_crc32c(memoryview(batch)[_CRC_FROM:]))


def _built(
    records: Sequence[tuple[int, int, bytes | None, bytes | None]], producer: Producer | None
) -> bytes:
    builder = _formats().DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=producer is not None,
        producer_id=-1 if producer is None else producer.producer_id,
        producer_epoch=-1 if producer is None else producer.epoch,
        base_sequence=_NO_SEQUENCE if producer is None else 0,
        batch_size=_ROOM_BYTES,
    )
    for delta, timestamp, key, value in records:
        builder.append(delta, timestamp, key, value, [])
    return bytes(builder.build())
