"""The last record of each key stays, where it was; in memory and in files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.record.default_records import DefaultRecordBatch

from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_batch import StoredRecord, build_batch, read_records
from rebalance.broker.storage import segmented as segmented_module
from tests.broker.storage.making import in_files, segments

Record = tuple[bytes, bytes | None]


@pytest.fixture(params=["memory", "files"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., PartitionLog]:
    """Gives a log, and the same log again as it is after a kill (in memory: itself)."""
    logs: list[PartitionLog] = []

    def open_() -> PartitionLog:
        if request.param == "files":
            return in_files(tmp_path, segment_bytes=1500)
        logs.append(logs[0] if logs else PartitionLog())
        return logs[0]

    return open_


def _append(log: PartitionLog, *records: Record, timestamp: int = 1000) -> None:
    log.append(*build_batch(records, timestamp))


def _records(log: PartitionLog) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    for data in log.batches():
        assert DefaultRecordBatch(data).validate_crc()
        found += read_records(data)
    return found


def test_the_last_of_each_key_stays_with_its_offset(reopened: Callable[..., PartitionLog]) -> None:
    log = reopened()
    _append(log, (b"a", b"1"), (b"b", b"1"), timestamp=10)
    _append(log, (b"a", b"2"), timestamp=20)
    _append(log, (b"c", b"1"), (b"d", b"1"), (b"c", b"2"), timestamp=30)
    log.compact()
    expected = [
        StoredRecord(offset=1, timestamp=10, key=b"b", value=b"1"),
        StoredRecord(offset=2, timestamp=20, key=b"a", value=b"2"),
        StoredRecord(offset=4, timestamp=30, key=b"d", value=b"1"),
        StoredRecord(offset=5, timestamp=30, key=b"c", value=b"2"),
    ]
    assert _records(log) == _records(reopened()) == expected


def test_tombstones_take_back_and_go(reopened: Callable[..., PartitionLog]) -> None:
    log = reopened()
    _append(log, (b"a", b"1"), (b"b", b"1"))
    _append(log, (b"a", None))
    log.compact()
    assert [(record.key, record.value) for record in _records(log)] == [(b"b", b"1")]
    _append(log, (b"b", None))
    log.compact()
    assert _records(log) == []
    assert log.end_offset == reopened().end_offset == 4
    _append(log, (b"a", b"2"))
    assert [(record.offset, record.key) for record in _records(reopened())] == [(4, b"a")]


def test_readers_may_begin_where_a_record_was_and_see_no_step_back(
    reopened: Callable[..., PartitionLog],
) -> None:
    log = reopened()
    for number in range(30):
        _append(log, (b"k%d" % (number % 3), b"%d" % number))
    log.compact()
    assert (log.start_offset, log.end_offset) == (0, 30)
    for offset in range(31):
        data = log.read(offset, 10**6, at_least_one=True)
        first = int.from_bytes(data[:8], "big") if data else 30
        assert first == (max(offset, 27) if offset < 30 else 30)
        assert log.available(offset, 10**6) == len(data)


@pytest.mark.parametrize("seed", range(5))
def test_any_history_says_the_same_after_compactions(
    reopened: Callable[..., PartitionLog], seed: int
) -> None:
    """A plain dict is the oracle; compacted and opened again at moments of chance."""
    chance = random.Random(seed)
    log, expected = reopened(), dict[bytes, bytes]()
    for number in range(400):
        records: list[Record] = [
            (
                b"key-%d" % chance.randrange(25),
                None if chance.random() < 0.2 else b"%d" % number,
            )
            for _ in range(chance.randrange(1, 5))
        ]
        _append(log, *records)
        for key, value in records:
            if value is None:
                expected.pop(key, None)
            else:
                expected[key] = value
        if chance.random() < 0.05:
            log.compact()
        if chance.random() < 0.03:
            log = reopened()
    end = log.end_offset
    log.compact()
    found = _records(reopened())
    assert {record.key: record.value for record in found} == expected
    assert len(found) == len(expected)
    offsets = [record.offset for record in found]
    assert offsets == sorted(offsets)
    assert log.end_offset == end


def test_memory_and_files_let_go_of_what_was_superseded(
    reopened: Callable[..., PartitionLog],
) -> None:
    log = reopened()
    for number in range(1000):
        _append(log, (b"key", b"%d" % number))
    before = log.size_bytes
    log.compact()
    assert log.size_bytes * 500 < before


@pytest.mark.parametrize("killed_after", ["cleaned", "renamed", "one deleted"])
def test_a_kill_during_a_compaction_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_after: str
) -> None:
    log = in_files(tmp_path, segment_bytes=400)
    for number in range(40):
        _append(log, (b"k%d" % (number % 7), None if number % 5 == 0 else b"%d" % number))
    expected = _meaning(log)
    end = log.end_offset
    replace, unlink = segmented_module.os.replace, Path.unlink
    deleted: list[Path] = []

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def delete(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".log":
            if killed_after == "renamed" or deleted:
                raise KeyboardInterrupt
            deleted.append(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(
        segmented_module.os, "replace", killed if killed_after == "cleaned" else replace
    )
    monkeypatch.setattr(Path, "unlink", delete)
    with pytest.raises(KeyboardInterrupt):
        log.compact()
    monkeypatch.undo()
    again = in_files(tmp_path, segment_bytes=400)
    assert _meaning(again) == expected
    assert again.end_offset == end
    assert not list(tmp_path.glob("*.cleaned"))
    offsets = [record.offset for record in _records(again)]
    assert offsets == sorted(offsets)
    again.compact()
    assert _meaning(in_files(tmp_path)) == expected
    assert len(segments(tmp_path)) == 2


def _meaning(log: PartitionLog) -> dict[bytes | None, bytes]:
    said = {record.key: record.value for record in _records(log)}
    return {key: value for key, value in said.items() if value is not None}
