"""The embedded broker: a Kafka of one node inside this process, for real clients.

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
from types import TracebackType
from typing import TYPE_CHECKING

from rebalance.broker.broker_configs import BrokerConfigs
from rebalance.broker.config import read_settings
from rebalance.broker.connection import serve
from rebalance.broker.driver import GroupDriver
from rebalance.broker.errors import BrokerError
from rebalance.broker.group_limits import GroupLimits
from rebalance.broker.state import BrokerState, Usage
from rebalance.broker.topics import NewTopic, TopicError, TopicStore
from rebalance.broker.tracing import Tracer

if TYPE_CHECKING:
    from rebalance.coordinator import GroupSnapshot
    from rebalance.timeline.trace import Trace

__all__ = ["EmbeddedBroker"]

CLUSTER_ID = "embedded-kafka-broker0"
"""22 letters, as Kafka's are."""

LINGER_SECONDS = 2.0
"""How long a connection that ends may take to hand out its last answers; then it is cut."""

_READ_AHEAD_BYTES = 2**18


class EmbeddedBroker:
    """A broker of one node on `host`; `port` 0 takes a free one.

    Args:
        settings: Kafka's property names with text values; see `BrokerConfig` and
            `CoordinatorConfig`.
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
        trace: Trace | None = None,
        trace_clock: Callable[[], int] | None = None,
        new_uuid: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._config, self._group_config = read_settings(settings)
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
        """Listen. A broker that was stopped starts empty.

        Raises:
            BrokerError: it runs already, or the address cannot be had.
        """
        if self._server is not None:
            raise BrokerError("the broker is running already; stop() it first")
        if self._tracer is None:
            # Once for the broker's life: a trace's time never goes back.
            self._tracer = Tracer(self._trace, self._trace_clock)
        tracer = self._tracer
        topics = TopicStore(self._config, self._new_uuid)
        topics.on_change = tracer.topic
        limits = GroupLimits(
            max_groups=self._config.max_groups,
            max_group_id_length=self._config.max_group_id_length,
        )
        groups = GroupDriver(self._group_config, self._new_uuid, tracer, limits)
        self._state = BrokerState(
            config=self._config,
            cluster_id=CLUSTER_ID,
            topics=topics,
            groups=groups,
            configs=BrokerConfigs(self._config, self._group_config, self._settings),
        )
        try:
            self._server = await asyncio.start_server(
                self._accept,
                await _one_address(self._host),
                self._port,
                limit=_READ_AHEAD_BYTES,
                backlog=1024,
            )
        except OSError as error:
            raise BrokerError(self._why_not(error)) from error

    async def stop(self) -> None:
        """Close the port and every connection; wait until all is gone. Twice does no harm."""
        server, self._server = self._server, None
        if server is None or self._state is None:
            return
        server.close()
        self._state.groups.close()
        connections = list(self._connections.items())
        for task, writer in connections:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)
        for _, writer in connections:
            await _until_gone(writer)
        await server.wait_closed()

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
            topics=len(state.topics),
            partitions=state.topics.num_partitions,
            groups=state.groups.group_count,
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
