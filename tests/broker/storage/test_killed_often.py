"""A broker that is killed again and again, at moments of chance, some in the middle of a write.

Each life ends when so many answers came, with other requests on their way. Then some logs get the
beginning of a batch at their end, as a machine's death may leave it. What was answered must be
there in every later life, and of what was not answered each record once at most.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.broker.batch_maker import batch, values
from tests.broker.handlers.test_offsets import ready
from tests.broker.handlers.test_produce import produce
from tests.broker.raw import RawConnection, connected, create_topic
from tests.cli.serving import served
from tests.support.aio import run

TOPIC, PARTITIONS, GROUPS = "orders", 4, 3
LIVES = 10


@dataclass(frozen=True)
class _Served:
    bootstrap_servers: str


@dataclass
class _Ledger:
    """What was answered, over all lives."""

    records: dict[int, dict[int, bytes]] = field(
        default_factory=lambda: {partition: {} for partition in range(PARTITIONS)}
    )
    """Partition -> offset -> value."""
    offsets: dict[str, int] = field(default_factory=dict)
    """Group -> the last offset it committed."""
    sent: int = 0
    answers: int = 0


async def _produce(client: RawConnection, partition: int, ledger: _Ledger) -> None:
    ledger.sent += 1
    value = b"%d" % ledger.sent
    answer = await produce(client, TOPIC, batch(value), partition=partition)
    assert answer.error_code.value == 0
    ledger.records[partition][answer.base_offset] = value


async def _commit(client: RawConnection, group: str, ledger: _Ledger) -> None:
    ledger.sent += 1
    offset = ledger.sent
    assert await _committed(client, group, offset) == 0
    ledger.offsets[group] = offset


async def _committed(client: RawConnection, group: str, offset: int) -> int:
    part = {"partition_index": 0, "committed_offset": offset, "committed_metadata": ""}
    topics = [{"name": TOPIC, "partitions": [part | {"committed_leader_epoch": -1}]}]
    fields = {"group_id": group, "generation_id_or_member_epoch": -1, "topics": topics}
    answer = await client.ask("offset_commit", 8, fields)
    code: int = answer.topics[0].partitions[0].error_code.value
    return code


async def _live(broker: _Served, ledger: _Ledger, is_over: Callable[[], bool]) -> None:
    """Everybody asks as fast as answers come, until the broker is gone."""

    async def ask(what: Callable[[RawConnection], Any]) -> None:
        async with connected(broker) as client:
            with suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    await what(client)
                    ledger.answers += 1
                    is_over()

    await asyncio.gather(
        *(ask(lambda c, p=p: _produce(c, p, ledger)) for p in range(PARTITIONS)),
        *(ask(lambda c, g=f"group-{n}": _commit(c, g, ledger)) for n in range(GROUPS)),
    )


async def _read(client: RawConnection, partition: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while True:
        part = {"partition": partition, "fetch_offset": len(found), "partition_max_bytes": 10**6}
        topics = [{"topic": TOPIC, "partitions": [part]}]
        fields = {"max_wait": 0, "min_bytes": 0, "max_bytes": 10**6, "topics": topics}
        answer = await client.ask("fetch", 4, {"replica_id": -1, **fields})
        records = answer.responses[0].partitions[0].records
        if not records:
            return found
        found += values(records)


async def _check(client: RawConnection, ledger: _Ledger) -> None:
    """Nothing that was answered is missing, and nothing is there twice."""
    seen: list[bytes] = []
    for partition, answered in ledger.records.items():
        found = await _read(client, partition)
        assert [offset for offset, _ in found] == list(range(len(found)))
        assert dict(found).items() >= answered.items()
        seen += [value for _, value in found]
    assert len(seen) == len(set(seen))
    for group, offset in ledger.offsets.items():
        asked = [{"name": TOPIC, "partition_indexes": [0]}]
        answer = await client.ask("offset_fetch", 5, {"group_id": group, "topics": asked})
        assert answer.topics[0].partitions[0].committed_offset >= offset


@asynccontextmanager
async def _broker(data: Path) -> AsyncIterator[tuple[subprocess.Popen[str], _Served]]:
    arguments = ("--data", str(data), "--set", "log.segment.bytes=1048576")
    with served(*arguments) as (process, servers):
        yield process, _Served(servers)


def _tear(data: Path, chance: random.Random) -> int:
    """Some logs end in a batch of which a part was written; how many."""
    torn = 0
    for directory in data.glob("*-*"):
        newest = max(directory.glob("*.log"))
        whole = newest.read_bytes()
        if whole and chance.random() < 0.5:
            size = 12 + int.from_bytes(whole[8:12], "big")
            with newest.open("ab") as file:
                file.write(whole[: chance.randrange(1, size)])
            torn += 1
    return torn


def test_p02_killed_in_a_loop_with_torn_tails(tmp_path: Path) -> None:
    chance = random.Random(8)
    ledger = _Ledger()
    data = tmp_path / "data"
    torn = 0

    async def life(number: int) -> int:
        async with _broker(data) as (process, broker):
            async with connected(broker) as client:
                if number == 0:
                    await create_topic(client, TOPIC, PARTITIONS)
                    await ready(client, "group-0")
                await _check(client, ledger)
            end = ledger.answers + chance.randrange(1, 400)

            def is_over() -> bool:
                if ledger.answers >= end:
                    process.kill()
                return process.returncode is not None

            await _live(broker, ledger, is_over)
            _, said = process.communicate()
            assert said.count("were cut off; the log goes on at offset") == torn, said
        return _tear(data, chance)

    for number in range(LIVES):
        torn = run(life(number))
    assert ledger.answers > LIVES * 20
