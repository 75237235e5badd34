"""Connections of raw members, and a group that answers before anybody measures."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable

from benchmarks.load.frames import SIZE, request, response
from benchmarks.load.member import RawMember

__all__ = ["address", "connect_all", "until_coordinated"]

AT_ONCE = 25
"""Half of Kafka's `socket.listen.backlog.size`: beyond it the kernel drops and waits a second."""

_LOADING = {14, 15, 16}
"""COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR."""


def address(servers: str) -> tuple[str, int]:
    """Host and port of "host:port"."""
    host, _, port = servers.rpartition(":")
    return host, int(port)


async def connect_all(servers: str, members: Iterable[RawMember]) -> None:
    """Connect each, `AT_ONCE` at a time, and have it join once it is connected."""
    loop = asyncio.get_running_loop()
    host, port = address(servers)
    left = iter(members)

    async def connect() -> None:
        for member in left:

            def made(member: RawMember = member) -> RawMember:
                return member

            await loop.create_connection(made, host, port)
            member.join()

    await asyncio.gather(*(connect() for _ in range(AT_ONCE)))


async def until_coordinated(servers: str, group_id: str) -> None:
    """Until the group's coordinator answers: Kafka makes `__consumer_offsets` first."""
    reader, writer = await asyncio.open_connection(*address(servers))

    async def ask(name: str, version: int, body: dict[str, object]) -> dict[str, object]:
        writer.write(request(name, version, body))
        (size,) = struct.unpack(">i", await reader.readexactly(SIZE.size))
        return response(name, version, await reader.readexactly(size))

    member = {"group_id": group_id, "generation_id": 0, "member_id": "nobody"}
    while True:
        found = await ask("find_coordinator", 3, {"key": group_id, "key_type": 0})
        if found["error_code"] not in _LOADING:
            answer = await ask("heartbeat", 3, member)
            if answer["error_code"] not in _LOADING:
                break
    writer.close()
    await writer.wait_closed()
