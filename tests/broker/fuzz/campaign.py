"""Many hostile frames against one broker, and what must hold all the while.

Frames come in connections of a few, many connections at a time; each says all it has, hangs up its
sending side, and must then be answered or closed to its end. In between an honest client must be
served. The broker is in this process: what it logs as its own failure, what tasks and what memory
it keeps can be seen.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from rebalance.broker import EmbeddedBroker
from tests.broker.batch_maker import batch, values
from tests.broker.fuzz.mutations import frame
from tests.broker.fuzz.requests import draw
from tests.broker.raw import connected

SETTINGS = {
    "connections.max.idle.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "log.memory.bytes": str(2**22),
    "max.groups": "50",
    "max.partitions": "200",
    "socket.request.max.bytes": str(2**20),
}
"""A parked request ends with its connection, soon; everything else has a small bound."""

DEADLINE_S = 30.0
_FRAMES_A_CONNECTION = 4
"""What cannot be read ends a connection, and what comes after it is lost."""
_AT_A_TIME = 250


@dataclass
class Campaign:
    """Frames from one seed. `seen` counts what came of them."""

    broker: EmbeddedBroker
    chance: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    async def run(self, frames: int) -> None:
        """Send until that many frames were sent; `prepare` comes first.

        Raises:
            AssertionError: a connection hangs, or an honest client is not served.
        """
        while self.seen["frames"] < frames:
            async with asyncio.TaskGroup() as together:
                for _ in range(_AT_A_TIME):
                    together.create_task(self._connection(self._frames()))
            await self.serve_honestly()

    def _frames(self) -> list[bytes]:
        return [frame(self.chance, draw(self.chance)) for _ in range(_FRAMES_A_CONNECTION)]

    async def prepare(self) -> None:
        """The honest client's topic and group, while there is room for them."""
        self.broker.create_topic("honest", 1)
        async with connected(self.broker) as client:
            await client.ask("offset_commit", 8, _commit(0))

    async def serve_honestly(self) -> None:
        """A record produced is fetched, an offset committed is read."""
        async with asyncio.timeout(DEADLINE_S), connected(self.broker) as client:
            data = [{"name": "honest", "partition_data": [{"index": 0, "records": batch(b"x")}]}]
            made = await client.ask("produce", 9, {"acks": -1, "timeout": 1000, "topic_data": data})
            (part,) = made.responses[0].partition_responses
            assert part.error_code.value == 0, part
            read = await client.ask("fetch", 12, _fetch(part.base_offset))
            assert values(read.responses[0].partitions[0].records) == [(part.base_offset, b"x")]
            await client.ask("offset_commit", 8, _commit(part.base_offset))
            asked = [
                {"group_id": "honest", "topics": [{"name": "honest", "partition_indexes": [0]}]}
            ]
            told = await client.ask("offset_fetch", 8, {"groups": asked})
            assert told.groups[0].topics[0].partitions[0].committed_offset == part.base_offset
        self.seen["honest clients"] += 1

    async def _connection(self, frames: list[bytes]) -> None:
        host, _, port = self.broker.bootstrap_servers.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.timeout(DEADLINE_S):
                writer.write(b"".join(frames))
                writer.write_eof()
                answered = await reader.read(-1)
            self.seen["answers"] += _count(answered)
        except OSError:
            self.seen["connections reset"] += 1
        except TimeoutError:
            raise AssertionError(f"no answer and no end to {[f.hex() for f in frames]}") from None
        finally:
            writer.transport.abort()
            self.seen["frames"] += len(frames)


def _count(answers: bytes) -> int:
    """How many frames there are, every one of them whole."""
    count = at = 0
    while at < len(answers):
        at += 4 + int.from_bytes(answers[at : at + 4], "big")
        count += 1
    assert at == len(answers), "an answer is not whole"
    return count


def _commit(offset: int) -> dict[str, object]:
    part = {
        "partition_index": 0,
        "committed_offset": offset,
        "committed_leader_epoch": -1,
        "committed_metadata": "",
    }
    topics = [{"name": "honest", "partitions": [part]}]
    return {"group_id": "honest", "generation_id_or_member_epoch": -1, "topics": topics}


def _fetch(offset: int) -> dict[str, object]:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 10_000}
    return {
        "replica_id": -1,
        "max_wait": 0,
        "min_bytes": 1,
        "max_bytes": 10_000,
        "topics": [{"topic": "honest", "partitions": [part]}],
    }
