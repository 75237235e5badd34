"""What a partition remembers of idempotent producers, and how much of it."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from rebalance.broker.logs.batches import BatchError, BatchHeader, read_batch
from rebalance.broker.logs.producers import ProducerTable
from rebalance.protocol.errors import ErrorCode
from tests.broker.batch_maker import batch


def _header(sequence: int, count: int = 1, *, producer_id: int = 1, epoch: int = 0) -> BatchHeader:
    records = batch(*[b"v"] * count, producer_id=producer_id, epoch=epoch, sequence=sequence)
    return read_batch(records, max_bytes=10_000)


def _error(table: ProducerTable, header: BatchHeader) -> ErrorCode:
    with pytest.raises(BatchError) as caught:
        table.check(header)
    return caught.value.code


def test_batches_without_a_producer_id_are_not_looked_at() -> None:
    table = ProducerTable()
    plain = read_batch(batch(b"v"), max_bytes=1000)
    for offset in range(3):
        assert table.check(plain) is None
        table.remember(plain, offset)


def test_an_unknown_producer_may_start_anywhere() -> None:
    assert ProducerTable().check(_header(17)) is None


def test_the_last_five_are_recognised_and_no_more() -> None:
    table = ProducerTable()
    for sequence in range(7):
        table.remember(_header(sequence), 100 + sequence)
    for sequence in range(2, 7):
        known = table.check(_header(sequence))
        assert known is not None
        assert known.base_offset == 100 + sequence
    for sequence in (0, 1, 8):
        assert _error(table, _header(sequence)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert table.check(_header(7)) is None


def test_the_same_start_with_another_length_is_no_duplicate() -> None:
    table = ProducerTable()
    table.remember(_header(0, 3), 0)
    assert _error(table, _header(0, 2)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_epochs() -> None:
    table = ProducerTable()
    table.remember(_header(0, epoch=3), 0)
    assert _error(table, _header(1, epoch=2)) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert _error(table, _header(1, epoch=4)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert table.check(_header(0, epoch=4)) is None
    table.remember(_header(0, epoch=4), 1)
    assert _error(table, _header(1, epoch=3)) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_producers_do_not_disturb_each_other() -> None:
    table = ProducerTable()
    table.remember(_header(0, producer_id=1), 0)
    table.remember(_header(0, producer_id=2), 1)
    assert table.check(_header(1, producer_id=1)) is None
    assert table.check(_header(1, producer_id=2)) is None


def test_a_producer_is_forgotten_with_its_last_batch() -> None:
    table = ProducerTable()
    table.remember(_header(0, producer_id=1), 0)
    table.remember(_header(0, producer_id=2), 1)
    table.remember(_header(1, producer_id=1), 2)
    table.forget_before(2)
    assert table.check(_header(9, producer_id=2)) is None  # forgotten: may start anywhere
    assert _error(table, _header(9, producer_id=1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    known = table.check(_header(0, producer_id=1))
    assert known is not None, "one batch is left: the last five are known, gone or not"
    assert known.base_offset == 0
    table.forget_before(3)
    assert table.check(_header(9, producer_id=1)) is None
    assert table.memory_bytes == 0


def test_a_producer_that_comes_back_after_all_is_known_again() -> None:
    table = ProducerTable()
    table.remember(_header(0), 0)
    table.forget_before(1)
    table.remember(_header(1), 5)
    assert _error(table, _header(0)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert table.check(_header(2)) is None


@pytest.mark.parametrize("batches", [1, 2, 7])
def test_what_a_producer_costs_is_about_what_python_takes(batches: int) -> None:
    headers = [_header(sequence) for sequence in range(batches)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        table = ProducerTable()
        for producer_id in range(1000, 4000):
            for number, header in enumerate(headers):
                table.remember(
                    replace(
                        header, producer_id=producer_id, max_timestamp=10**12 + 10 * producer_id
                    ),
                    10 * producer_id + number,
                )
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.7 < held / table.memory_bytes < 1.2
