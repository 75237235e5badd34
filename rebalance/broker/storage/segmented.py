"""The batches of one partition in segment files, in a directory of their own.

    orders-0/00000000000000000000.log    closed
    orders-0/00000000000000004711.log    active: appends go here

Kept: retention drops whole segments, by size never the active one, by time only with all others; a
segment that a batch would make too large, or that is too old, is followed by a new one. What
`append` returned from survives the death of the process; the machine's death it survives as far as
`log.flush.interval.messages` says.

Compaction writes what is left of all closed segments into one file beside them, which then takes
the place of the first by one rename; the others are deleted after that, oldest first. Whoever is
killed in between leaves segments whose offsets the first one has already (they are deleted when the
log is opened), or such as come after it in order (they are read, and say nothing wrong).
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from rebalance.broker.errors import StorageError
from rebalance.broker.logs.batches import BatchError
from rebalance.broker.storage.files import OpenFiles, sync_directory
from rebalance.broker.storage.interface import Batch, LogLimits, OnBatch
from rebalance.broker.storage.segment import Segment, base_offset_of
from rebalance.protocol.errors import ErrorCode

__all__ = ["SegmentedBatches", "is_log_file"]

_log = logging.getLogger("rebalance.broker")

_CLEANED, _DAMAGED = ".cleaned", ".damaged"
_START_OFFSET = "log-start-offset"
_NEVER = 2**63 - 1


class SegmentedBatches:
    """The batches of one partition in `directory`, which is made if it is not there.

    Args:
        limits: asked at every append, so that a changed setting counts from then on.
        on_batch: told of every batch that is found, with its base offset, oldest first.

    Raises:
        StorageError: the files cannot be read.
    """

    __slots__ = ("_directory", "_files", "_limits", "_segments", "_unflushed", "start_offset")

    def __init__(
        self,
        directory: Path,
        files: OpenFiles,
        limits: Callable[[], LogLimits],
        on_batch: OnBatch,
    ) -> None:
        self._directory, self._files, self._limits = directory, files, limits
        self._unflushed = 0
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._segments = self._recover(on_batch)
            self.start_offset = max(self._segments[0].base_offset, self._read_start_offset())
        except OSError as error:
            raise StorageError(f"cannot read the log in {directory}: {error}") from error

    @property
    def end_offset(self) -> int:
        """The offset that comes next."""
        return max(self._segments[-1].end_offset, self.start_offset)

    @property
    def size_bytes(self) -> int:
        """What all batches together take."""
        return sum(segment.size_bytes for segment in self._segments)

    @property
    def memory_bytes(self) -> int:
        """Nothing that counts: batches are in files, the index of them is a thousandth of it."""
        return 0

    @property
    def max_timestamp(self) -> int | None:
        """The largest of all batches, None without any."""
        times = (s.max_timestamp for s in self._segments if s.max_timestamp is not None)
        return max(times, default=None)

    def append(self, batch: Batch) -> None:
        """Write a batch behind the last.

        Raises:
            BatchError: KAFKA_STORAGE_ERROR, with the system's words; nothing has changed.
        """
        limits = self._limits()
        with self._told("write to"):
            active = self._segments[-1]
            too_large = active.size_bytes + len(batch.data) > limits.segment_bytes
            if active.size_bytes and (too_large or _is_old(active, batch, limits.segment_ms)):
                active = self._roll()
            unflushed = self._unflushed + batch.last_offset - batch.base_offset + 1
            is_due = unflushed >= limits.flush_interval_messages
            active.append(batch, flush=is_due)
            self._unflushed = 0 if is_due else unflushed

    def drop_oldest(self, keep_bytes: int, *, keep_newest: bool) -> None:
        """Drop whole segments while what is left is at least `keep_bytes`; never the active one."""
        size = self.size_bytes
        while len(self._segments) > 1 and size - self._segments[0].size_bytes >= keep_bytes:
            size -= self._segments[0].size_bytes
            self._drop_first()

    def drop_expired(self, before_ms: int) -> None:
        """Drop whole segments of which all is before `before_ms`; the active one with the rest.

        Raises:
            BatchError: KAFKA_STORAGE_ERROR, with the system's words; nothing has changed.
        """
        with self._told("look for old segments in"):
            expired = list(takewhile(lambda s: s.is_before(before_ms), self._segments))
            if expired and len(expired) == len(self._segments):
                self._roll()
        for _ in expired:
            self._drop_first()

    def delete_before(self, offset: int) -> None:
        """Begin at `offset`, also after a restart; segments before it go.

        Raises:
            BatchError: KAFKA_STORAGE_ERROR, with the system's words; nothing has changed.
        """
        if offset <= self.start_offset:
            return
        with self._told("write to"):
            self._write(_START_OFFSET, f"{offset}\n".encode())
        self.start_offset = offset
        while len(self._segments) > 1 and self._segments[0].end_offset <= offset:
            self._drop_first()

    def replace(self, batches: Iterable[Batch]) -> None:
        """Keep these in place of all that there are now.

        Raises:
            BatchError: KAFKA_STORAGE_ERROR, with the system's words; nothing has changed.
        """
        with self._told("compact the log in"):
            self._roll()
            *closed, _active = self._segments
            if not closed:
                return  # there is nothing yet
            first = self._cleaned(closed[0], batches)
            self._files.release(first.path)
            self._files.release(closed[0].path)
            os.replace(first.path, closed[0].path)
        first.path = closed[0].path
        self._segments[: len(closed)] = [first]
        for segment in closed[1:]:
            self._remove(segment)

    def read(self, offset: int, max_bytes: int, *, at_least_one: bool) -> bytes:
        """Whole batches from the one that holds `offset`; see `BatchStore`."""
        parts: list[bytes] = []
        left = max_bytes
        for segment, position in self._from(offset):
            data = segment.read(position, left, at_least_one=at_least_one and not parts)
            left -= len(data)
            if data:
                parts.append(data)
            if len(data) < segment.size_bytes - position or left <= 0:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def available(self, offset: int, max_bytes: int) -> int:
        """How many bytes there are from this offset on, counted up to `max_bytes`."""
        total = 0
        for segment, position in self._from(offset):
            total += segment.size_bytes - position
            if total >= max_bytes:
                break
        return min(total, max_bytes)

    def batches(self, reaching: int | None = None) -> Iterator[Batch]:
        """All of them, or only those whose largest timestamp is at least `reaching`."""
        for segment in tuple(self._segments):
            if segment.max_timestamp is None:
                continue
            if reaching is None:
                yield from segment.batches()
            elif segment.max_timestamp >= reaching:
                yield from (b for b in segment.batches() if b.max_timestamp >= reaching)

    def close(self, *, flush: bool = True) -> None:
        """Close the files, and before that have what was appended written."""
        with contextlib.suppress(OSError):  # told when it was appended, if it was asked for
            if flush and self._unflushed:
                self._flush()
        for segment in self._segments:
            self._files.release(segment.path)

    def _from(self, offset: int) -> Iterator[tuple[Segment, int]]:
        """The segments that hold `offset` or later ones, and where to begin in each."""
        for segment in self._segments:
            if segment.end_offset > offset and segment.size_bytes:
                yield segment, (0 if offset <= segment.base_offset else segment.locate(offset))

    def _flush(self) -> None:
        self._segments[-1].flush()
        self._unflushed = 0

    def _roll(self) -> Segment:
        """A new active segment. The one before it is written out if anybody waits for that."""
        if self._limits().flush_interval_messages < _NEVER:
            self._flush()
        segment = Segment(self._directory, self.end_offset, self._files)
        if segment.path == self._segments[-1].path:
            return self._segments[-1]  # nothing was written to it yet
        self._files.get(segment.path)
        sync_directory(self._directory)
        self._segments.append(segment)
        return segment

    def _drop_first(self) -> None:
        self._remove(self._segments.pop(0))
        self.start_offset = max(self.start_offset, self._segments[0].base_offset)

    def _cleaned(self, first: Segment, batches: Iterable[Batch]) -> Segment:
        """A segment beside the first one, to take its place."""
        cleaned = Segment(self._directory, first.base_offset, self._files)
        cleaned.path = first.path.with_name(first.path.name + _CLEANED)
        self._remove(cleaned)  # what a compaction that failed left there
        for batch in batches:
            cleaned.append(batch)
        cleaned.flush()
        return cleaned

    def _remove(self, segment: Segment) -> None:
        """Delete a file that is of no use any more; one that stays is met again on opening."""
        self._files.release(segment.path)
        try:
            segment.path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be removed: %s", segment.path, error)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """An error of the system is logged, and is an answer to whoever asked."""
        try:
            yield
        except OSError as error:
            words = f"cannot {what} {self._directory}: {error.strerror or error}"
            _log.error("%s", words)
            raise BatchError(ErrorCode.KAFKA_STORAGE_ERROR, words) from error

    def _write(self, name: str, data: bytes) -> None:
        """Replace a small file as a whole."""
        part = self._directory / f"{name}.part"
        part.write_bytes(data)
        os.replace(part, self._directory / name)

    def _read_start_offset(self) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self._directory / _START_OFFSET).read_text())
        return 0

    # --- what was found on opening ---

    def _recover(self, on_batch: OnBatch) -> list[Segment]:
        """The segments as far as they hold together; never none."""
        for abandoned in self._directory.glob(f"*{_CLEANED}"):
            abandoned.unlink()
        found = ((base_offset_of(path), path) for path in self._directory.iterdir())
        segments: list[Segment] = []
        is_damaged = False
        for base_offset, path in sorted((b, p) for b, p in found if b is not None):
            if is_damaged:
                _set_aside(path)
            elif segments and base_offset < segments[-1].end_offset:
                path.unlink()  # of an interrupted compaction: the first segment has its records
            else:
                segments.append(Segment(self._directory, base_offset, self._files))
                is_damaged = _read_through(segments[-1], on_batch)
        if not segments:
            segments.append(Segment(self._directory, 0, self._files))
            self._files.get(segments[0].path)
        return segments


def _is_old(active: Segment, batch: Batch, segment_ms: int) -> bool:
    """Kafka goes by the times in the batches, where they have any."""
    first_ms = active.first_timestamp
    return first_ms is not None and first_ms >= 0 and batch.max_timestamp - first_ms > segment_ms


def is_log_file(path: Path) -> bool:
    """Whether a file is one that a log makes."""
    name = path.name.removesuffix(".part").removesuffix(_CLEANED).removesuffix(_DAMAGED)
    return name == _START_OFFSET or base_offset_of(path.with_name(name)) is not None


def _read_through(segment: Segment, on_batch: OnBatch) -> bool:
    """Recover one segment; True if something had to be cut off, which is told."""
    next_offset = segment.base_offset
    is_damaged = False
    for found in segment.recover():
        if isinstance(found, str):
            is_damaged = True
            where = f"{segment.path.parent.name}/{segment.path.name}"
            _log.warning("%s: %s; the log goes on at offset %d", where, found, segment.end_offset)
        else:
            next_offset = segment.end_offset
            on_batch(found, next_offset - found.last_offset_delta - 1)
    return is_damaged


def _set_aside(path: Path) -> None:
    """A segment behind a damaged one cannot be read in order; somebody may want to see it."""
    damaged = path.with_name(path.name + _DAMAGED)
    os.replace(path, damaged)
    _log.warning("%s comes after the damage and was set aside as %s", path.name, damaged)
