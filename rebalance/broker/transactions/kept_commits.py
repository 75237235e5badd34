"""Commits of transactions that not all their partitions know: the next broker goes on with them.

Rule kept: a commit is stored before anybody is told, and forgotten when all were. A producer has at
most one, since it has no next transaction meanwhile.
"""

from __future__ import annotations

from rebalance.broker.storage import Storage, StoredCommit

__all__ = ["KeptCommits"]


class KeptCommits:
    """What the storage keeps, by producer id.

    Raises:
        StorageError: what the storage has cannot be read.
    """

    __slots__ = ("_kept", "_storage")

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept = {commit.producer_id: commit for commit in storage.commits()}

    def has(self, producer_id: int, partition: int) -> StoredCommit | None:
        """The commit of a producer's transaction that this partition may not know."""
        found = self._kept.get(producer_id)
        return found if found is not None and partition in found.partitions else None

    def add(self, commit: StoredCommit) -> None:
        """It is decided.

        Raises:
            StorageError: it could not be stored; it is not decided.
        """
        self._keep({**self._kept, commit.producer_id: commit})

    def remove(self, producer_id: int) -> None:
        """All its partitions know.

        Raises:
            StorageError: it is stored still.
        """
        self._keep({known: kept for known, kept in self._kept.items() if known != producer_id})

    def clear(self) -> None:
        """All partitions know of all.

        Raises:
            StorageError: they are stored still.
        """
        if self._kept:
            self._keep({})

    def _keep(self, changed: dict[int, StoredCommit]) -> None:
        self._storage.save_commits(changed.values())
        self._kept = changed
