"""One partition's log: offsets, limits, retention, time, listeners; in memory and in files."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rebalance.broker.logs.batches import read_batch
from rebalance.broker.logs.log import PartitionLog
from tests.broker.batch_maker import batch, values
from tests.broker.storage.making import append, in_files

NewLog = Callable[[], PartitionLog]


@pytest.fixture(params=["memory", "files", "many small files"])
def new_log(request: pytest.FixtureRequest, tmp_path: Path) -> NewLog:
    """Makes empty logs of one kind."""
    made: list[PartitionLog] = []

    def make() -> PartitionLog:
        if request.param == "memory":
            return PartitionLog()
        size = 10**9 if request.param == "files" else 150
        made.append(in_files(tmp_path / f"log-{len(made)}", segment_bytes=size))
        return made[-1]

    return make


def test_an_empty_log(new_log: NewLog) -> None:
    log = new_log()
    assert (log.start_offset, log.end_offset, log.size_bytes) == (0, 0, 0)
    assert log.read(0, 1000, at_least_one=True) == b""
    assert log.available(0, 1000) == 0
    assert log.by_timestamp(0).offset == log.max_timestamp().offset == -1
    log.drop_oldest(0)
    log.compact()
    assert list(log.batches()) == []


def test_offsets_are_dense_and_a_read_starts_at_the_batch_that_holds_the_offset(
    new_log: NewLog,
) -> None:
    log = new_log()
    assert [append(log, b"a", b"b"), append(log, b"c"), append(log, b"d", b"e")] == [0, 2, 3]
    assert log.end_offset == 5
    for offset, first in ((0, 0), (1, 0), (2, 2), (3, 3), (4, 3)):
        assert values(log.read(offset, 10**6, at_least_one=False))[0][0] == first
    assert log.read(5, 10**6, at_least_one=True) == b""


def test_limits(new_log: NewLog) -> None:
    log = new_log()
    for data in (b"a", b"b", b"c"):
        append(log, data)
    size = log.size_bytes // 3
    assert log.read(0, size - 1, at_least_one=False) == b""
    assert log.read(0, 0, at_least_one=False) == b""
    assert len(log.read(0, size - 1, at_least_one=True)) == size
    assert len(log.read(0, 2 * size + 1, at_least_one=True)) == 2 * size
    assert log.available(0, 10**6) == 3 * size
    assert log.available(1, size + 1) == size + 1
    assert log.available(3, 10) == 0


def test_retention_drops_the_oldest_and_never_the_newest() -> None:
    log = PartitionLog()
    for number in range(10):
        append(log, b"%d" % number)
    size = log.size_bytes // 10
    log.drop_oldest(3 * size)
    assert (log.start_offset, log.end_offset, log.size_bytes) == (7, 10, 3 * size)
    log.drop_oldest(0)
    assert (log.start_offset, log.end_offset, log.size_bytes) == (9, 10, size)
    assert values(log.read(9, 1000, at_least_one=True)) == [(9, b"9")]
    assert log.memory_bytes > log.size_bytes


def test_deleting_moves_the_start_and_keeps_the_batch_that_it_lies_in(new_log: NewLog) -> None:
    log = new_log()
    for number in range(5):
        append(log, b"%d" % number, b"x")
    log.delete_before(5)
    assert (log.start_offset, log.end_offset) == (5, 10)
    assert values(log.read(5, 10**6, at_least_one=True))[0] == (4, b"2")
    log.delete_before(3)
    assert log.start_offset == 5, "it never goes back"
    log.delete_before(10)
    assert (log.start_offset, log.end_offset) == (10, 10)
    assert append(log, b"next") == 10
    assert values(log.read(10, 10**6, at_least_one=True)) == [(10, b"next")]


def test_producers_count_and_go_with_their_batches() -> None:
    plain, log = PartitionLog(), PartitionLog()
    for number in range(100):
        append(plain, b"v")
        append(log, b"v", producer_id=number, epoch=0, sequence=0)
    assert log.memory_bytes > plain.memory_bytes + 100 * 200
    size = log.size_bytes // 100
    log.drop_oldest(2 * size)
    plain.drop_oldest(2 * size)
    late = read_batch(batch(b"v", producer_id=97, epoch=0, sequence=8), max_bytes=10**6)
    assert log.producers.check(late) is None, "its batch is gone"
    again = read_batch(batch(b"v", producer_id=98, epoch=0, sequence=0), max_bytes=10**6)
    known = log.producers.check(again)
    assert known is not None, "its batch is there"
    assert known.base_offset == 98
    log.drop_oldest(0, keep_newest=False)
    assert log.memory_bytes == 0


@pytest.mark.parametrize("seed", range(3))
def test_against_a_plain_list(new_log: NewLog, seed: int) -> None:
    """Appends and drops of chance, thousands of them; a list of (offset, value) is the oracle."""
    chance = random.Random(seed)
    log, model = new_log(), []
    for number in range(2000):
        append(log, b"%d" % number)
        model.append((number, b"%d" % number))
        if chance.random() < 0.05:
            log.drop_oldest(chance.randrange(20_000))
            model = [entry for entry in model if entry[0] >= log.start_offset]
    assert values(log.read(log.start_offset, 10**9, at_least_one=True)) == model
    for _ in range(50):
        offset = chance.randrange(log.start_offset, log.end_offset)
        limit = chance.randrange(5000)
        found = values(log.read(offset, limit, at_least_one=True))
        assert found == model[offset - log.start_offset :][: len(found)]
        assert len(log.read(offset, limit, at_least_one=False)) <= limit
        assert log.available(offset, 10**9) == len(log.read(offset, 10**9, at_least_one=False))


def test_dropped_batches_are_let_go() -> None:
    log = PartitionLog()
    for number in range(5000):
        append(log, b"%d" % number)
        log.drop_oldest(5000)
    assert len(log._store._batches) < 2500  # type: ignore[attr-defined]


def test_time(new_log: NewLog) -> None:
    log = new_log()
    append(log, b"a", b"b", timestamp=100)
    append(log, b"c", timestamp=50)  # producers' clocks differ
    append(log, b"d", b"e", timestamp=200)
    assert log.by_timestamp(0).offset == 0
    assert log.by_timestamp(101).offset == 1
    assert log.by_timestamp(102).offset == 3
    assert log.by_timestamp(201).offset == 4
    assert log.by_timestamp(202).offset == -1
    assert (log.max_timestamp().offset, log.max_timestamp().timestamp) == (4, 201)


def test_listeners_hear_of_appends_until_they_stop(new_log: NewLog) -> None:
    log, heard = new_log(), []

    def listener() -> None:
        heard.append(log.end_offset)

    log.listen(listener)
    append(log, b"a")
    log.close()
    log.ignore(listener)
    log.ignore(listener)
    append(log, b"b")
    assert heard == [1, 1]


def test_listeners_hear_in_the_order_in_which_they_came(new_log: NewLog) -> None:
    """Not in that of their addresses: Fetches that wait are answered alike in each run."""
    log, heard = new_log(), []
    listeners = [partial(heard.append, number) for number in range(100)]
    for listener in listeners:
        log.listen(listener)
    for number in range(0, 100, 3):
        log.ignore(listeners[number])
        log.listen(listeners[number])
    append(log, b"a")
    assert heard == [n for n in range(100) if n % 3] + list(range(0, 100, 3))
