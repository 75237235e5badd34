"""Reads the batches of a segment file one after the other, and says where they end.

Rule kept: a batch counts if it is whole, of message format v2, behind the one before it, and its
CRC holds. The first that does not ends the file, whatever comes after (Kafka's LogSegment.recover).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from rebalance.broker.logs.batches import HEADER_BYTES, BatchError, BatchHeader, read_stored
from rebalance.broker.storage.interface import Batch

__all__ = ["Found", "scan", "whole_batches"]

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Reads so many bytes from a position, fewer at the file's end."""

_CHUNK_BYTES = 2**20
_SIZE_AT, _SIZE_BYTES = 8, 12
"""Where a batch says its length, and what that does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A batch in a file, and what its header says."""

    position: int
    batch: Batch
    header: BatchHeader


class _Window:
    """A file through a buffer: few reads, and no more memory than the largest batch takes."""

    __slots__ = ("_data", "_end", "_from", "_read")

    def __init__(self, read: ReadAt, end: int) -> None:
        self._read, self._end = read, end
        self._data, self._from = b"", 0

    def take(self, position: int, size: int) -> bytes:
        """`size` bytes from `position`, fewer at the file's end."""
        size = min(size, self._end - position)
        at = position - self._from
        if at < 0 or at + size > len(self._data):
            wanted = min(max(size, _CHUNK_BYTES), self._end - position)
            self._data, self._from, at = self._read(wanted, position), position, 0
        return self._data[at : at + size]


def scan(
    read: ReadAt, end: int, *, next_offset: int, problems: list[str] | None = None
) -> Iterator[Found]:
    """The batches of a file of `end` bytes, checked; the first must not begin before `next_offset`.

    Where something else than a batch stands, it ends; why goes to `problems`.
    """
    window = _Window(read, end)
    position = 0
    while position < end:
        start = window.take(position, HEADER_BYTES)
        size = _SIZE_BYTES + int.from_bytes(start[_SIZE_AT:_SIZE_BYTES], "big", signed=True)
        problem = _problem(start, size, end - position)
        data = b"" if problem else window.take(position, size)
        header: BatchHeader | None = None
        if problem is None:
            try:
                header = read_stored(data)
            except BatchError as error:
                problem = str(error)
        base_offset = int.from_bytes(start[:8], "big", signed=True)
        if problem is None and base_offset < next_offset:
            problem = f"offset {base_offset} where {next_offset} or a later one comes next"
        if problem is not None or header is None:
            if problems is not None:
                problems.append(f"{problem} at byte {position}")
            return
        last_offset = base_offset + header.last_offset_delta
        batch = Batch(
            base_offset=base_offset,
            last_offset=last_offset,
            max_timestamp=header.max_timestamp,
            data=data,
        )
        yield Found(position=position, batch=batch, header=header)
        next_offset = last_offset + 1
        position += size


def _problem(start: bytes, size: int, left: int) -> str | None:
    if len(start) < HEADER_BYTES:
        return f"a batch of which {len(start)} bytes are there"
    if size < HEADER_BYTES:
        return f"a batch that says it has {size} bytes"
    if size > left:
        return f"a batch of {size} bytes of which {left} are there"
    return None


def whole_batches(data: bytes, at: int = 0) -> int:
    """Where the last whole batch of `data` ends, given that one begins at `at`."""
    while at + _SIZE_BYTES <= len(data):
        end = at + _SIZE_BYTES + int.from_bytes(data[at + _SIZE_AT : at + _SIZE_BYTES], "big")
        if end > len(data):
            break
        at = end
    return at
