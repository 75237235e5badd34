"""One node: a port, its connections, and the coordinator of the groups whose partitions it leads.

Kept: whoever stops a node waits until every connection and every waiting request of it is gone, and
no task is left; a node that starts again has the port that it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
from typing import TYPE_CHECKING

from rebalance.broker.connection import serve
from rebalance.broker.errors import BrokerError
from rebalance.broker.state import BrokerState

if TYPE_CHECKING:
    from rebalance.broker.cluster import Cluster

__all__ = ["Node"]

LINGER_SECONDS = 2.0
"""How long a connection that ends may take to hand out its last answers; then it is cut."""

_READ_AHEAD_BYTES = 2**18


class Node:
    """A node of a cluster on one address; `port` 0 takes a free one."""

    def __init__(self, node_id: int, cluster: Cluster, address: str, port: int) -> None:
        self.node_id = node_id
        self._cluster = cluster
        self._address, self._port = address, port
        self._server: asyncio.Server | None = None
        self.state: BrokerState | None = None
        """What its handlers work on, as long as it runs."""
        self.connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def is_running(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self._address).is_loopback

    @property
    def host(self) -> str:
        """The address at which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._address, self._address)

    @property
    def port(self) -> int:
        """The port it listens on, or did when it ran last."""
        return self._port

    async def open(self) -> None:
        """Take the port; who connects is not heard before `serve`.

        Whatever this or `serve` raises, `silence` and `gone` undo what was done.

        Raises:
            BrokerError: the address cannot be had, or (`StorageError`) what the node is to lead
                cannot be kept or read.
        """
        try:
            self._server = await asyncio.start_server(
                self._accept,
                self._address,
                self._port,
                limit=_READ_AHEAD_BYTES,
                backlog=1024,
                start_serving=False,
            )
        except OSError as error:
            raise BrokerError(self._why_not(error)) from error
        self._port = self._server.sockets[0].getsockname()[1]
        self._cluster.ports[self.node_id] = self._port
        self._cluster.leadership.start(self.node_id, self._cluster.topics)
        self.state = BrokerState(self.node_id, self._cluster, self._cluster.new_driver())
        self._cluster.coordinators.add(self.node_id, self.state.groups)

    async def serve(self) -> None:
        """Listen.

        Raises:
            BrokerError: somebody else listens there.
        """
        assert self._server is not None
        try:
            await self._server.start_serving()
        except OSError as error:
            raise BrokerError(self._why_not(error)) from error

    def silence(self) -> None:
        """Close the port and cut all connections; `gone` waits for them."""
        if self._server is None:
            return
        self._server.close()
        for task, writer in self.connections.items():
            task.cancel()
            writer.transport.abort()

    async def gone(self) -> None:
        """Wait until nothing of it is left."""
        server, self._server, self.state = self._server, None, None
        if server is None:
            return
        self._cluster.ports.pop(self.node_id, None)
        connections = list(self.connections.items())
        await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)
        for _, writer in connections:
            await _until_gone(writer)
        await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (
            self._server is None
            or not self._server.is_serving()
            or self.state is None
            or len(self.connections) >= self._cluster.config.max_connections
        ):
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(self.state, reader, writer))
        self.connections[task] = writer
        task.add_done_callback(lambda done: self.connections.pop(done, None))

    @staticmethod
    async def _serve(
        state: BrokerState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection to its end; the task that runs this counts it as long as it is open.

        Whoever stops the node sees what is counted and nothing else; so does `max.connections`.
        """
        try:
            await serve(state, reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            await _end(writer)

    def _why_not(self, error: OSError) -> str:
        where = f"{self._address}:{self._port}"
        if error.errno == errno.EADDRINUSE:
            return (
                f"cannot listen on {where}: the port is in use; take another, or 0 for a free one"
            )
        if error.errno is None or isinstance(error, socket.gaierror):
            return f"cannot listen on {where}: {error}"
        return f"cannot listen on {where}: {os.strerror(error.errno)}"


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
