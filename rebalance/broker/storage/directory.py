"""A data directory: what a broker keeps beyond its life.

    .lock                     held by the broker that runs on it
    broker.json               topics with ids, partitions, configs; replaced as a whole
    configs.json              what was set for brokers and groups (config_file.py)
    commits.json              commits that not all partitions know (commits_file.py)
    orders-0/...              a directory a partition, made with its first use

Kept: the topics of `broker.json` are the truth. A topic is gone once it is not in there; what is
left of its logs is removed then, or when the directory is opened next. A directory with other
things in it is refused before anything is written.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rebalance.broker.errors import StorageError
from rebalance.broker.storage.commits_file import read_commits, write_commits
from rebalance.broker.storage.config_file import read_configs, write_configs
from rebalance.broker.storage.files import OpenFiles, replace_file
from rebalance.broker.storage.interface import (
    LogLimits,
    OnBatch,
    StoredCommit,
    StoredConfigs,
    StoredTopic,
)
from rebalance.broker.storage.lock import DirectoryLock
from rebalance.broker.storage.segmented import SegmentedBatches, is_log_file

__all__ = ["DataDirectory"]

_log = logging.getLogger("rebalance.broker")

_FILE = "broker.json"
_FORMAT = 1
_PRODUCER_IDS = 1000
"""Reserved at a time: ids that were not given out are lost with the process."""


class DataDirectory:
    """The storage of a broker in `path`, which is made if it is not there.

    Raises:
        StorageError: another broker runs on it, it is not a broker's, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = OpenFiles()
        try:
            path.mkdir(parents=True, exist_ok=True)
            _refuse_others(path)
            self._lock = DirectoryLock(path)
        except OSError as error:
            raise StorageError(f"cannot use {path}: {error.strerror or error}") from error
        try:
            self._topics, self._reserved_ids, self.leader_epoch = self._load()
            self._next_id = self._reserved_ids
            self._remove_leftovers()
        except BaseException:
            self._lock.release()
            raise

    leader_epoch: int
    """The latest of any partition that a client was ever told."""

    most_producers = 10_000
    """Of one log. Files may hold batches of any number of them; this is some 5 MB."""

    def topics(self) -> Sequence[StoredTopic]:
        """The topics, in the order of their creation."""
        return self._topics

    def save_topics(self, topics: Iterable[StoredTopic]) -> None:
        """Keep these topics and no others.

        Raises:
            StorageError: the file cannot be written; the old one is as it was.
        """
        topics = tuple(topics)
        self._write(topics, self._reserved_ids)
        self._topics = topics

    @property
    def path(self) -> Path:
        """The directory, absolute."""
        return self._path.absolute()

    def configs(self) -> StoredConfigs:
        """What was set for brokers and groups.

        Raises:
            StorageError: it cannot be read.
        """
        return read_configs(self._path)

    def save_configs(self, configs: StoredConfigs) -> None:
        """Keep this and nothing else.

        Raises:
            StorageError: it cannot be written; what was there before is as it was.
        """
        write_configs(self._path, configs)

    def commits(self) -> Sequence[StoredCommit]:
        """Commits that not all their partitions know.

        Raises:
            StorageError: they cannot be read.
        """
        return read_commits(self._path)

    def save_commits(self, commits: Iterable[StoredCommit]) -> None:
        """Keep these and no others.

        Raises:
            StorageError: they cannot be written; what was there before is as it was.
        """
        write_commits(self._path, commits)

    def open_log(
        self,
        topic: str,
        partition: int,
        limits: Callable[[], LogLimits],
        on_batch: OnBatch,
    ) -> SegmentedBatches:
        """The log of a partition; `on_batch` hears of what it held before.

        Raises:
            StorageError: its files cannot be read.
        """
        return SegmentedBatches(self._directory(topic, partition), self._files, limits, on_batch)

    def opened_before(self, topic: StoredTopic) -> Sequence[int]:
        """The partitions that have a directory."""
        partitions = range(topic.num_partitions)
        return [index for index in partitions if self._directory(topic.name, index).is_dir()]

    def delete_topic(self, topic: str, partitions: int) -> None:
        """Remove the logs of a topic; what cannot be removed is told, and tried again later."""
        for partition in range(partitions):
            self._remove(self._directory(topic, partition))

    def next_producer_id(self) -> int:
        """An id that was never given out, not even before a kill.

        Raises:
            StorageError: the reservation cannot be written.
        """
        if self._next_id == self._reserved_ids:
            self._write(self._topics, self._reserved_ids + _PRODUCER_IDS)
            self._reserved_ids += _PRODUCER_IDS
        self._next_id += 1
        return self._next_id - 1

    def keep_leader_epoch(self, epoch: int) -> None:
        """A later leader epoch is told from now on.

        Raises:
            StorageError: it cannot be written.
        """
        before, self.leader_epoch = self.leader_epoch, epoch
        try:
            self._write(self._topics, self._reserved_ids)
        except BaseException:
            self.leader_epoch = before
            raise

    def close(self) -> None:
        """Close all files and let another broker have the directory."""
        self._files.close()
        self._lock.release()

    def _directory(self, topic: str, partition: int) -> Path:
        return self._path / f"{topic}-{partition}"

    def _load(self) -> tuple[tuple[StoredTopic, ...], int, int]:
        file = self._path / _FILE
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["format"] != _FORMAT:
                raise StorageError(f"{file} has format {kept['format']}; this broker reads 1")
            topics = tuple(_topic(entry) for entry in kept["topics"])
            return topics, int(kept["next_producer_id"]), int(kept.get("leader_epoch", 0))
        except FileNotFoundError:
            self.leader_epoch = 0
            self._write((), 0)
            return (), 0, 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{file} cannot be read: {error!r}") from error

    def _write(self, topics: Sequence[StoredTopic], reserved_ids: int) -> None:
        kept = {
            "format": _FORMAT,
            "next_producer_id": reserved_ids,
            "leader_epoch": self.leader_epoch,
            "topics": [
                {
                    "name": topic.name,
                    "id": str(topic.topic_id),
                    "partitions": topic.num_partitions,
                    "configs": dict(topic.configs),
                }
                for topic in topics
            ],
        }
        try:
            replace_file(self._path / _FILE, json.dumps(kept, indent=1).encode())
        except OSError as error:
            words = f"cannot write {self._path / _FILE}: {error.strerror or error}"
            raise StorageError(words) from error

    def _remove_leftovers(self) -> None:
        """Logs of topics that were deleted when the broker was killed."""
        known = {
            f"{topic.name}-{partition}"
            for topic in self._topics
            for partition in range(topic.num_partitions)
        }
        for directory in self._path.iterdir():
            if directory.name not in known and _is_log(directory):
                self._remove(directory)

    def _remove(self, directory: Path) -> None:
        try:
            shutil.rmtree(directory)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("%s of a deleted topic cannot be removed: %s", directory, error)


def _topic(entry: Any) -> StoredTopic:
    return StoredTopic(
        name=str(entry["name"]),
        topic_id=uuid.UUID(entry["id"]),
        num_partitions=int(entry["partitions"]),
        configs={str(name): str(value) for name, value in entry["configs"].items()},
    )


def _is_log(directory: Path) -> bool:
    """A partition's directory, with nothing in it that is not a log's."""
    name, dash, partition = directory.name.rpartition("-")
    if not (directory.is_dir() and name and dash and partition.isdecimal()):
        return False
    return all(is_log_file(path) for path in directory.iterdir())


def _refuse_others(path: Path) -> None:
    """A directory that holds anything must hold a broker's file."""
    if (path / _FILE).is_file():
        return
    ours = {".lock", f"{_FILE}.part"}
    stranger = next((entry.name for entry in path.iterdir() if entry.name not in ours), None)
    if stranger is not None:
        raise StorageError(
            f"{path} is not the data directory of a broker: it has {stranger!r} and no {_FILE}; "
            "take an empty one"
        )
