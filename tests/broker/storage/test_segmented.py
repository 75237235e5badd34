"""Logs in segment files: names, rolling, retention, recovery, what a failed write leaves behind."""

from __future__ import annotations

import errno
import logging
import os
import random
from pathlib import Path

import pytest

from rebalance.broker.errors import StorageError
from rebalance.broker.logs.batches import BatchError, read_batch
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_batch import build_batch
from rebalance.broker.storage import segment as segment_module
from rebalance.broker.storage import segmented as segmented_module
from rebalance.broker.storage.files import OpenFiles
from rebalance.protocol.errors import ErrorCode
from tests.broker.batch_maker import batch, values
from tests.broker.storage.making import append, in_files, segments

BATCH = len(batch(b"0"))


def _filled(directory: Path, count: int, **settings: int) -> PartitionLog:
    log = in_files(directory, **settings)  # type: ignore[arg-type]
    for number in range(count):
        append(log, b"%d" % (number % 10))
    return log


def _all(log: PartitionLog) -> list[tuple[int, bytes]]:
    return values(log.read(log.start_offset, 10**9, at_least_one=True))


def _newest(directory: Path) -> Path:
    return directory / segments(directory)[-1]


def test_a_segment_is_named_by_its_first_offset_and_the_next_begins_where_it_would_overflow(
    tmp_path: Path,
) -> None:
    _filled(tmp_path, 7, segment_bytes=3 * BATCH)
    assert segments(tmp_path) == [f"{offset:020d}.log" for offset in (0, 3, 6)]
    assert [(tmp_path / name).stat().st_size // BATCH for name in segments(tmp_path)] == [3, 3, 1]


def test_a_batch_larger_than_a_segment_has_one_of_its_own(tmp_path: Path) -> None:
    log = in_files(tmp_path, segment_bytes=BATCH)
    append(log, bytes(5 * BATCH))
    append(log, b"0")
    assert segments(tmp_path) == [f"{offset:020d}.log" for offset in (0, 1)]


def test_what_was_appended_is_there_for_the_next_who_opens_it(tmp_path: Path) -> None:
    before = _all(_filled(tmp_path, 50))
    after = in_files(tmp_path)
    assert _all(after) == before
    assert (after.start_offset, after.end_offset) == (0, 50)
    assert append(after, b"next") == 50
    assert _all(in_files(tmp_path))[-1] == (50, b"next")


def test_producers_are_known_again(tmp_path: Path) -> None:
    log = in_files(tmp_path)
    for sequence in range(20):
        append(log, b"v", producer_id=7, epoch=1, sequence=sequence)
    known = in_files(tmp_path).producers
    last = read_batch(batch(b"v", producer_id=7, epoch=1, sequence=19), max_bytes=10**6)
    found = known.check(last)
    assert found is not None
    assert found.base_offset == 19
    after_a_gap = read_batch(batch(b"v", producer_id=7, epoch=1, sequence=21), max_bytes=10**6)
    with pytest.raises(BatchError):
        known.check(after_a_gap)


def test_retention_drops_whole_segments_and_never_the_active_one(tmp_path: Path) -> None:
    log = _filled(tmp_path, 10, segment_bytes=3 * BATCH)
    log.drop_oldest(5 * BATCH)
    assert segments(tmp_path) == [f"{offset:020d}.log" for offset in (3, 6, 9)]
    assert (log.start_offset, log.size_bytes) == (3, 7 * BATCH)
    log.drop_oldest(0, keep_newest=False)
    assert (log.start_offset, log.end_offset) == (9, 10)
    assert in_files(tmp_path).start_offset == 9


def test_a_deleted_start_is_kept(tmp_path: Path) -> None:
    log = _filled(tmp_path, 10, segment_bytes=3 * BATCH)
    log.delete_before(5)
    again = in_files(tmp_path)
    assert (again.start_offset, again.end_offset) == (5, 10)
    assert segments(tmp_path)[0] == f"{3:020d}.log"
    again.delete_before(10)
    assert (in_files(tmp_path).start_offset, in_files(tmp_path).end_offset) == (10, 10)


@pytest.mark.parametrize("cut", [1, 10, 60, 61, BATCH - 1])
def test_a_torn_tail_is_cut_off_and_told(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = _all(_filled(tmp_path, 5, segment_bytes=10**6))
    with _newest(tmp_path).open("ab") as file:
        file.write(batch(b"0")[:cut])
    with caplog.at_level(logging.WARNING, "rebalance.broker"):
        log = in_files(tmp_path)
    assert _all(log) == before
    assert _newest(tmp_path).stat().st_size == 5 * BATCH
    (told,) = caplog.messages
    assert told.startswith(f"{tmp_path.name}/00000000000000000000.log: a batch of ")
    assert told.endswith(f"; {cut} bytes were cut off; the log goes on at offset 5")
    assert append(log, b"next") == 5


@pytest.mark.parametrize("seed", range(30))
def test_wherever_a_file_ends_a_prefix_is_left(tmp_path: Path, seed: int) -> None:
    """Cut anywhere, or a byte changed: what comes before it is there, all of it.

    Not in the offset and the leader epoch, which in Kafka's format no CRC covers.
    """
    chance = random.Random(seed)
    before = _all(_filled(tmp_path, 8, segment_bytes=10**6))
    newest = _newest(tmp_path)
    data = bytearray(newest.read_bytes())
    covered = [at for at in range(len(data)) if at % BATCH in range(8, 12) or at % BATCH >= 16]
    at = chance.choice(covered)
    if chance.random() < 0.5:
        del data[at:]
    else:
        data[at] ^= chance.randrange(1, 256)
    newest.write_bytes(data)
    assert _all(in_files(tmp_path)) == before[: at // BATCH]


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        (3, "the CRC does not match"),  # of the last batch, from its end
        (BATCH - 16, "magic"),
        (BATCH - 8, "says it has"),
        (BATCH - 7, "offset"),
    ],
)
def test_a_damaged_last_batch_is_cut_off(
    tmp_path: Path, at: int, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(tmp_path, 5, segment_bytes=10**6)
    newest = _newest(tmp_path)
    data = bytearray(newest.read_bytes())
    if problem == "says it has":
        data[-at : len(data) - at + 4] = b"\0\0\0\x05"
    elif problem == "offset":
        data[-BATCH : len(data) - BATCH + 8] = bytes(8)
    else:
        data[-at] ^= 1
    newest.write_bytes(data)
    with caplog.at_level(logging.WARNING, "rebalance.broker"):
        log = in_files(tmp_path)
    assert log.end_offset == 4
    assert problem in caplog.messages[0]
    assert f"{BATCH} bytes were cut off" in caplog.messages[0]


def test_what_comes_behind_damage_is_set_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(tmp_path, 10, segment_bytes=3 * BATCH)
    second = tmp_path / f"{3:020d}.log"
    second.write_bytes(second.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING, "rebalance.broker"):
        log = in_files(tmp_path)
    assert (log.end_offset, segments(tmp_path)) == (5, [f"{o:020d}.log" for o in (0, 3)])
    aside = sorted(path.name for path in tmp_path.glob("*.damaged"))
    assert aside == [f"{offset:020d}.log.damaged" for offset in (6, 9)]
    assert sum("was set aside" in message for message in caplog.messages) == 2
    assert append(log, b"next") == 5
    assert in_files(tmp_path).end_offset == 6


def test_a_write_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk takes a part of the batch: who reads or appends later sees nothing of it."""
    log = _filled(tmp_path, 3, segment_bytes=10**6)
    write_at = segment_module.write_at

    def full(descriptor: int, data: bytes, position: int) -> None:
        write_at(descriptor, data[:40], position)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(segment_module, "write_at", full)
    with pytest.raises(BatchError, match="No space left on device") as refused:
        append(log, b"lost" * 100)
    assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    assert (log.end_offset, log.size_bytes) == (3, 3 * BATCH)
    monkeypatch.undo()
    assert append(log, b"3") == 3
    again = in_files(tmp_path)
    assert [value for _, value in _all(again)] == [b"0", b"1", b"2", b"3"]
    assert "No space left on device" in caplog.text


def test_a_flush_that_fails_takes_the_batch_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = in_files(tmp_path, segment_bytes=10**6, flush=1)
    append(log, b"0")

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(segment_module.os, "fsync", broken)
    with pytest.raises(BatchError, match="Input/output error"):
        append(log, b"lost")
    monkeypatch.undo()
    assert (log.end_offset, append(log, b"1")) == (1, 1)
    assert [value for _, value in _all(in_files(tmp_path))] == [b"0", b"1"]


def test_a_compaction_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = in_files(tmp_path, segment_bytes=150)
    for number in range(10):
        log.append(*build_batch([(b"key", b"%d" % number)], 1000))
    before = list(log.batches())

    def full(descriptor: int, data: bytes, position: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(segment_module, "write_at", full)
    with pytest.raises(BatchError, match=r"cannot compact the log in .*: No space left"):
        log.compact()
    monkeypatch.undo()
    assert list(log.batches()) == list(in_files(tmp_path).batches()) == before
    log.compact()
    assert list(log.batches()) == list(in_files(tmp_path).batches()) == before[-1:]


@pytest.mark.parametrize(
    ("interval", "flushes", "when_closed"), [(1, 6, 6), (4, 1, 2), (10**9, 0, 1)]
)
def test_records_are_flushed_as_often_as_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interval: int, flushes: int, when_closed: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(segment_module.os, "fsync", synced.append)
    log = in_files(tmp_path, segment_bytes=10**6, flush=interval)
    for _ in range(6):
        append(log, b"0")
    assert len(synced) == flushes
    log.close()
    assert len(synced) == when_closed


def test_many_logs_share_few_open_files(tmp_path: Path) -> None:
    files = OpenFiles(most=3)
    logs = [in_files(tmp_path / str(n), segment_bytes=BATCH, files=files) for n in range(10)]
    for round_ in range(3):
        for number, log in enumerate(logs):
            append(log, b"%d" % number)
            assert len(files) <= 3
        for number, log in enumerate(logs):
            assert [value for _, value in _all(log)] == [b"%d" % number] * (round_ + 1)
            assert len(list(log.batches())) == round_ + 1
    files.close()
    assert len(files) == 0


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot read the log in"):
        in_files(tmp_path / "file")


def test_the_index_is_small(tmp_path: Path) -> None:
    log = _filled(tmp_path, 2000, segment_bytes=10**9)
    (only,) = log._store._segments  # type: ignore[attr-defined]
    assert len(only._offsets) <= 2000 * BATCH / segment_module.INDEX_INTERVAL_BYTES + 1
    assert segmented_module.is_log_file(only.path)
