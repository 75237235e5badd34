"""Topics and their partitions: created, found by name or id, deleted, and kept within bounds.

Rules are the controller's: names as Kafka allows them, the order of its checks, its error codes.
A partition's log comes into being with its first use, so that a topic of thousands costs little.
What is created or deleted is stored before anybody is told of it.
Source: `Topic` (clients), `ReplicationControlManager` (metadata).
"""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from rebalance.broker.config import BrokerConfig
from rebalance.broker.configs.topic_configs import check_configs
from rebalance.broker.errors import StorageError
from rebalance.broker.logs.batches import BatchHeader
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.storage import MemoryStorage, Storage
from rebalance.broker.topics.kept_topics import KeptTopics
from rebalance.broker.topics.new_topics import (
    MAX_PARTITIONS_PER_REQUEST,
    TopicError,
    name_problem,
    partitions_wanted,
)
from rebalance.broker.topics.topic import INTERNAL_TOPICS, NewTopic, Topic
from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "INTERNAL_TOPICS",
    "MAX_PARTITIONS_PER_REQUEST",
    "NewTopic",
    "Topic",
    "TopicError",
    "TopicStore",
    "name_problem",
]

_log = logging.getLogger("rebalance.broker")


class TopicStore:
    """All topics of the broker, by name and by id, in the order of their creation.

    Args:
        storage: where topics and records are kept; what it has is there from the start.
        internal: how an internal topic looks that nobody described further.
        node_ids: the nodes that a partition can be on.

    Raises:
        StorageError: what the storage has cannot be read.
    """

    def __init__(
        self,
        config: BrokerConfig,
        new_uuid: Callable[[], uuid.UUID],
        storage: Storage | None = None,
        internal: Sequence[NewTopic] = (),
        node_ids: Sequence[int] = (),
    ) -> None:
        self._config = config
        self._node_ids = frozenset(node_ids) or frozenset({config.node_id})
        self._new_uuid = new_uuid
        self._kept = KeptTopics(MemoryStorage() if storage is None else storage, self._current)
        self._internal = {topic.name: topic for topic in internal}
        self._by_name: dict[str, Topic] = {}
        self._by_id: dict[uuid.UUID, Topic] = {}
        self._collisions: dict[str, str] = {}
        self._memory_bytes = 0
        self._partitions = 0
        self._told_of_bound = False
        self.on_change: Callable[[str, int], None] = lambda name, partitions: None
        """Called with a topic's name and its number of partitions, 0 once it is deleted."""
        for stored, used in self._kept.topics():
            topic = Topic(
                name=stored.name,
                topic_id=stored.topic_id,
                num_partitions=stored.num_partitions,
                configs=stored.configs,
                open_log=self._kept.open_log,
            )
            self._keep(topic)
            for partition in used:
                topic.log(partition)

    def _current(self) -> BrokerConfig:
        return self._config

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Topic | None:
        """The topic of that name."""
        return self._by_name.get(name)

    def by_id(self, topic_id: uuid.UUID | None) -> Topic | None:
        """The topic of that id."""
        return None if topic_id is None else self._by_id.get(topic_id)

    def log(self, topic: str, partition: int) -> PartitionLog | None:
        """The log of a partition, or None where topic or partition do not exist."""
        found = self._by_name.get(topic)
        return None if found is None else found.log(partition)

    def auto_create(self, name: str) -> Topic:
        """Create a topic because a client asked about it.

        Raises:
            TopicError: automatic creation is off, or the name is not allowed.
        """
        problem = name_problem(name)
        if problem is not None:
            raise TopicError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem)
        if not self._config.auto_create_topics_enable:
            raise TopicError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"no topic {name!r}")
        try:
            return self.create(NewTopic(name=name))
        except TopicError as error:
            if error.code is not ErrorCode.POLICY_VIOLATION:
                raise
            # Kafka creates it later, fails in silence and goes on with this; clients know no other.
            if not self._told_of_bound:
                self._told_of_bound = True
                _log.warning("topic %r is not created: %s", name, error)
            raise TopicError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, str(error)) from None

    def create(self, wanted: NewTopic, *, validate_only: bool = False) -> Topic:
        """Create a topic, or only say what would be created.

        Raises:
            TopicError: with the code that Kafka's controller gives.
        """
        self._check_name(wanted.name)
        wanted = self._as_internal(wanted)
        configs = check_configs(wanted.configs)
        if isinstance(configs, str):
            raise TopicError(ErrorCode.INVALID_CONFIG, configs)
        partitions = partitions_wanted(wanted, self._config, self._node_ids)
        if wanted.name not in self._internal:
            self._check_bound(partitions)
        topic = Topic(
            name=wanted.name,
            topic_id=self._new_uuid(),
            num_partitions=partitions,
            configs=configs,
            open_log=self._kept.open_log,
        )
        if not validate_only:
            self.save(chain(self, [topic]))
            self._keep(topic)
            self.on_change(topic.name, topic.num_partitions)
        return topic

    def save(self, topics: Iterable[Topic]) -> None:
        """Store what there is; whoever changes a topic calls it before the change counts.

        Raises:
            TopicError: it could not be stored.
        """
        with _stored_or_refused():
            self._kept.save(topics)

    def _keep(self, topic: Topic) -> None:
        self._by_name[topic.name] = topic
        self._by_id[topic.topic_id] = topic
        self._collisions[_collision_key(topic.name)] = topic.name
        if topic.name not in self._internal:
            self._partitions += topic.num_partitions

    def close(self) -> None:
        """The broker stops: what was appended is written out, and the storage is let go."""
        for topic in self:
            for log in topic.logs():
                log.close()
        self._kept.close()

    def next_producer_id(self) -> int:
        """An id that was never given out.

        Raises:
            TopicError: that could not be stored.
        """
        with _stored_or_refused():
            return self._kept.next_producer_id()

    def delete(self, topic: Topic) -> None:
        """Delete a topic with all that it holds.

        Raises:
            TopicError: `delete.topic.enable` is false, or it could not be stored.
        """
        if not self._config.delete_topic_enable:
            raise TopicError(ErrorCode.TOPIC_DELETION_DISABLED, "Topic deletion is disabled.")
        self.save(other for other in self if other is not topic)
        del self._by_name[topic.name]
        del self._by_id[topic.topic_id]
        self._collisions.pop(_collision_key(topic.name), None)
        topic.is_deleted = True
        if topic.name not in self._internal:
            self._partitions -= topic.num_partitions
        for log in topic.logs():
            self._memory_bytes -= log.memory_bytes
            log.close(flush=False)
        self._kept.delete(topic)
        self.on_change(topic.name, 0)

    def grow(self, topic: Topic, num_partitions: int, *, validate_only: bool = False) -> None:
        """Give a topic more partitions, or only say whether that could be.

        Raises:
            TopicError: `max.partitions` does not allow it, the topic is the broker's own, or it
                could not be stored.
        """
        if topic.name in self._internal:
            raise TopicError(
                ErrorCode.INVALID_PARTITIONS,
                f"{topic.name} keeps its number of partitions: groups are found by it.",
            )
        before = topic.num_partitions
        self._check_bound(num_partitions - before)
        if validate_only:
            return
        topic.num_partitions = num_partitions
        try:
            self.save(self)
        except BaseException:
            topic.num_partitions = before
            raise
        self._partitions += num_partitions - before
        self.on_change(topic.name, num_partitions)

    def configure(self, topic: Topic, configs: Mapping[str, str]) -> None:
        """Replace what a topic has of its own, checked before; it holds from the next append on.

        Raises:
            TopicError: it could not be stored; the topic is as it was.
        """
        before, topic.configs = topic.configs, configs
        try:
            self.save(self)
        except BaseException:
            topic.configs = before
            raise

    def reconfigure(self, config: BrokerConfig) -> None:
        """Go on with other settings of the broker."""
        self._config = config

    def delete_records(self, topic: Topic, log: PartitionLog, before_offset: int) -> None:
        """Delete what lies before an offset that the log has."""
        with self.counting(log):
            log.delete_before(before_offset)

    @contextmanager
    def counting(self, log: PartitionLog) -> Iterator[None]:
        """Whatever becomes of the log in the block, what all take together is known after it."""
        before = log.memory_bytes
        try:
            yield
        finally:
            self._memory_bytes += log.memory_bytes - before

    def max_batch_bytes(self, topic: Topic) -> int:
        """`max.message.bytes` of the topic, or the broker's `message.max.bytes`."""
        return int(topic.configs.get("max.message.bytes", self._config.message_max_bytes))

    def append(self, topic: Topic, log: PartitionLog, records: bytes, header: BatchHeader) -> int:
        """Append a checked batch, then drop what is over the bounds; return its base offset.

        Raises:
            BatchError: it could not be written.
        """
        before = log.memory_bytes
        base_offset = log.append(records, header)
        retention = int(topic.configs.get("retention.bytes", self._config.log_retention_bytes))
        if retention >= 0 and topic.name not in self._internal:
            log.drop_oldest(retention)
        self._memory_bytes += log.memory_bytes - before
        if self._memory_bytes > self._config.log_memory_bytes:
            self._make_room()
        return base_offset

    def compact(self, log: PartitionLog) -> None:
        """Keep the last record of each key alone.

        Raises:
            BatchError: the outcome could not be written; the log is as it was.
        """
        with self.counting(log):
            log.compact()

    @property
    def path(self) -> Path | None:
        """The directory in which all is kept; None for memory."""
        return self._kept.path

    @property
    def num_partitions(self) -> int:
        """Of all topics together, but for the broker's own."""
        return self._partitions

    @property
    def memory_bytes(self) -> int:
        """What all logs together take."""
        return self._memory_bytes

    def _make_room(self) -> None:
        """Halve the largest logs until a tenth of the bound is free; last, empty them.

        Many partitions with one large batch each would otherwise hold any amount.
        """
        goal = self._config.log_memory_bytes * 9 // 10
        while self._memory_bytes > goal:
            before = self._memory_bytes
            self._shrink_logs(goal, share=2, keep_newest=True)
            if self._memory_bytes == before:
                break
        self._shrink_logs(goal, share=0, keep_newest=False)

    def _shrink_logs(self, goal: int, *, share: int, keep_newest: bool) -> None:
        """Cut each log to a part of its size (share 0: to nothing), largest first, until `goal`.

        Internal topics are what groups stand on: they stay, bounded by compaction.
        """
        logs = [log for topic in self if topic.name not in self._internal for log in topic.logs()]
        for log in sorted(logs, key=lambda log: log.memory_bytes, reverse=True):
            if self._memory_bytes <= goal:
                return
            with self.counting(log):
                log.drop_oldest(log.size_bytes // share if share else 0, keep_newest=keep_newest)

    def _check_name(self, name: str) -> None:
        problem = name_problem(name)
        if problem is not None:
            raise TopicError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem)
        if name in self._by_name:
            raise TopicError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        other = self._collisions.get(_collision_key(name))
        if other is not None:
            raise TopicError(
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                f"Topic '{name}' collides with existing topic: {other}",
            )

    def _as_internal(self, wanted: NewTopic) -> NewTopic:
        """An internal topic is as the broker says, however it is asked for.

        Raises:
            TopicError: another number of partitions is wanted.
        """
        ours = self._internal.get(wanted.name)
        if ours is None:
            return wanted
        if wanted.assignments or wanted.num_partitions not in (-1, ours.num_partitions):
            raise TopicError(
                ErrorCode.INVALID_PARTITIONS,
                f"{wanted.name} has {ours.num_partitions} partitions on this broker; "
                "ask for as many, or for -1.",
            )
        return dataclasses.replace(ours, replication_factor=wanted.replication_factor)

    def _check_bound(self, more: int) -> None:
        total, most = self._partitions + more, self._config.max_partitions
        if total > most:
            raise TopicError(
                ErrorCode.POLICY_VIOLATION,
                f"{more} more partitions would make {total}; max.partitions allows {most}.",
            )


@contextmanager
def _stored_or_refused() -> Iterator[None]:
    """What cannot be stored is an error of the client's request, and ours to tell."""
    try:
        yield
    except StorageError as error:
        _log.error("%s", error)
        raise TopicError(ErrorCode.KAFKA_STORAGE_ERROR, str(error)) from error


def _collision_key(name: str) -> str:
    """Kafka's metrics do not tell '.' from '_', so two topics must not differ by that alone."""
    return name.replace(".", "_")
