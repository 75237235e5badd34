"""The file of a data directory that holds commits of transactions which not all partitions know.

Kept: it is replaced as a whole, and is not there until the first such commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rebalance.broker.errors import StorageError
from rebalance.broker.storage.files import replace_file
from rebalance.broker.storage.interface import StoredCommit

__all__ = ["read_commits", "write_commits"]

_FILE = "commits.json"
_FORMAT = 1


def read_commits(directory: Path) -> Sequence[StoredCommit]:
    """What was decided; nothing where there is no file.

    Raises:
        StorageError: the file cannot be read.
    """
    file = directory / _FILE
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["format"] != _FORMAT:
            raise StorageError(f"{file} has format {kept['format']}; this broker reads {_FORMAT}")
        return [
            StoredCommit(
                producer_id=int(commit["producer_id"]),
                epoch=int(commit["epoch"]),
                partitions=tuple(map(int, commit["partitions"])),
            )
            for commit in kept["commits"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{file} cannot be read: {error!r}") from error


def write_commits(directory: Path, commits: Iterable[StoredCommit]) -> None:
    """Replace the file.

    Raises:
        StorageError: it cannot be written; the old one is as it was.
    """
    kept = {
        "format": _FORMAT,
        "commits": [
            {
                "producer_id": commit.producer_id,
                "epoch": commit.epoch,
                "partitions": list(commit.partitions),
            }
            for commit in commits
        ],
    }
    file = directory / _FILE
    try:
        replace_file(file, json.dumps(kept, indent=1).encode())
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror or error}") from error
