"""The brokers of a simulation: what they share, and who coordinates which groups.

Rule kept (P01, P04): every partition of `__consumer_offsets` has one leader at most, and that one
coordinates its groups. When another is elected it reads the same log; what the one before had not
written, nobody knows any more (P02). A broker that crashes is replaced by the next that runs.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from assignors.model import TopicPartition
from rebalance.coordinator import GroupSnapshot
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.records import OffsetCommit, Record
from rebalance.simulation.checkers import Fact, Reading
from rebalance.simulation.network import Connection
from rebalance.simulation.node import Node
from rebalance.simulation.offsets_log import OffsetsLog
from rebalance.simulation.path import Path
from rebalance.simulation.world import World
from rebalance.timeline.trace import Event

__all__ = ["Cluster", "OnCommit", "OnForgotten"]

OnCommit = Callable[[str, Sequence[tuple[TopicPartition, int]]], None]
"""Told group id and offsets of every commit that became durable."""

OnForgotten = Callable[[str, TopicPartition], None]
"""Told group id and partition of every offset whose tombstone became durable."""


class Cluster:
    """Nodes 1, 2, ... and everything that they share."""

    def __init__(
        self,
        world: World,
        config: CoordinatorConfig,
        *,
        nodes: int,
        emit: Callable[[Event], None],
        on_commit: OnCommit,
        on_forgotten: OnForgotten,
        told: Callable[[Fact], None],
    ) -> None:
        self.topics: dict[str, int] = {}
        self.log = OffsetsLog()
        self.loading_ms = 0
        """How long a coordinator takes to load the groups of a partition."""
        self._world = world
        self._on_commit = on_commit
        self._on_forgotten = on_forgotten
        self._member_numbers = 0
        self._partitions = config.offsets_topic_num_partitions
        self._leaders: dict[int, int] = {}
        self._vacant: dict[int, int] = {}
        """Partition that nobody leads -> the number of the crash that left it so."""
        self._crashes = 0
        self.nodes = {
            node_id: Node(world, node_id, config, self, emit, told)
            for node_id in range(1, nodes + 1)
        }
        for node_id, node in self.nodes.items():
            led = range(node_id - 1, self._partitions, nodes)
            self._leaders.update(dict.fromkeys(led, node_id))
            node.lead(led)

    # --- what clients and nodes see --------------------------------------------------------------

    @property
    def addresses(self) -> Sequence[int]:
        """All node ids, whether they run or not."""
        return tuple(self.nodes)

    def connect(self, node_id: int, path: Path) -> Connection | None:
        """A new connection; None where nobody listens."""
        node = self.nodes[node_id]
        if not node.is_up:
            return None
        connection = Connection(self._world, node, path)
        node.accept(connection)
        return connection

    def coordinator_of(self, group_id: str) -> int | None:
        """The node that coordinates a group; None: nobody now."""
        return self._leaders.get(partition_of(group_id, self._partitions))

    def new_member_number(self) -> int:
        """One that was not given before."""
        self._member_numbers += 1
        return self._member_numbers

    def durable(self, records: Iterable[Record]) -> None:
        """These are in the log for good."""
        commits = (record for record in records if isinstance(record, OffsetCommit))
        for (group_id, gone), run in groupby(commits, _of_what):
            if gone:
                for record in run:
                    self._on_forgotten(group_id, record.partition)
            else:
                self._on_commit(
                    group_id, [(each.partition, each.value.offset) for each in run if each.value]
                )

    def group(self, group_id: str) -> GroupSnapshot | None:
        """The group as its coordinator has it; None: nobody has it now."""
        node_id = self.coordinator_of(group_id)
        return None if node_id is None else self.nodes[node_id].group(group_id)

    def clock_of(self, group_id: str) -> Reading:
        """What the clock of the group's coordinator shows; the world's, where nobody has it."""
        node_id = self.coordinator_of(group_id)
        return Reading(shown_ms=self._world.now) if node_id is None else self.nodes[node_id].reading

    # --- what happens to it ----------------------------------------------------------------------

    def topic(self, name: str, partitions: int) -> None:
        """There is such a topic, with more partitions perhaps, or (0) none any more (O08)."""
        if partitions:
            self.topics[name] = partitions
        elif self.topics.pop(name, 0):
            for node in self.nodes.values():
                node.topic_deleted(name)

    def move(self, group_id: str, node_id: int) -> None:
        """Another node coordinates this group, and all that share its partition.

        Raises:
            ValueError: as `check_move`.
        """
        self.check_move(group_id, node_id)
        partition = partition_of(group_id, self._partitions)
        leader = self._leaders.get(partition)
        if leader is not None:
            self.nodes[leader].resign(partition)
        self._elect(partition, node_id)

    def crash(self, node_id: int, failover_ms: int = 0) -> None:
        """A node is gone; after so long others lead what it led.

        Raises:
            ValueError: it does not run.
        """
        self.check_up(node_id)
        led = [partition for partition, leader in self._leaders.items() if leader == node_id]
        self._crashes += 1
        for partition in led:
            del self._leaders[partition]
            self._vacant[partition] = self._crashes
        self.nodes[node_id].crash(led)
        self._world.after(failover_ms, self._fail_over, self._crashes)

    def start(self, node_id: int) -> None:
        """A node that crashed runs again; it leads what nobody leads.

        Raises:
            ValueError: it runs already.
        """
        self.check_down(node_id)
        self.nodes[node_id].start()
        self._take_over(tuple(self._vacant))

    def check_move(self, group_id: str, node_id: int) -> None:
        """Raises ValueError where that node does not run, or coordinates the group already."""
        self.check_up(node_id)
        if self.coordinator_of(group_id) == node_id:
            raise ValueError(f"broker {node_id} coordinates {group_id} already")

    def check_up(self, node_id: int) -> None:
        """Raises ValueError where that node does not run."""
        if node_id not in self.nodes or not self.nodes[node_id].is_up:
            raise ValueError(f"broker {node_id} does not run")

    def check_down(self, node_id: int) -> None:
        """Raises ValueError where that node runs, or there is none."""
        if node_id not in self.nodes or self.nodes[node_id].is_up:
            raise ValueError(f"broker {node_id} is not one that crashed")

    def mend(self) -> None:
        """All nodes run, and no write fails."""
        for node_id, node in self.nodes.items():
            node.disk.mend()
            if not node.is_up:
                self.start(node_id)

    def _fail_over(self, crash: int) -> None:
        """Others lead what this crash left, and no other since."""
        self._take_over([p for p, number in self._vacant.items() if number == crash])

    def _take_over(self, partitions: Iterable[int]) -> None:
        running = [node_id for node_id, node in self.nodes.items() if node.is_up]
        if not running:
            return
        for partition in sorted(partitions):
            self._elect(partition, running[partition % len(running)])

    def _elect(self, partition: int, node_id: int) -> None:
        self._vacant.pop(partition, None)
        self._leaders[partition] = node_id
        self.nodes[node_id].elect(partition, self.loading_ms)


def _of_what(record: OffsetCommit) -> tuple[str, bool]:
    """Whose offset, and whether it is gone."""
    return record.group_id, record.value is None
