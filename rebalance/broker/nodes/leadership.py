"""Who leads which partition: each has one leader among the nodes that run, and an epoch.

Rule kept: a partition's leader changes only when its node stops, when somebody moves it, or when a
node starts and nobody led; each time its epoch grows by one (KIP-101). A node that comes back leads
nothing until somebody gives it something: Kafka's, too, waits for an election of preferred leaders.
All nodes read and write the same log, so every node is a replica that is never behind.
What epochs an operation is about to tell is kept first; if it cannot be kept, nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rebalance.broker.topics.topic import Leader
from rebalance.protocol.java_hash import partition_of

if TYPE_CHECKING:
    from rebalance.broker.topics.topic import Topic

__all__ = ["Leadership"]

TRANSACTION_PARTITIONS = 50
"""`transaction.state.log.num.partitions`, Kafka's default: what spreads transactional ids."""


class Leadership:
    """The nodes of one cluster; which of them run, and what each of them leads.

    Args:
        told_before: the latest epoch that clients know from an earlier life of the cluster: they
            would not believe in an earlier one.
        keep: called with an epoch that is later than all before it; what it raises, whoever asked
            for the change gets, which then did not come about.
    """

    __slots__ = ("_first_epoch", "_keep", "_latest_epoch", "_running", "node_ids")

    def __init__(
        self,
        node_ids: Sequence[int],
        told_before: int = 0,
        keep: Callable[[int], None] = lambda epoch: None,
    ) -> None:
        self.node_ids = tuple(node_ids)
        self._keep = keep
        self._latest_epoch = told_before
        self._first_epoch = 0
        if told_before:
            self._first_epoch = told_before + 1
            self._tell(self._first_epoch)
        self._running = set(node_ids)

    @property
    def running(self) -> tuple[int, ...]:
        """The nodes that run, in the order of their ids."""
        return tuple(node_id for node_id in self.node_ids if node_id in self._running)

    def is_running(self, node_id: int) -> bool:
        """Whether this node runs."""
        return node_id in self._running

    @property
    def controller_id(self) -> int:
        """The first node that runs; -1 where none does."""
        return next(iter(self.running), -1)

    def leader(self, topic: Topic, partition: int) -> Leader:
        """Who leads a partition, or led it last if no node runs."""
        found = topic.leaders.get(partition)
        if found is None:
            node_id = self._preferred(topic, partition)
            found = Leader(node_id=node_id, epoch=self._first_epoch)
            topic.lead(partition, found)
        return found

    def leads(self, node_id: int, topic: Topic, partition: int) -> bool:
        """Whether this node leads the partition."""
        return self.leader(topic, partition).node_id == node_id

    def replicas(self, topic: Topic, partition: int) -> tuple[int, ...]:
        """All nodes, the preferred leader first: partitions of a topic go round, topics begin
        anywhere."""
        count = len(self.node_ids)
        if count == 1:
            return self.node_ids
        first = (partition_of(topic.name, count) + partition) % count
        return self.node_ids[first:] + self.node_ids[:first]

    def in_sync(self, replicas: Iterable[int]) -> list[int]:
        """Those of them that run."""
        return [node_id for node_id in replicas if node_id in self._running]

    def offline(self, replicas: Iterable[int]) -> list[int]:
        """Those of them that do not run."""
        return [node_id for node_id in replicas if node_id not in self._running]

    def transaction_coordinator(self, transactional_id: str) -> int:
        """The node that coordinates a producer's transactions; -1 where none runs."""
        first = partition_of(transactional_id, TRANSACTION_PARTITIONS) % len(self.node_ids)
        ring = self.node_ids[first:] + self.node_ids[:first]
        return next(iter(self.in_sync(ring)), -1)

    def move(self, topic: Topic, partition: int, node_id: int) -> None:
        """Let a node lead a partition from now on; whoever waits for its log looks again."""
        self._tell_next([(topic, partition)])
        self._lead(topic, partition, node_id)

    def stop(self, node_id: int, topics: Iterable[Topic]) -> list[tuple[Topic, int]]:
        """A node stops; the partitions that it led, which another node leads now."""
        led = [(topic, p) for topic, p in self._all(topics) if self.leads(node_id, topic, p)]
        others = self._running - {node_id}
        if others:
            self._tell_next(led)
        self._running = others
        return self._settle(led) if others else []

    def start(self, node_id: int, topics: Iterable[Topic]) -> None:
        """A node starts; it leads the partitions that nobody leads."""
        leaderless = [
            (topic, p)
            for topic, p in self._all(topics)
            if self.leader(topic, p).node_id not in self._running
        ]
        self._tell_next(leaderless)
        self._running.add(node_id)
        self._settle(leaderless)

    def prefer(self, topics: Iterable[Topic]) -> list[tuple[Topic, int]]:
        """Elect preferred leaders; the partitions that have another leader now."""
        others = [
            (topic, partition)
            for topic, partition in self._all(topics)
            if not self.leads(self._preferred(topic, partition), topic, partition)
        ]
        self._tell_next(others)
        return self._settle(others)

    def _settle(self, partitions: list[tuple[Topic, int]]) -> list[tuple[Topic, int]]:
        """Let each be led by the first of its replicas that runs; their epochs are told."""
        for topic, partition in partitions:
            self._lead(topic, partition, self._preferred(topic, partition))
        return partitions

    def _lead(self, topic: Topic, partition: int, node_id: int) -> None:
        epoch = self.leader(topic, partition).epoch + 1
        topic.lead(partition, Leader(node_id=node_id, epoch=epoch))

    def _tell_next(self, partitions: Iterable[tuple[Topic, int]]) -> None:
        """Each of them is about to have its next epoch."""
        now = (self.leader(topic, partition).epoch for topic, partition in partitions)
        self._tell(max(now, default=-1) + 1)

    def _tell(self, epoch: int) -> None:
        if epoch > self._latest_epoch:
            self._keep(epoch)
            self._latest_epoch = epoch

    def _preferred(self, topic: Topic, partition: int) -> int:
        """The first replica that runs, or else the first."""
        replicas = self.replicas(topic, partition)
        return next(iter(self.in_sync(replicas)), replicas[0])

    @staticmethod
    def _all(topics: Iterable[Topic]) -> Iterator[tuple[Topic, int]]:
        for topic in topics:
            for partition in range(topic.num_partitions):
                yield topic, partition
