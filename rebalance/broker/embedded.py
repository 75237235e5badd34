"""The embedded broker: a Kafka of one node inside this process, for real clients.

Everything is in memory, or in a directory that a broker after this one goes on with.
Starting it opens a socket and nothing else: codecs come with the first request that needs them.
Stopping it ends every connection and every waiting request, and leaves no task behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rebalance.broker.broker_configs import BrokerConfigs
from rebalance.broker.config import read_settings
from rebalance.broker.connection import serve
from rebalance.broker.driver import GroupDriver
from rebalance.broker.errors import BrokerError
from rebalance.broker.group_limits import GroupLimits
from rebalance.broker.kept_configs import KeptConfigs
from rebalance.broker.offsets_topic import OffsetsTopic, offsets_topic
from rebalance.broker.state import BrokerState, Usage
from rebalance.broker.storage import MemoryStorage, Storage
from rebalance.broker.topics import NewTopic, TopicError, TopicStore
from rebalance.broker.tracing import Tracer
from rebalance.broker.transactions import TransactionLimits, Transactions
from rebalance.protocol.java_hash import partition_of

if TYPE_CHECKING:
    from rebalance.coordinator import GroupSnapshot
    from rebalance.timeline.trace import Trace

__all__ = ["EmbeddedBroker"]

CLUSTER_ID = "embedded-kafka-broker0"
"""22 letters, as Kafka's are."""

LINGER_SECONDS = 2.0
"""How long a connection that ends may take to hand out its last answers; then it is cut."""

_READ_AHEAD_BYTES = 2**18

_WITH_DIRECTORY = {"log.retention.bytes": "-1"}
"""Kafka's default, where what is kept does not fill the memory."""


class EmbeddedBroker:
    """A broker of one node on `host`; `port` 0 takes a free one.

    Args:
        settings: Kafka's property names with text values; see `BrokerConfig` and
            `CoordinatorConfig`.
        data: a directory for topics, records, offsets and groups, made if it is not there; None
            keeps all in memory.
        trace: gets what happens to topics and groups, in the coordinator's view.
        trace_clock: milliseconds since the trace began; default: since this broker started.
        new_uuid: makes topic ids and the random part of member ids; inject a seeded one for runs
            that must repeat.

    Raises:
        SettingsError: a setting is unknown or not allowed.
    """

    def __init__(
        self,
        settings: Mapping[str, str] = {},
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data: Path | None = None,
        trace: Trace | None = None,
        trace_clock: Callable[[], int] | None = None,
        new_uuid: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        if data is not None:
            settings = {**_WITH_DIRECTORY, **settings}
        self._config, self._group_config = read_settings(settings)
        self._data = data
        self._settings = frozenset(settings)
        self._host, self._port = host, port
        self._trace, self._trace_clock = trace, trace_clock
        self._tracer: Tracer | None = None
        self._new_uuid = new_uuid
        self._server: asyncio.Server | None = None
        self._state: BrokerState | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

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
            BrokerError: it runs already, the directory cannot be used (`StorageError`), or the
                address cannot be had.
        """
        if self._server is not None:
            raise BrokerError("the broker is running already; stop() it first")
        if self._tracer is None:
            # Once for the broker's life: a trace's time never goes back.
            self._tracer = Tracer(self._trace, self._trace_clock)
        storage = _storage(self._data)
        try:
            self._state = self._new_state(storage, self._tracer)
        except BaseException:
            storage.close()
            raise
        try:
            self._server = await asyncio.start_server(
                self._accept,
                await _one_address(self._host),
                self._port,
                limit=_READ_AHEAD_BYTES,
                backlog=1024,
            )
        except BaseException as error:
            self._close_state()
            if isinstance(error, OSError):
                raise BrokerError(self._why_not(error)) from error
            raise

    def _new_state(self, storage: Storage, tracer: Tracer) -> BrokerState:
        """Everything that requests work on, with what the storage holds."""
        config, groups = self._config, self._group_config
        internal = offsets_topic(
            groups.offsets_topic_num_partitions, config.offsets_topic_segment_bytes
        )
        topics = TopicStore(config, self._new_uuid, storage, [internal])
        for topic in topics:
            tracer.topic(topic.name, topic.num_partitions)
        limits = GroupLimits(
            max_groups=config.max_groups, max_group_id_length=config.max_group_id_length
        )
        driver = GroupDriver(groups, self._new_uuid, tracer, OffsetsTopic(topics), limits)

        def on_change(name: str, partitions: int) -> None:
            tracer.topic(name, partitions)
            if not partitions:
                driver.topic_deleted(name)

        topics.on_change = on_change
        return BrokerState(
            config=config,
            cluster_id=CLUSTER_ID,
            topics=topics,
            groups=driver,
            configs=BrokerConfigs(config, groups, self._settings),
            kept_configs=KeptConfigs(storage),
            transactions=Transactions(
                topics.next_producer_id,
                lambda group_id: partition_of(group_id, groups.offsets_topic_num_partitions),
                driver.end_transaction,
                TransactionLimits(
                    id_expiration_ms=config.transactional_id_expiration_ms,
                    most_ids=config.max_transactional_ids,
                ),
            ),
        )

    def _close_state(self) -> None:
        if self._state is not None:
            self._state.transactions.close()
            self._state.groups.close()
            self._state.retention.close()
            self._state.topics.close()

    async def stop(self) -> None:
        """Close the port and every connection; wait until all is gone. Twice does no harm."""
        server, self._server = self._server, None
        if server is None or self._state is None:
            return
        server.close()
        self._state.transactions.close()
        self._state.groups.close()
        connections = list(self._connections.items())
        for task, writer in connections:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)
        for _, writer in connections:
            await _until_gone(writer)
        await server.wait_closed()
        self._close_state()

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def bootstrap_servers(self) -> str:
        """What clients want as `bootstrap_servers`: "127.0.0.1:PORT".

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it.

        Raises:
            BrokerError: it does not run.
        """
        self._running()
        assert self._server is not None
        return ipaddress.ip_address(self._server.sockets[0].getsockname()[0]).is_loopback

    def create_topic(self, name: str, partitions: int | None = None) -> None:
        """Create a topic without a client; no partitions given: `num.partitions`.

        Raises:
            BrokerError: it does not run, the name is taken or not allowed.
        """
        wanted = NewTopic(name=name, num_partitions=-1 if partitions is None else partitions)
        try:
            self._running().topics.create(wanted)
        except TopicError as error:
            raise BrokerError(str(error)) from None

    def group(self, group_id: str) -> GroupSnapshot | None:
        """A group as the coordinator sees it now, or None when nobody has heard of it.

        Raises:
            BrokerError: it does not run.
        """
        return self._running().groups.group(group_id)

    def usage(self) -> Usage:
        """What it holds now: connections, topics, groups, records.

        Raises:
            BrokerError: it does not run.
        """
        state = self._running()
        return Usage(
            connections=len(self._connections),
            topics=sum(not topic.is_internal for topic in state.topics),
            partitions=state.topics.num_partitions,
            groups=state.groups.group_count,
            transactional_ids=state.transactions.id_count,
            log_bytes=state.topics.memory_bytes,
        )

    def _running(self) -> BrokerState:
        if self._server is None or self._state is None:
            raise BrokerError("the broker is not running; start() it first")
        return self._state

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (
            self._server is None
            or self._state is None
            or len(self._connections) >= self._state.config.max_connections
        ):
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(self._state, reader, writer))
        self._connections[task] = writer
        task.add_done_callback(lambda done: self._connections.pop(done, None))

    @staticmethod
    async def _serve(
        state: BrokerState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection to its end; the task that runs this counts it as long as it is open.

        `stop()` sees what is counted and nothing else, and so does `max.connections`.
        """
        try:
            await serve(state, reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            await _end(writer)

    def _why_not(self, error: OSError) -> str:
        where = f"{self._host}:{self._port}"
        if error.errno == errno.EADDRINUSE:
            return (
                f"cannot listen on {where}: the port is in use; take another, or 0 for a free one"
            )
        if error.errno is None or isinstance(error, socket.gaierror):
            return f"cannot listen on {where}: {error}"
        reason = os.strerror(error.errno)
        return f"cannot listen on {where}: {reason}"


def _storage(data: Path | None) -> Storage:
    if data is None:
        return MemoryStorage()
    # Imported here: a broker in memory need not know how files are kept.
    from rebalance.broker.storage.directory import DataDirectory

    return DataDirectory(data)


async def _end(writer: asyncio.StreamWriter) -> None:
    """Hand out what is left to send, for `LINGER_SECONDS`; then cut: the peer may never read."""
    writer.close()
    gone = asyncio.ensure_future(_until_gone(writer))
    try:
        await asyncio.wait((gone,), timeout=LINGER_SECONDS)
    finally:
        writer.transport.abort()
        await asyncio.wait((gone,))


async def _until_gone(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _one_address(host: str) -> str:
    """One address of `host`: two of them with a free port each would be two brokers to a client."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or "0.0.0.0", 0, type=socket.SOCK_STREAM)
        return str(found[0][4][0])
