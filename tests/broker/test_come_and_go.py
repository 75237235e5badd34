"""Thousands of connections come and go in every manner; what they held goes with them.

Counted is what the broker says that it holds, and what the event loop and the operating system do:
tasks, timers, descriptors. A connection that ends while its request waits is served to the end of
that request, as in Kafka; so the waits are short here.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from rebalance.broker import EmbeddedBroker
from rebalance.broker.state import Usage
from rebalance.protocol.states import GroupState
from tests.broker.handlers.test_groups import join_of
from tests.broker.raw import connected, framed, request_body, run, until

SETTINGS = {
    "group.initial.rebalance.delay.ms": "20",
    "group.min.session.timeout.ms": "1",
}
GROUPS = [f"group-{number}" for number in range(20)]
AT_ONCE = 50
_HARD = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


def _join(group: str, version: int) -> bytes:
    asked = join_of(group, session_timeout=50, rebalance_timeout=50)
    return framed(request_body("join_group", version, asked))


def _fetch(max_wait: int) -> bytes:
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}
    topics = [{"topic": "orders", "partitions": [part]}]
    waits = {"replica_id": -1, "max_wait": max_wait, "min_bytes": 1, "max_bytes": 1000}
    return framed(request_body("fetch", 11, {**waits, "topics": topics}))


_METADATA = framed(request_body("metadata", 1, {"topics": None}))
_BEGIN = framed(
    request_body("init_producer_id", 4, {"transactional_id": "one", "transaction_timeout": 60_000})
)
_MANNERS: list[tuple[bytes, bool]] = [
    (b"", False),  # never says a word
    (b"\0\0", False),  # inside of a frame's size
    (_METADATA[:20], False),  # inside of a frame
    (b"GET / HTTP/1.1\r\n\r\n", False),
    (_METADATA, True),
    (_METADATA * 20, False),  # does not wait for what it asked
    (_fetch(100), False),  # held
    (_fetch(100) + _METADATA, True),
    (_BEGIN, True),
]
"""What is sent, and whether an answer is waited for."""


async def _visit(broker: EmbeddedBroker, random: Random) -> None:
    """One connection: says something, perhaps hears something, and goes, gently or not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    sent, waits = random.choice(
        [
            *_MANNERS,
            (_join(random.choice(GROUPS), 3), False),  # parked
            (_join(random.choice(GROUPS), 3), True),  # a member, and then a dead one
            (_join(random.choice(GROUPS), 9), True),  # has an id, and never comes back
        ]
    )
    writer.write(sent)
    if waits:
        await reader.readexactly(4)
    if random.random() < 0.5:
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
    writer.transport.abort()


def _descriptors() -> int:
    """Open files of this process, where the system tells."""
    directory = Path("/proc/self/fd")
    return len(os.listdir(directory)) if directory.is_dir() else 0


def _timers() -> int:
    """Handles that the loop will call, the cancelled ones left out."""
    scheduled: list[Any] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum(not handle.cancelled() for handle in scheduled)


async def _settled(broker: EmbeddedBroker) -> tuple[Usage, int, int, int]:
    """What is held once every visitor is noticed to be gone, and every session is over."""

    def is_quiet() -> bool:
        groups = [broker.group(group_id) for group_id in GROUPS]
        return broker.usage().connections == 0 and all(
            group is None or (group.state is GroupState.EMPTY and not group.pending_member_ids)
            for group in groups
        )

    await until(is_quiet)
    return broker.usage(), len(asyncio.all_tasks()), _timers(), _descriptors()


async def _come_and_go(broker: EmbeddedBroker, count: int, random: Random) -> None:
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            await _visit(broker, random)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


def test_two_thousand_connections_leave_nothing_behind() -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS) as broker:
            broker.create_topic("orders", 1)
            random = Random(1)
            async with connected(broker) as client:
                for group_id in GROUPS:  # all are there from the start, so that none can be new
                    client.send("join_group", 9, join_of(group_id, session_timeout=50))
                    await client.receive("join_group", 9)
            await _come_and_go(broker, 100, random)
            before = await _settled(broker)
            assert before[0].groups == len(GROUPS)
            await _come_and_go(broker, 2000, random)
            after = await _settled(broker)
            # Records of groups are compacted when a partition has grown to a megabyte.
            assert after[0].log_bytes < 2**20 * 50
            assert (replace(after[0], log_bytes=0), *after[1:]) == (
                replace(before[0], log_bytes=0),
                *before[1:],
            )
            async with connected(broker) as client:
                assert (await client.ask("metadata", 1, {"topics": None})).brokers

    run(main())
