"""Record batches as a producer makes them, with aiokafka's own builder."""

from __future__ import annotations

import struct

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder


def batch(
    *values: bytes,
    timestamp: int = 1000,
    gzip: bool = False,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    transactional: bool = False,
) -> bytes:
    """One batch; record i has the timestamp `timestamp` + i."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=1 if gzip else 0,
        is_transactional=transactional,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        batch_size=2**26,
    )
    for offset, value in enumerate(values):
        builder.append(offset, timestamp + offset, None, value, [])
    return bytes(builder.build())


def values(records: bytes) -> list[tuple[int, bytes]]:
    """Offset and value of each record of some batches; their CRCs must hold."""
    found = []
    while records:
        (length,) = struct.unpack_from(">i", records, 8)
        one, records = records[: 12 + length], records[12 + length :]
        read = DefaultRecordBatch(one)
        assert read.validate_crc()
        found += [(record.offset, record.value or b"") for record in read]
    return found
