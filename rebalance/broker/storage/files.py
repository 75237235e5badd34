"""Open files, at most a few hundred of them: a topic may have more partitions than that.

Rule kept: a file is opened when it is used, and the one that was not used for longest is closed.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from pathlib import Path

__all__ = ["MOST_OPEN_FILES", "OpenFiles", "read_at", "replace_file", "sync_directory", "write_at"]

MOST_OPEN_FILES = 256
"""A quarter of what Linux allows a process unless told otherwise; sockets need the rest."""

_BINARY = getattr(os, "O_BINARY", 0)


class OpenFiles:
    """File descriptors by path, for reading and writing at positions."""

    __slots__ = ("_descriptors", "_most")

    def __init__(self, most: int = MOST_OPEN_FILES) -> None:
        self._most = most
        self._descriptors: OrderedDict[Path, int] = OrderedDict()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._descriptors)

    def get(self, path: Path) -> int:
        """The descriptor of a file, which is made if it is not there.

        Valid until the next call. Raises OSError.
        """
        descriptor = self._descriptors.get(path)
        if descriptor is not None:
            self._descriptors.move_to_end(path)
            return descriptor
        if len(self._descriptors) >= self._most:
            os.close(self._descriptors.popitem(last=False)[1])
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o644)
        self._descriptors[path] = descriptor
        return descriptor

    def release(self, path: Path) -> None:
        """Close a file: it is renamed or deleted, or of no use for long."""
        descriptor = self._descriptors.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])


def read_at(descriptor: int, size: int, position: int) -> bytes:
    """Up to `size` bytes from `position`, fewer at the file's end only. Raises OSError."""
    data = _pread(descriptor, size, position)
    while 0 < len(data) < size:
        more = _pread(descriptor, size - len(data), position + len(data))
        if not more:
            break
        data += more
    return data


def write_at(descriptor: int, data: bytes, position: int) -> None:
    """All of `data` to `position`. Raises OSError; then any part of it may be written."""
    written = _pwrite(descriptor, data, position)
    while written < len(data):
        written += _pwrite(descriptor, data[written:], position + written)


def _pread(descriptor: int, size: int, position: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, position)
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, size)


def _pwrite(descriptor: int, data: bytes, position: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, position)
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.write(descriptor, data)


def replace_file(path: Path, data: bytes) -> None:
    """Have `data` in the file, on the disk, or all that was there before. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Have the names in a directory written, where the system can do that."""
    with contextlib.suppress(OSError):  # Windows does not open directories
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
