"""What a test may do to the nodes of an embedded broker: move, stop, start, hold in loading.

A control acts at once: when it returns, the next request sees what it did. Requests that were
waiting are answered as Kafka answers them (P04), and clients find their way by themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from rebalance.broker.errors import BrokerError, StorageError
from rebalance.broker.topics.topic import OFFSETS_TOPIC

if TYPE_CHECKING:
    from rebalance.broker.cluster import Cluster
    from rebalance.broker.faults.home import Home
    from rebalance.broker.nodes.node import Node
    from rebalance.broker.topics.topic import Topic

__all__ = ["LoadingHold", "NodeControls"]


class LoadingHold:
    """A coordinator that stays in loading until `release`, or to the end of a `with` block."""

    def __init__(self, cluster: Cluster, partition: int, home: Home) -> None:
        self._home = home
        self._cluster: Cluster | None = cluster
        self._partition = partition
        cluster.coordinators.hold(partition)

    def release(self) -> None:
        """Loading goes on, and ends. Twice does no harm."""
        self._home.do(self._release)

    def _release(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.coordinators.release(self._partition)

    def __enter__(self) -> LoadingHold:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class NodeControls(ABC):
    """The controls of an `EmbeddedBroker`; its nodes are called by their ids (`node.id`, + 1, ...).

    Every method raises BrokerError where the broker, or the node that it needs, does not run. What
    is no coroutine may be called from any thread; coroutines are the broker's own loop's alone, and
    in another one a BrokerError.
    """

    _nodes: dict[int, Node]
    _home: Home

    @abstractmethod
    def _running(self) -> Cluster:
        """The cluster; raises BrokerError while the broker does not run."""

    def _running_here(self) -> Cluster:
        """The cluster, for a coroutine; raises BrokerError also in another loop than its own."""
        cluster = self._running()
        self._home.check_loop()
        return cluster

    @property
    def running_nodes(self) -> tuple[int, ...]:
        """The ids of the nodes that run.

        Example:
            async with EmbeddedBroker(nodes=3) as broker:
                assert broker.running_nodes == (1, 2, 3)
        """
        return self._running().leadership.running

    def address_of(self, node_id: int) -> str:
        """Where a node listens, or did when it ran last: "127.0.0.1:PORT".

        Example:
            async with EmbeddedBroker(nodes=2) as broker:
                consumer = AIOKafkaConsumer(bootstrap_servers=broker.address_of(2))

        Raises:
            BrokerError: there is no such node.
        """
        node = self._node(node_id)
        return f"[{node.host}]:{node.port}" if ":" in node.host else f"{node.host}:{node.port}"

    def coordinator_of(self, group_id: str) -> int | None:
        """The node that coordinates a group, None while no node runs.

        Example:
            await broker.stop_node(broker.coordinator_of("orders-group"))
        """
        return self._home.do(lambda: self._coordinator_of(group_id))

    def _coordinator_of(self, group_id: str) -> int | None:
        self._offsets_topic()
        return self._running().coordinators.node_of(group_id)

    def leader_of(self, topic: str, partition: int) -> int:
        """The node that leads a partition, or led it last.

        Example:
            await broker.stop_node(broker.leader_of("orders", 0))

        Raises:
            BrokerError: there is no such partition.
        """
        return self._home.do(lambda: self._leader_of(topic, partition))

    def _leader_of(self, topic: str, partition: int) -> int:
        found = self._topic(topic, partition)
        return self._running().leadership.leader(found, partition).node_id

    async def move_coordinator(
        self, group_id: str, to: int | None = None, *, loading_ms: int = 0
    ) -> int:
        """Let another node coordinate a group, and all groups of the same partition.

        Requests that wait at the old one are answered NOT_COORDINATOR. The new one reads the log:
        members keep their ids and their generation, nobody need rebalance.

        Args:
            to: the node; None takes the next one that runs. The same node means that it is elected
                again.
            loading_ms: how long the new one answers COORDINATOR_LOAD_IN_PROGRESS, by the clock of
                the groups (`advance`, if it is virtual).

        Returns:
            The node that coordinates the group now.

        Example:
            async with EmbeddedBroker(nodes=3) as broker:
                ...  # consumers of "orders-group" come to rest
                await broker.move_coordinator("orders-group", loading_ms=500)
                ...  # they go on where they were

        Raises:
            BrokerError: the node does not run.
            StorageError: that another node leads cannot be kept, and nothing has changed; or it
                cannot read the log, and says NOT_COORDINATOR until one is chosen again.
        """
        cluster, topic = self._running_here(), self._offsets_topic()
        return self._move(topic, cluster.coordinators.partition_of(group_id), to, loading_ms)

    async def move_leader(self, topic: str, partition: int, to: int | None = None) -> int:
        """Let another node lead a partition; the old one says NOT_LEADER_OR_FOLLOWER.

        Example:
            await broker.move_leader("orders", 0, to=2)

        Returns:
            The node that leads it now.

        Raises:
            BrokerError: there is no such partition, or the node does not run.
            StorageError: as in `move_coordinator`.
        """
        self._running_here()
        return self._move(self._topic(topic, partition), partition, to)

    async def elect_preferred_leaders(self) -> None:
        """Let every partition be led by the first of its replicas that runs.

        A node that was stopped and started leads nothing before somebody calls this, or moves
        something to it.

        Example:
            await broker.start_node(2)
            await broker.elect_preferred_leaders()

        Raises:
            StorageError: as in `move_coordinator`.
        """
        cluster = self._running_here()
        self._elect(cluster, cluster.leadership.prefer(cluster.topics))

    async def stop_node(self, node_id: int, *, loading_ms: int = 0) -> None:
        """Stop a node: its port and its connections close, others lead and coordinate what it did.

        Also the last one can be stopped; then nothing listens, and the first that starts leads all.

        Args:
            loading_ms: how long the new coordinators answer COORDINATOR_LOAD_IN_PROGRESS.

        Example:
            async with EmbeddedBroker(nodes=3) as broker:
                await broker.stop_node(2)
                await broker.start_node(2)

        Raises:
            BrokerError: there is no such node, or it does not run.
            StorageError: that others lead cannot be kept, and the node runs on; or it has stopped,
                and another cannot read a log (see `move_coordinator`).
        """
        self._running_here()
        await self._take_out(self._running_node(node_id), loading_ms)

    async def start_node(self, node_id: int) -> None:
        """Start a node that was stopped, on the port that it had.

        It leads nothing (see `elect_preferred_leaders`), but all if no other node runs.

        Example:
            await broker.start_node(2)

        Raises:
            BrokerError: there is no such node, it runs already, or its port was taken meanwhile.
            StorageError: what it is to lead cannot be kept or read; it has not started.
        """
        self._running_here()
        if self._node(node_id).is_running:
            raise BrokerError(f"node {node_id} is running already")
        node = self._nodes[node_id]
        try:
            await node.open()
            await node.serve()
        except BaseException:
            # Others lead by now, or nobody does; so this finds nothing that it might fail to keep.
            await self._take_out(node)
            raise

    def hold_loading(self, group_id: str) -> LoadingHold:
        """Keep the coordinator of a group in loading: COORDINATOR_LOAD_IN_PROGRESS until released.

        It is elected again for that, so that requests that wait are answered NOT_COORDINATOR. It
        also holds whoever is elected meanwhile.

        Example:
            with broker.hold_loading("orders-group"):
                ...  # members are told to come again, a Heartbeat is answered NONE
            # from here on it is as it was

        Raises:
            StorageError: that it is elected again cannot be kept, and nothing has changed; or, at
                the hold's end, the log cannot be read (see `move_coordinator`).
        """
        return self._home.do(lambda: self._hold_loading(group_id))

    def _hold_loading(self, group_id: str) -> LoadingHold:
        cluster, topic = self._running(), self._offsets_topic()
        partition = cluster.coordinators.partition_of(group_id)
        leader = cluster.leadership.leader(topic, partition)
        cluster.leadership.move(topic, partition, leader.node_id)
        hold = LoadingHold(cluster, partition, self._home)
        cluster.elect(topic, partition)
        return hold

    def _move(self, topic: Topic, partition: int, to: int | None, loading_ms: int = 0) -> int:
        cluster = self._running()
        if to is None:
            running = cluster.leadership.running
            if not running:
                raise BrokerError("no node is running")
            leader = cluster.leadership.leader(topic, partition).node_id
            to = next((node_id for node_id in running if node_id > leader), running[0])
        self._running_node(to)
        cluster.leadership.move(topic, partition, to)
        self._elect(cluster, [(topic, partition)], loading_ms)
        return to

    async def _take_out(self, node: Node, loading_ms: int = 0) -> None:
        """A node stops; if that cannot be kept, nothing has changed."""
        cluster = self._running()
        moved = cluster.leadership.stop(node.node_id, cluster.topics)
        node.silence()
        cluster.coordinators.remove(node.node_id)
        try:
            self._elect(cluster, moved, loading_ms)
        finally:
            await node.gone()

    @staticmethod
    def _elect(cluster: Cluster, moved: Iterable[tuple[Topic, int]], loading_ms: int = 0) -> None:
        """Partitions have other leaders; coordinators among them load for some time.

        Raises:
            StorageError: of the first that cannot be read; all were elected.
        """
        failed: StorageError | None = None
        for topic, partition in moved:
            if loading_ms > 0 and topic.name == OFFSETS_TOPIC:
                until_ms = cluster.clock.now_ms() + loading_ms
                cluster.coordinators.hold_until(partition, until_ms, cluster.clock)
            try:
                cluster.elect(topic, partition)
            except StorageError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _offsets_topic(self) -> Topic:
        cluster = self._running()
        cluster.coordinators.prepare()
        topic = cluster.topics.get(OFFSETS_TOPIC)
        if topic is None:
            raise BrokerError(f"{OFFSETS_TOPIC} cannot be made")
        return topic

    def _topic(self, name: str, partition: int) -> Topic:
        topic = self._running().topics.get(name)
        if topic is None or not topic.has(partition):
            raise BrokerError(f"there is no partition {partition} of a topic {name!r}")
        return topic

    def _node(self, node_id: int) -> Node:
        self._running()
        node = self._nodes.get(node_id)
        if node is None:
            known = ", ".join(map(str, self._nodes))
            raise BrokerError(f"there is no node {node_id}; there are {known}")
        return node

    def _running_node(self, node_id: int) -> Node:
        node = self._node(node_id)
        if not node.is_running:
            raise BrokerError(f"node {node_id} is not running")
        return node
