"""Topics and their partitions: created, found by name or id, deleted, and kept within memory.

Rules are the controller's: names as Kafka allows them, the order of its checks, its error codes.
A partition's log comes into being with its first use, so that a topic of thousands costs little.
Source: `Topic` (clients), `ReplicationControlManager` (metadata).
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from rebalance.broker.batches import BatchHeader
from rebalance.broker.config import BrokerConfig
from rebalance.broker.log import PartitionLog
from rebalance.broker.topic_configs import check_configs
from rebalance.protocol.errors import ErrorCode

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

MAX_NAME_LENGTH = 249
MAX_PARTITIONS_PER_REQUEST = 10_000
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]+\Z")
INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})


class TopicError(Exception):
    """A topic cannot be created or deleted; `code` is what the client is told."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True, kw_only=True)
class Topic:
    """A topic that exists; `configs` holds what its creator set."""

    name: str
    topic_id: uuid.UUID
    num_partitions: int
    configs: Mapping[str, str]
    _logs: dict[int, PartitionLog] = field(default_factory=dict, repr=False)
    is_deleted: bool = False

    @property
    def is_internal(self) -> bool:
        """One of Kafka's own topics."""
        return self.name in INTERNAL_TOPICS

    def log(self, partition: int) -> PartitionLog | None:
        """The log of a partition, or None where there is no such partition."""
        if not 0 <= partition < self.num_partitions:
            return None
        log = self._logs.get(partition)
        if log is None:
            log = self._logs[partition] = PartitionLog()
        return log

    def logs(self) -> Iterator[PartitionLog]:
        """The logs that were used so far."""
        yield from self._logs.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTopic:
    """A topic that somebody wants; -1 = the broker's default; assignments: partition -> nodes."""

    name: str
    num_partitions: int = -1
    replication_factor: int = -1
    assignments: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    configs: Mapping[str, str | None] = field(default_factory=dict)


def name_problem(name: str) -> str | None:
    """Why Kafka would not have a topic of this name, or None."""
    if name == "":
        return "Topic name is invalid: the empty string is not allowed"
    if name in (".", ".."):
        return f"Topic name is invalid: '{name}' is not allowed"
    if len(name) > MAX_NAME_LENGTH:
        return (
            f"Topic name is invalid: the length of '{name}' is longer than the max allowed length "
            f"{MAX_NAME_LENGTH}"
        )
    if not _LEGAL_NAME.match(name):
        return (
            f"Topic name is invalid: '{name}' contains one or more characters other than ASCII "
            "alphanumerics, '.', '_' and '-'"
        )
    return None


class TopicStore:
    """All topics of the broker, by name and by id, in the order of their creation."""

    def __init__(self, config: BrokerConfig, new_uuid: Callable[[], uuid.UUID]) -> None:
        self._config = config
        self._new_uuid = new_uuid
        self._by_name: dict[str, Topic] = {}
        self._by_id: dict[uuid.UUID, Topic] = {}
        self._collisions: dict[str, str] = {}
        self._memory_bytes = 0
        self._partitions = 0
        self._told_of_bound = False
        self.on_change: Callable[[str, int], None] = lambda name, partitions: None
        """Called with a topic's name and its number of partitions, 0 once it is deleted."""

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
        configs = check_configs(wanted.configs)
        if isinstance(configs, str):
            raise TopicError(ErrorCode.INVALID_CONFIG, configs)
        if wanted.assignments:
            partitions = self._check_assignments(wanted)
        else:
            partitions = self._check_counts(wanted)
        self._check_bound(partitions)
        topic = Topic(
            name=wanted.name,
            topic_id=self._new_uuid(),
            num_partitions=partitions,
            configs=configs,
        )
        if not validate_only:
            self._by_name[topic.name] = topic
            self._by_id[topic.topic_id] = topic
            self._partitions += partitions
            self._collisions[_collision_key(topic.name)] = topic.name
            self.on_change(topic.name, topic.num_partitions)
        return topic

    def delete(self, topic: Topic) -> None:
        """Delete a topic with all that it holds.

        Raises:
            TopicError: `delete.topic.enable` is false.
        """
        if not self._config.delete_topic_enable:
            raise TopicError(ErrorCode.TOPIC_DELETION_DISABLED, "Topic deletion is disabled.")
        del self._by_name[topic.name]
        del self._by_id[topic.topic_id]
        self._collisions.pop(_collision_key(topic.name), None)
        topic.is_deleted = True
        self._partitions -= topic.num_partitions
        for log in topic.logs():
            self._memory_bytes -= log.memory_bytes
            log.close()
        self.on_change(topic.name, 0)

    def grow(self, topic: Topic, num_partitions: int, *, validate_only: bool = False) -> None:
        """Give a topic more partitions, or only say whether that could be.

        Raises:
            TopicError: `max.partitions` does not allow it.
        """
        more = num_partitions - topic.num_partitions
        self._check_bound(more)
        if not validate_only:
            topic.num_partitions = num_partitions
            self._partitions += more
            self.on_change(topic.name, num_partitions)

    def configure(self, topic: Topic, configs: Mapping[str, str]) -> None:
        """Replace what a topic has of its own, checked before; it holds from the next append on."""
        topic.configs = configs

    def reconfigure(self, config: BrokerConfig) -> None:
        """Go on with other settings of the broker."""
        self._config = config

    def delete_records(self, topic: Topic, log: PartitionLog, before_offset: int) -> None:
        """Delete what lies before an offset that the log has."""
        held = log.memory_bytes
        log.delete_before(before_offset)
        self._memory_bytes += log.memory_bytes - held

    def max_batch_bytes(self, topic: Topic) -> int:
        """`max.message.bytes` of the topic, or the broker's `message.max.bytes`."""
        return int(topic.configs.get("max.message.bytes", self._config.message_max_bytes))

    def append(self, topic: Topic, log: PartitionLog, records: bytes, header: BatchHeader) -> int:
        """Append a checked batch, then drop what is over the bounds; return its base offset."""
        before = log.memory_bytes
        base_offset = log.append(records, header)
        retention = int(topic.configs.get("retention.bytes", self._config.log_retention_bytes))
        if retention >= 0:
            log.drop_oldest(retention)
        self._memory_bytes += log.memory_bytes - before
        if self._memory_bytes > self._config.log_memory_bytes:
            self._make_room()
        return base_offset

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def num_partitions(self) -> int:
        """Of all topics together."""
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
        """Cut each log to a part of its size (share 0: to nothing), largest first, until `goal`."""
        logs = [log for topic in self for log in topic.logs()]
        for log in sorted(logs, key=lambda log: log.memory_bytes, reverse=True):
            if self._memory_bytes <= goal:
                return
            held = log.memory_bytes
            log.drop_oldest(log.size_bytes // share if share else 0, keep_newest=keep_newest)
            self._memory_bytes += log.memory_bytes - held

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

    def _check_counts(self, wanted: NewTopic) -> int:
        if wanted.replication_factor not in (-1, 1):
            small = wanted.replication_factor < 1
            raise TopicError(
                ErrorCode.INVALID_REPLICATION_FACTOR,
                "Replication factor must be larger than 0, or -1 to use the default value."
                if small
                else f"Unable to replicate the partition {wanted.replication_factor} time(s): "
                "only 1 broker is registered.",
            )
        if wanted.num_partitions == -1:
            return self._config.num_partitions
        if wanted.num_partitions < 1:
            raise TopicError(
                ErrorCode.INVALID_PARTITIONS,
                "Number of partitions must be larger than 0, or -1 to use the default value.",
            )
        if wanted.num_partitions > MAX_PARTITIONS_PER_REQUEST:
            raise TopicError(
                ErrorCode.POLICY_VIOLATION,
                f"More than {MAX_PARTITIONS_PER_REQUEST} partitions in one request.",
            )
        return wanted.num_partitions

    def _check_bound(self, more: int) -> None:
        total, most = self._partitions + more, self._config.max_partitions
        if total > most:
            raise TopicError(
                ErrorCode.POLICY_VIOLATION,
                f"{more} more partitions would make {total}; max.partitions allows {most}.",
            )

    def _check_assignments(self, wanted: NewTopic) -> int:
        if wanted.num_partitions != -1 or wanted.replication_factor != -1:
            raise TopicError(
                ErrorCode.INVALID_REQUEST,
                "A manual partition assignment was specified, but the number of partitions or "
                "the replication factor was not set to -1.",
            )
        if sorted(wanted.assignments) != list(range(len(wanted.assignments))):
            raise TopicError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "partitions should be a consecutive 0-based integer sequence",
            )
        for partition, nodes in sorted(wanted.assignments.items()):
            if nodes != (self._config.node_id,):
                raise TopicError(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                    f"partition {partition}: {list(nodes)} must name each broker of this cluster "
                    f"at most once, and at least one: it has {self._config.node_id}",
                )
        return len(wanted.assignments)


def _collision_key(name: str) -> str:
    """Kafka's metrics do not tell '.' from '_', so two topics must not differ by that alone."""
    return name.replace(".", "_")
