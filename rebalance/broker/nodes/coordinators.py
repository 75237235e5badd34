"""Which node coordinates which groups: the leader of a group's partition of `__consumer_offsets`.

Rule kept (P01, P04): every partition of the topic has at most one coordinator, that of the node
that leads it. Another one is elected by reading the same log; while it reads, or is held in that
state for a test, its groups are told COORDINATOR_LOAD_IN_PROGRESS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rebalance.broker.errors import StorageError
from rebalance.broker.topics.topic import OFFSETS_TOPIC
from rebalance.broker.topics.topics import TopicError
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.records import Producer

if TYPE_CHECKING:
    from rebalance.broker.clock import Clock, Timer
    from rebalance.broker.groups.driver import GroupDriver
    from rebalance.broker.groups.offsets_topic import OffsetsTopic
    from rebalance.broker.nodes.leadership import Leadership
    from rebalance.broker.topics.topic import Topic

__all__ = ["Coordinators"]


class Coordinators:
    """The drivers of all nodes that run.

    Args:
        partitions: how many partitions `__consumer_offsets` has, or will have.
        at_once: whether the topic is made for the first question about a group, so that its answer
            is good; else a client that looks for a coordinator has it made and must ask again, as
            with Kafka (A06).
    """

    def __init__(
        self, offsets: OffsetsTopic, leadership: Leadership, *, partitions: int, at_once: bool
    ) -> None:
        self._offsets = offsets
        self._leadership = leadership
        self._partitions = partitions
        self.at_once = at_once
        self._drivers: dict[int, GroupDriver] = {}
        self._held: Counter[int] = Counter()
        self._ends_of_holds: list[Timer] = []
        self.on_load: Callable[[], None] = _nobody_waits
        """Called when somebody loaded a partition, or all groups went with their topic."""

    @property
    def drivers(self) -> Mapping[int, GroupDriver]:
        """By node, of those that run."""
        return MappingProxyType(self._drivers)

    @property
    def is_ready(self) -> bool:
        """Whether there is a `__consumer_offsets`."""
        return self._offsets.topic is not None

    def prepare(self) -> bool:
        """See that there is a `__consumer_offsets`; False where it cannot be made."""
        if self._offsets.topic is not None:
            return True
        try:
            self._offsets.create()
        except TopicError:
            return False
        return True

    def partition_of(self, group_id: str) -> int:
        """The partition that keeps a group."""
        return partition_of(group_id, self._partitions)

    def node_of(self, group_id: str) -> int | None:
        """The node that coordinates a group; None while nobody does."""
        topic = self._offsets.topic
        if topic is None:
            return None
        node_id = self._leadership.leader(topic, self.partition_of(group_id)).node_id
        return node_id if node_id in self._drivers else None

    def add(self, node_id: int, driver: GroupDriver) -> None:
        """A node starts; it coordinates what it leads.

        Raises:
            StorageError: as `elect`; what comes after that partition is not coordinated either.
        """
        self._drivers[node_id] = driver
        topic = self._offsets.topic
        if topic is not None:
            for partition in range(topic.num_partitions):
                if self._leadership.leads(node_id, topic, partition):
                    self.elect(partition)

    def remove(self, node_id: int) -> None:
        """A node stops; it coordinates nothing any more, if it did."""
        driver = self._drivers.pop(node_id, None)
        if driver is not None:
            driver.resign_all()
            driver.close()

    def close(self) -> None:
        """The broker stops: nobody coordinates any more, and nobody is told."""
        for driver in self._drivers.values():
            driver.close()
        self._drivers.clear()
        for timer in self._ends_of_holds:
            timer.cancel()
        self._ends_of_holds.clear()

    def elect(self, partition: int) -> None:
        """The node that leads a partition coordinates its groups, and whoever did so before does
        not. Nothing happens while no node leads.

        Raises:
            StorageError: the log cannot be read; nobody coordinates the partition's groups before
                the next election.
        """
        topic = self._offsets.topic
        assert topic is not None
        node_id = self._leadership.leader(topic, partition).node_id
        for driver in self._drivers.values():
            driver.resign(partition)
        elected = self._drivers.get(node_id)
        if elected is not None:
            elected.elect(partition)
            if not self._held[partition]:
                self._load(elected, partition)

    def hold(self, partition: int) -> None:
        """Whoever is elected for a partition stays in loading until `release`; so often as it was
        held."""
        self._held[partition] += 1

    def hold_until(self, partition: int, at_ms: int, clock: Clock) -> None:
        """Hold it, and release it at that time, if the broker still runs then."""

        def release() -> None:
            self._ends_of_holds.remove(timer)
            self.release(partition)

        self.hold(partition)
        timer = clock.call_at(at_ms, release)
        self._ends_of_holds.append(timer)

    def release(self, partition: int) -> None:
        """Loading goes on."""
        self._held[partition] -= 1
        topic = self._offsets.topic
        if self._held[partition] or topic is None:
            return
        driver = self._drivers.get(self._leadership.leader(topic, partition).node_id)
        if driver is not None and driver.is_loading(partition):
            self._load(driver, partition)

    def topic_changed(self, name: str, partitions: int) -> None:
        """A topic was made, or deleted (0 partitions) with the offsets of it (O08)."""
        if name == OFFSETS_TOPIC:
            for partition in range(partitions):
                self.elect(partition)
        for driver in self._drivers.values() if not partitions else ():
            if name == OFFSETS_TOPIC:
                driver.resign_all()
            else:
                driver.topic_deleted(name)
        if name == OFFSETS_TOPIC and not partitions:
            self.on_load()

    def end_transaction(self, partition: int, producer: Producer, committed: bool) -> ErrorCode:
        """Tell the coordinator of a partition how a transaction ended; NONE once that counts.

        NOT_COORDINATOR or COORDINATOR_LOAD_IN_PROGRESS while nobody has the partition, any other
        error is its log's. Where the topic is gone there is nothing to tell.
        """
        if self._offsets.topic is None:
            return ErrorCode.NONE
        driver = self._driver_of(partition)
        if driver is None:
            return ErrorCode.NOT_COORDINATOR
        return driver.end_transaction(partition, producer, committed)

    def _driver_of(self, partition: int) -> GroupDriver | None:
        topic: Topic | None = self._offsets.topic
        if topic is None:
            return None
        return self._drivers.get(self._leadership.leader(topic, partition).node_id)

    def _load(self, driver: GroupDriver, partition: int) -> None:
        try:
            driver.load(partition)
        except OSError as error:
            driver.resign(partition)  # Kafka's has failed, too, and says NOT_COORDINATOR
            words = f"{OFFSETS_TOPIC}-{partition} cannot be read: {error.strerror or error}"
            raise StorageError(words) from error
        self.on_load()


def _nobody_waits() -> None:
    """Nobody has anything to tell to whoever loaded."""
