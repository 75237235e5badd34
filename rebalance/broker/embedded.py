"""The embedded broker: a Kafka of one or several nodes inside this process, for real clients.

Everything is in memory, or in a directory that a broker after this one goes on with.
Starting it opens sockets and nothing else: codecs come with the first request that needs them.
Stopping it ends every connection and every waiting request, and leaves no task behind.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from rebalance.broker.cluster import Cluster, open_cluster
from rebalance.broker.config import BrokerConfig, read_settings
from rebalance.broker.controls.fault_controls import FaultControls
from rebalance.broker.controls.group_controls import GroupControls, Time
from rebalance.broker.controls.node_controls import NodeControls
from rebalance.broker.errors import BrokerError, SettingsError
from rebalance.broker.faults.arguments import is_whole
from rebalance.broker.nodes.node import Node
from rebalance.broker.state import Usage
from rebalance.broker.storage import MemoryStorage, Storage
from rebalance.broker.topics.topics import NewTopic, TopicError
from rebalance.broker.tracing import Tracer

if TYPE_CHECKING:
    from rebalance.broker.groups.driver import GroupDriver
    from rebalance.timeline.trace import Trace

__all__ = ["EmbeddedBroker"]

MOST_NODES = 100
_LAST_PORT, _LAST_NODE_ID = 65_535, 2**31 - 1

_WITH_DIRECTORY = {"log.retention.bytes": "-1"}
"""Kafka's default, where what is kept does not fill the memory."""


class EmbeddedBroker(NodeControls, FaultControls, GroupControls):
    """A broker of `nodes` nodes on `host`; `port` 0 takes free ones, else each node the next port.

    Args:
        settings: Kafka's property names with text values; see `BrokerConfig` and
            `CoordinatorConfig`. `node.id` is the first node's id, each further one has the next.
        nodes: how many; each leads its share of all partitions, and coordinates the groups whose
            partitions of `__consumer_offsets` it leads.
        data: a directory for topics, records, offsets and groups, made if it is not there; None
            keeps all in memory.
        offsets_topic_at_once: `__consumer_offsets` is made for the first question about a group,
            whose answer is good. False: as in Kafka who looks for a coordinator has it made and is
            answered COORDINATOR_NOT_AVAILABLE, and everybody else NOT_COORDINATOR until then (A06).
        trace: gets what happens to topics and groups, in the coordinator's view; True makes one
            that keeps all of it. `broker.trace` is either.
        trace_clock: milliseconds since the trace began; default: since this broker started.
        new_uuid: makes topic ids and the random part of member ids; inject a seeded one for runs
            that must repeat.
        time: "virtual": groups and transactions live by a clock that only `advance` moves.
        seed: of the chance in faults with a `probability`.

    Raises:
        SettingsError: a setting is unknown or not allowed, or the last node has no port or id.
        ValueError: `time` is neither "real" nor "virtual".
    """

    def __init__(
        self,
        settings: Mapping[str, str] = {},
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        nodes: int = 1,
        data: str | os.PathLike[str] | None = None,
        offsets_topic_at_once: bool = True,
        trace: Trace | Literal[True] | None = None,
        trace_clock: Callable[[], int] | None = None,
        new_uuid: Callable[[], uuid.UUID] = uuid.uuid4,
        time: Time = "real",
        seed: int = 0,
    ) -> None:
        FaultControls.__init__(self, seed)
        GroupControls.__init__(self, time, self._faults.home)
        if data is not None:
            settings = {**_WITH_DIRECTORY, **settings}
        self._config, self._group_config = read_settings(settings)
        if not (is_whole(nodes) and 1 <= nodes <= MOST_NODES):
            raise SettingsError(f"nodes={nodes!r}: expected a whole number from 1 to {MOST_NODES}")
        _check_last(self._config, port, nodes)
        self._node_ids = range(self._config.node_id, self._config.node_id + nodes)
        self._data = None if data is None else Path(data)
        self._settings = frozenset(settings)
        self._host, self._port = host, port
        self._offsets_topic_at_once = offsets_topic_at_once
        self._trace = self._own_trace() if trace is True else trace
        self._trace_clock = trace_clock
        self._tracer: Tracer | None = None
        self._new_uuid = new_uuid
        self._cluster: Cluster | None = None
        self._nodes: dict[int, Node] = {}

    async def __aenter__(self) -> EmbeddedBroker:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. A broker that was stopped starts empty, or with what its directory holds.

        Raises:
            BrokerError: it runs already, the directory cannot be used (`StorageError`), or an
                address cannot be had.
        """
        if self._cluster is not None:
            raise BrokerError("the broker is running already; stop() it first")
        address = await _one_address(self._host, self._port)
        if self._tracer is None:
            # Once for the broker's life: a trace's time never goes back.
            self._tracer = Tracer(self._trace, self._trace_clock or self._trace_clock_of_groups())
        self._home.is_here()
        storage = _storage(self._data)
        try:
            self._cluster = self._open(storage, self._tracer)
        except BaseException:
            storage.close()
            raise
        for number, node_id in enumerate(self._node_ids):
            port = self._port + number if self._port else 0
            self._nodes[node_id] = Node(node_id, self._cluster, address, port)
        try:
            for node in self._nodes.values():
                await node.open()
            for node in self._nodes.values():
                await node.serve()
        except BaseException:
            await self.stop()
            raise

    def _open(self, storage: Storage, tracer: Tracer) -> Cluster:
        return open_cluster(
            self._config,
            self._group_config,
            node_ids=self._node_ids,
            set_by_user=self._settings,
            storage=storage,
            tracer=tracer,
            new_uuid=self._new_uuid,
            offsets_topic_at_once=self._offsets_topic_at_once,
            clock=self._new_clock(),
            on_handled=self._waiters.look,
            faults=self._faults,
        )

    async def stop(self) -> None:
        """Close the ports and every connection; wait until all is gone. Twice does no harm.

        Whoever waits for a group (`wait_for_group`) or for a fault (`hit`, `wait`) is told by a
        BrokerError.

        Raises:
            BrokerError: it runs in another thread.
        """
        if self._cluster is not None and self._home.is_elsewhere:
            self._home.check_loop()
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            return
        nodes, self._nodes = tuple(self._nodes.values()), {}
        cluster.silence()
        self._waiters.give_up("the broker was stopped")
        self._faults.stopped()
        for node in nodes:
            node.silence()
        for node in nodes:
            await node.gone()
        cluster.close()

    @property
    def port(self) -> int:
        """The port that its first node listens on.

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        return next(iter(self._nodes.values())).port

    @property
    def bootstrap_servers(self) -> str:
        """What clients want as `bootstrap_servers`: "127.0.0.1:PORT", of each node.

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        return ",".join(map(self.address_of, self._nodes))

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it.

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        return all(node.is_local for node in self._nodes.values())

    def create_topic(self, name: str, partitions: int | None = None) -> None:
        """Create a topic without a client; no partitions given: `num.partitions`.

        Raises:
            BrokerError: it does not run, the name is taken or not allowed.
        """
        wanted = NewTopic(name=name, num_partitions=-1 if partitions is None else partitions)
        try:
            self._home.do(lambda: self._running().topics.create(wanted))
        except TopicError as error:
            raise BrokerError(str(error)) from None

    def _drivers(self) -> tuple[GroupDriver, ...]:
        return tuple(self._running().coordinators.drivers.values())

    def usage(self) -> Usage:
        """What it holds now: connections, topics, groups, records.

        Raises:
            BrokerError: it does not run.
        """
        return self._home.do(self._usage)

    def _usage(self) -> Usage:
        cluster = self._running()
        return Usage(
            connections=sum(len(node.connections) for node in self._nodes.values()),
            topics=sum(not topic.is_internal for topic in cluster.topics),
            partitions=cluster.topics.num_partitions,
            groups=sum(d.group_count for d in cluster.coordinators.drivers.values()),
            transactional_ids=cluster.transactions.id_count,
            log_bytes=cluster.topics.memory_bytes,
        )

    def _running(self) -> Cluster:
        if self._cluster is None:
            raise BrokerError("the broker is not running; start() it first")
        return self._cluster


def _check_last(config: BrokerConfig, port: int, nodes: int) -> None:
    """Each node has the next id, and the next port where there is a first.

    Raises:
        SettingsError: the last one's does not exist.
    """
    if not (is_whole(port) and port >= 0):
        raise SettingsError(f"port={port!r}: expected a port, or 0 for free ones")
    counted = [(f"node.id={config.node_id}", "id", config.node_id, _LAST_NODE_ID)]
    if port:
        counted.append((f"port={port}", "port", port, _LAST_PORT))
    if config.advertised is not None:
        setting = f"advertised.listeners={config.advertised_listeners!r}"
        counted.append((setting, "port", config.advertised[1], _LAST_PORT))
    for setting, what, first, last in counted:
        of_last = first + nodes - 1
        if of_last > last:
            raise SettingsError(
                f"{setting} and nodes={nodes}: the last node's {what} would be {of_last}, "
                f"beyond {last}"
            )


def _storage(data: Path | None) -> Storage:
    if data is None:
        return MemoryStorage()
    # Imported here: a broker in memory need not know how files are kept.
    from rebalance.broker.storage.directory import DataDirectory

    return DataDirectory(data)


async def _one_address(host: str, port: int) -> str:
    """One address of `host`: two of them with a free port each would be two brokers to a client.

    Raises:
        BrokerError: there is no such host.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host or "0.0.0.0", 0, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BrokerError(f"cannot listen on {host}:{port}: {error}") from error
    return str(found[0][4][0])
