"""One broker a directory: an exclusive lock that ends with its process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path

from rebalance.broker.errors import StorageError

__all__ = ["DirectoryLock"]

_NAME = ".lock"


class DirectoryLock:
    """Held from its making until `release`.

    Raises:
        StorageError: another broker holds it.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, directory: Path) -> None:
        path = directory / _NAME
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._descriptor)
        except OSError:
            os.close(self._descriptor)
            raise StorageError(
                f"{directory} is in use by another broker; stop it, or take another directory"
            ) from None

    def release(self) -> None:
        """Let another broker have the directory."""
        os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl  # not on Windows
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
