"""A topic, as it is and as somebody wants it.

A partition's log comes into being with its first use, so that a topic of thousands costs little.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalance.broker.logs.log import PartitionLog

__all__ = ["INTERNAL_TOPICS", "OFFSETS_TOPIC", "Leader", "NewTopic", "Topic"]

OFFSETS_TOPIC = "__consumer_offsets"
INTERNAL_TOPICS = frozenset({OFFSETS_TOPIC, "__transaction_state", "__share_group_state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The node that leads a partition, and how often its leader was chosen before."""

    node_id: int
    epoch: int = 0


@dataclass(slots=True, kw_only=True)
class Topic:
    """A topic that exists; `configs` holds what its creator set."""

    name: str
    topic_id: uuid.UUID
    num_partitions: int
    configs: Mapping[str, str]
    open_log: Callable[[Topic, int], PartitionLog] = field(repr=False)
    _logs: dict[int, PartitionLog] = field(default_factory=dict, repr=False)
    is_deleted: bool = False
    leaders: dict[int, Leader] = field(default_factory=dict, repr=False)
    """By partition, as far as anybody asked; `Leadership` knows who else leads."""

    @property
    def is_internal(self) -> bool:
        """One of Kafka's own topics."""
        return self.name in INTERNAL_TOPICS

    def cleans_by(self, policy: str) -> bool:
        """Whether its `cleanup.policy` has "delete" (what is old goes) or "compact" (of each key
        the last stays); it may have both, or neither."""
        return policy in self.configs.get("cleanup.policy", "delete").split(",")

    def has(self, partition: int) -> bool:
        """Whether there is such a partition."""
        return 0 <= partition < self.num_partitions

    def log(self, partition: int) -> PartitionLog | None:
        """The log of a partition, or None where there is no such partition."""
        if not self.has(partition):
            return None
        log = self._logs.get(partition)
        if log is None:
            log = self._logs[partition] = self.open_log(self, partition)
            if partition in self.leaders:
                log.lead(self.leaders[partition].epoch)
        return log

    def used_log(self, partition: int) -> PartitionLog | None:
        """The log of a partition that was used before."""
        return self._logs.get(partition)

    def lead(self, partition: int, leader: Leader) -> None:
        """Somebody else leads a partition from now on."""
        self.leaders[partition] = leader
        log = self._logs.get(partition)
        if log is not None:
            log.lead(leader.epoch)

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
