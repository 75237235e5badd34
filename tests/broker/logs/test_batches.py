"""A batch's header: read, checked, stamped, and searched by time."""

from __future__ import annotations

import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatch

from rebalance.broker.logs.batches import BatchError, first_at_or_after, read_batch, stamp
from rebalance.protocol.errors import ErrorCode
from tests.broker.batch_maker import batch, values


def test_a_good_header_is_read() -> None:
    records = batch(b"a", b"b", timestamp=500, producer_id=7, epoch=2, sequence=40)
    header = read_batch(records, max_bytes=1000)
    assert header.size_bytes == len(records)
    assert (header.record_count, header.last_offset_delta) == (2, 1)
    assert (header.base_timestamp, header.max_timestamp) == (500, 501)
    assert (header.producer_id, header.producer_epoch) == (7, 2)
    assert (header.base_sequence, header.last_sequence) == (40, 41)
    assert (header.codec, header.is_transactional) == (0, False)


def test_sequences_wrap() -> None:
    records = batch(b"a", b"b", b"c", producer_id=7, epoch=0, sequence=2**31 - 2)
    assert read_batch(records, max_bytes=1000).last_sequence == 0


def test_gzip_and_transactions_show_in_the_header() -> None:
    assert read_batch(batch(b"a" * 100, gzip=True), max_bytes=1000).codec == 1
    transactional = batch(b"a", producer_id=1, epoch=0, sequence=0, transactional=True)
    assert read_batch(transactional, max_bytes=1000).is_transactional


@pytest.mark.parametrize("size", range(61))
def test_no_prefix_of_a_batch_is_one(size: int) -> None:
    with pytest.raises(BatchError) as caught:
        read_batch(batch(b"a")[:size], max_bytes=1000)
    assert caught.value.code is ErrorCode.INVALID_RECORD


@pytest.mark.parametrize("at", range(8, 62))
def test_no_bit_of_a_batch_can_flip_unseen(at: int) -> None:
    """Except in base offset and leader epoch, which the broker writes itself."""
    if 12 <= at < 16:
        return
    for bit in range(8):
        changed = bytearray(batch(b"abc"))
        changed[at] ^= 1 << bit
        with pytest.raises(BatchError):
            read_batch(bytes(changed), max_bytes=1000)


def test_larger_than_allowed() -> None:
    records = batch(bytes(100))
    with pytest.raises(BatchError) as caught:
        read_batch(records, max_bytes=len(records) - 1)
    assert caught.value.code is ErrorCode.MESSAGE_TOO_LARGE
    assert read_batch(records, max_bytes=len(records)).record_count == 1


def test_a_stamp_changes_offset_and_epoch_and_keeps_the_crc() -> None:
    records = batch(b"a", b"b", gzip=True)
    stamped = stamp(records + b"rest", len(records), 2**40, 9)
    assert struct.unpack_from(">q", stamped)[0] == 2**40
    assert struct.unpack_from(">i", stamped, 12)[0] == 9
    assert stamped[16:] == records[16:]
    assert DefaultRecordBatch(stamped).validate_crc()
    assert values(stamped) == [(2**40, b"a"), (2**40 + 1, b"b")]


@pytest.mark.parametrize("gzip", [False, True])
def test_search_by_time(gzip: bool) -> None:
    records = stamp(data := batch(b"a", b"b", b"c", timestamp=10, gzip=gzip), len(data), 100, 0)
    assert first_at_or_after(records, 0) == (100, 10)
    assert first_at_or_after(records, 11) == (101, 11)
    assert first_at_or_after(records, 12) == (102, 12)
    assert first_at_or_after(records, 13) is None


def test_search_in_a_batch_that_nobody_can_open_misses_nothing() -> None:
    records = bytearray(batch(b"a", b"b", timestamp=10))
    records[21:23] = struct.pack(">h", 4)  # zstd, says the header
    assert first_at_or_after(bytes(records), 11) == (0, 11)
    garbage = bytearray(batch(b"a", b"b", timestamp=10))
    garbage[61:] = b"\xff" * (len(garbage) - 61)
    assert first_at_or_after(bytes(garbage), 11) == (0, 11)


def test_search_does_not_inflate_beyond_all_measure() -> None:
    bomb = batch(bytes(2**24), b"b", timestamp=10, gzip=True)
    assert len(bomb) < 100_000
    assert first_at_or_after(bomb, 11) == (0, 11)
    small = batch(bytes(2**20), b"b", timestamp=10, gzip=True)
    assert first_at_or_after(small, 11) == (1, 11)
