"""One segment file: batches as they are on the wire, and a sparse index of them in memory.

Rule kept: the file's name is the offset at which it begins, as Kafka names it. An index entry
stands for about `INDEX_INTERVAL_BYTES`; what lies between is found by walking over headers. Nothing
behind `size_bytes` counts, so that a write that failed half way leaves nothing behind.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from rebalance.broker.logs.batches import HEADER_BYTES, BatchHeader
from rebalance.broker.storage.files import OpenFiles, read_at, write_at
from rebalance.broker.storage.interface import Batch
from rebalance.broker.storage.scanning import scan, whole_batches

__all__ = ["INDEX_INTERVAL_BYTES", "Segment", "base_offset_of", "segment_name"]

INDEX_INTERVAL_BYTES = 4096
"""Kafka's index.interval.bytes."""

_LENGTH_AT, _AFTER_LENGTH, _LAST_DELTA_AT = 8, 12, 23
_SUFFIX = ".log"


def segment_name(base_offset: int) -> str:
    """The name of the file that begins at an offset."""
    return f"{base_offset:020d}{_SUFFIX}"


def base_offset_of(path: Path) -> int | None:
    """The offset at which a segment file begins; None for any other file."""
    digits = path.name.removesuffix(_SUFFIX)
    is_segment = path.name == f"{digits}{_SUFFIX}" and len(digits) == 20 and digits.isdecimal()
    return int(digits) if is_segment else None


class Segment:
    """The batches of one file."""

    __slots__ = (
        "_files",
        "_offsets",
        "_positions",
        "_unindexed_bytes",
        "base_offset",
        "end_offset",
        "first_timestamp",
        "max_timestamp",
        "path",
        "size_bytes",
    )

    def __init__(self, directory: Path, base_offset: int, files: OpenFiles) -> None:
        self.path = directory / segment_name(base_offset)
        self.base_offset = self.end_offset = base_offset
        self.size_bytes = 0
        self.first_timestamp: int | None = None
        """The largest one of its first batch."""
        self.max_timestamp: int | None = None
        self._files = files
        self._offsets, self._positions = array("q"), array("q")
        self._unindexed_bytes = INDEX_INTERVAL_BYTES  # the first batch has an entry

    def recover(self) -> Iterator[BatchHeader | str]:
        """Read the file: the header of each batch, and last, if it does not end well, why.

        What is not a batch at its end is cut off. Raises OSError.
        """
        end = os.fstat(self._files.get(self.path)).st_size
        problems: list[str] = []
        for found in scan(self._read, end, next_offset=self.base_offset, problems=problems):
            self._count(found.batch)
            yield found.header
        if problems:
            os.ftruncate(self._files.get(self.path), self.size_bytes)
            yield f"{problems[0]}; {end - self.size_bytes} bytes were cut off"

    def append(self, batch: Batch, *, flush: bool = False) -> None:
        """Write a batch behind the last. Raises OSError; then nothing has changed.

        With `flush` the operating system has written it, and all before it, when this returns.
        """
        write_at(self._files.get(self.path), batch.data, self.size_bytes)
        if flush:
            self.flush()
        self._count(batch)

    def is_before(self, time_ms: int) -> bool:
        """All of it is older; where no batch has a time, the file's counts. Raises OSError."""
        newest = self.max_timestamp
        if newest is not None and newest < 0:
            newest = int(os.fstat(self._files.get(self.path)).st_mtime * 1000)
        return newest is not None and newest < time_ms

    def flush(self) -> None:
        """Have the operating system write it. Raises OSError."""
        os.fsync(self._files.get(self.path))

    def locate(self, offset: int) -> int:
        """Where the first batch begins that holds `offset` or a later one; its end if none does."""
        entry = bisect_right(self._offsets, offset) - 1
        position = self._positions[entry] if entry >= 0 else 0
        while position < self.size_bytes:
            wanted = min(INDEX_INTERVAL_BYTES + HEADER_BYTES, self.size_bytes - position)
            chunk = self._read(wanted, position)
            at = 0
            while at + HEADER_BYTES <= len(chunk):
                if _last_offset(chunk, at) >= offset:
                    return position + at
                at += _size(chunk, at)
            position += at
        return self.size_bytes

    def read(self, position: int, max_bytes: int, *, at_least_one: bool) -> bytes:
        """Whole batches from the one at `position`, together at most `max_bytes`."""
        left = self.size_bytes - position
        if left <= max_bytes:
            return self._read(left, position)
        # The last indexed batch that begins within the limit: only behind it headers are read.
        entry = bisect_right(self._positions, position + max_bytes) - 1
        known = max(self._positions[entry] - position if entry >= 0 else 0, 0)
        data = self._read(max_bytes, position) if max_bytes > 0 else b""
        end = whole_batches(data, known)
        if end == 0 and at_least_one:
            return self._read(_size(self._read(HEADER_BYTES, position)), position)
        return data if end == len(data) else data[:end]

    def batches(self) -> Iterator[Batch]:
        """All of them, oldest first."""
        for found in scan(self._read, self.size_bytes, next_offset=self.base_offset):
            yield found.batch

    def _read(self, size: int, position: int) -> bytes:
        return read_at(self._files.get(self.path), size, position)

    def _count(self, batch: Batch) -> None:
        size = len(batch.data)
        if self._unindexed_bytes >= INDEX_INTERVAL_BYTES:
            self._offsets.append(batch.base_offset)
            self._positions.append(self.size_bytes)
            self._unindexed_bytes = 0
        self._unindexed_bytes += size
        self.size_bytes += size
        self.end_offset = batch.last_offset + 1
        if self.first_timestamp is None:
            self.first_timestamp = batch.max_timestamp
        if self.max_timestamp is None or batch.max_timestamp > self.max_timestamp:
            self.max_timestamp = batch.max_timestamp


def _size(data: bytes, at: int = 0) -> int:
    return _AFTER_LENGTH + int.from_bytes(data[at + _LENGTH_AT : at + _AFTER_LENGTH], "big")


def _last_offset(data: bytes, at: int) -> int:
    delta = data[at + _LAST_DELTA_AT : at + _LAST_DELTA_AT + 4]
    return int.from_bytes(data[at : at + 8], "big") + int.from_bytes(delta, "big")
