"""The header of a record batch: all that a broker must read of one.

Batches stay opaque. A broker gives a batch its offset and leader epoch, and both lie in front of
what the CRC covers; so producer and consumer see the same bytes, whatever codec made them.
Source: `DefaultRecordBatch` (message format v2), `LogValidator`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka.record.util import calc_crc32c

from rebalance.protocol.errors import ErrorCode

__all__ = [
    "ATTRIBUTES_AT",
    "CONTROL",
    "BatchError",
    "BatchHeader",
    "first_at_or_after",
    "read_batch",
    "read_header",
    "read_stored",
    "stamp",
]

HEADER_BYTES = 61
_HEADER = struct.Struct(">qiibIhiqqqhii")
_AFTER_LENGTH = 12
_LEAST_LENGTH = 14
"""The overhead of the oldest message format: nothing shorter is looked at."""
_MAGIC_AT = 16
_CRC_AT, _CRC_FROM = 17, 21
ATTRIBUTES_AT = 21
_CODEC_MASK = 0x07
_GZIP, _ZSTD = 1, 4
MAX_INFLATED_BYTES = 2**24
"""A batch that inflates beyond this is not opened: one of 1 MB could ask for 1 GB."""
_TRANSACTIONAL = 0x10
CONTROL = 0x20


class BatchError(Exception):
    """A batch is refused; `code` is what the producer is told.

    `by_log`: not the request was wrong but what the log was asked to hold; Kafka then tells the
    log start offset too.
    """

    def __init__(self, code: ErrorCode, message: str, *, by_log: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.by_log = by_log


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a batch says of itself; timestamps in milliseconds."""

    size_bytes: int
    """What comes after the batch is not part of it: Kafka drops a broken second batch."""
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def codec(self) -> int:
        """0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd."""
        return self.attributes & _CODEC_MASK

    @property
    def is_transactional(self) -> bool:
        """Part of a transaction."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def is_control(self) -> bool:
        """The end of a transaction, and no records."""
        return bool(self.attributes & CONTROL)

    @property
    def last_sequence(self) -> int:
        """The sequence number of the last record; it wraps from 2^31 - 1 to 0."""
        return (self.base_sequence + self.last_offset_delta) & 0x7FFFFFFF


def read_batch(records: bytes, *, max_bytes: int, allow_zstd: bool = True) -> BatchHeader:
    """Check the one batch of a produce request and return its header.

    Raises:
        BatchError: with the error code that Kafka answers.
    """
    size = _size(records)
    if size is None:
        raise BatchError(ErrorCode.INVALID_RECORD, "no whole record batch")
    header = _unpacked(records, size)
    if _size(records[size:]) is not None:
        raise BatchError(ErrorCode.INVALID_RECORD, "more than one batch for a partition")
    if size > max_bytes:
        raise BatchError(ErrorCode.MESSAGE_TOO_LARGE, f"{size} bytes, at most {max_bytes}")
    _check_crc(records, size)
    _check_header(header, allow_zstd=allow_zstd)
    return header


def read_stored(data: bytes) -> BatchHeader:
    """The header of one whole batch as a log holds it, whoever wrote it, its CRC checked.

    Raises:
        BatchError: it is of another message format, or its CRC does not match.
    """
    header = _unpacked(data, len(data))
    _check_crc(data, len(data))
    return header


def read_header(data: bytes) -> BatchHeader:
    """The header of one whole batch that was checked before."""
    return _unpacked(data, len(data))


def _unpacked(records: bytes, size: int) -> BatchHeader:
    (
        _base_offset,
        _length,
        _leader_epoch,
        magic,
        _crc,
        attributes,
        last_offset_delta,
        base_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        record_count,
    ) = _HEADER.unpack_from(records)
    if magic != 2:
        raise BatchError(ErrorCode.INVALID_RECORD, f"magic {magic}: only 2 is served")
    return BatchHeader(
        size_bytes=size,
        attributes=attributes,
        last_offset_delta=last_offset_delta,
        base_timestamp=base_timestamp,
        max_timestamp=max_timestamp,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        record_count=record_count,
    )


def _check_crc(records: bytes, size: int) -> None:
    said = int.from_bytes(records[_CRC_AT:_CRC_FROM], "big")
    if calc_crc32c(memoryview(records)[_CRC_FROM:size]) != said:
        raise BatchError(ErrorCode.CORRUPT_MESSAGE, "the CRC does not match")


def _size(records: bytes) -> int | None:
    """The size of the batch at the start, or None where there is no whole batch.

    Raises:
        BatchError: the batch says a size that no batch can have.
    """
    if len(records) < _MAGIC_AT + 1:
        return None
    size = _AFTER_LENGTH + int.from_bytes(records[8:12], "big", signed=True)
    if size < _AFTER_LENGTH + _LEAST_LENGTH:
        raise BatchError(ErrorCode.CORRUPT_MESSAGE, f"a batch that says it has {size} bytes")
    if size > len(records):
        return None
    if records[_MAGIC_AT] == 2 and size < HEADER_BYTES:
        raise BatchError(ErrorCode.CORRUPT_MESSAGE, f"a batch that says it has {size} bytes")
    return max(size, HEADER_BYTES) if len(records) >= HEADER_BYTES else None


def _check_header(header: BatchHeader, *, allow_zstd: bool) -> None:
    if header.record_count < 1 or header.last_offset_delta != header.record_count - 1:
        raise BatchError(
            ErrorCode.INVALID_RECORD,
            f"{header.record_count} records, last offset delta {header.last_offset_delta}",
            by_log=True,
        )
    if header.attributes & CONTROL:
        raise BatchError(
            ErrorCode.INVALID_RECORD, "clients must not write control records", by_log=True
        )
    if header.codec > _ZSTD or (header.codec == _ZSTD and not allow_zstd):
        raise BatchError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"codec {header.codec}")
    if header.producer_id >= 0 and header.base_sequence < 0:
        raise BatchError(ErrorCode.INVALID_RECORD, "a producer id without a sequence", by_log=True)


def stamp(records: bytes, size_bytes: int, base_offset: int, leader_epoch: int) -> bytes:
    """The batch that begins `records`, at its place in the log."""
    return b"".join(
        (
            struct.pack(">q", base_offset),
            records[8:12],
            struct.pack(">i", leader_epoch),
            records[16:size_bytes],
        )
    )


def first_at_or_after(data: bytes, timestamp: int) -> tuple[int, int] | None:
    """Offset and timestamp of the first record not before `timestamp`; None: no such record.

    Only plain and gzip batches are opened. Of any other the first offset and the largest timestamp
    are told: a reader that starts there misses nothing.
    """
    base_offset, max_timestamp = struct.unpack_from(">q", data)[0], _HEADER.unpack_from(data)[8]
    if max_timestamp < timestamp:
        return None
    try:
        for offset, record_timestamp in _records(data):
            if record_timestamp >= timestamp:
                return offset, record_timestamp
    except Exception:
        # Opaque bytes may hold anything, also records that nobody can read.
        return base_offset, max_timestamp
    return base_offset, max_timestamp


def _records(data: bytes) -> Iterator[tuple[int, int]]:
    # Imported here: only a search by time looks into a batch.
    from aiokafka.record.default_records import DefaultRecordBatch

    for record in DefaultRecordBatch(_plain(data)):
        yield record.offset, record.timestamp


def _plain(data: bytes) -> bytes:
    """The batch without compression; its CRC no longer holds.

    Raises:
        ValueError: it has another codec than gzip, or inflates beyond all measure.
    """
    attributes = int.from_bytes(data[ATTRIBUTES_AT : ATTRIBUTES_AT + 2], "big")
    codec = attributes & _CODEC_MASK
    if codec == 0:
        return data
    if codec != _GZIP:
        raise ValueError(f"codec {codec} is not opened")
    inflater = zlib.decompressobj(wbits=31)
    records = inflater.decompress(data[HEADER_BYTES:], MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise ValueError(f"more than {MAX_INFLATED_BYTES} bytes")
    plain_attributes = (attributes & ~_CODEC_MASK).to_bytes(2, "big")
    return (
        data[:ATTRIBUTES_AT] + plain_attributes + data[ATTRIBUTES_AT + 2 : HEADER_BYTES] + records
    )
