"""A thousand members of twenty groups beat at a fixed rate, in this process.

The rate does not wait for answers: a heartbeat counts from the moment at which it was due, so that
a broker that stands still is charged for all that waited meanwhile.
Run by benchmarks.socket_heartbeats:
python -m benchmarks.load.beating_client HOST:PORT NAME MEMBERS GROUPS RATE SECONDS
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from array import array

from benchmarks.load.connecting import connect_all, until_coordinated
from benchmarks.load.member import RawMember

SESSION_MS = 10_000
"""Nobody beats before all are in: on a cold broker that takes seconds."""
TICK_SECONDS = 0.001


class Beating:
    """All members and what is known of their heartbeats; latencies in milliseconds."""

    def __init__(self, name: str, members: int, groups: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.groups = [f"{name}-{number}" for number in range(groups)]
        self.members = [
            RawMember(self.groups[number % groups], number // groups, self, SESSION_MS)
            for number in range(members)
        ]
        self.latencies_ms = array("d")
        self.late = 0
        """Heartbeats that were due while the one before was not answered."""
        self.failures: list[str] = []
        self._due_at = [0.0] * members
        self._ended: asyncio.Future[None] | None = None
        self._index = {member: index for index, member in enumerate(self.members)}
        self._unsynced = set(range(members))
        self._all_synced: asyncio.Future[None] = self._loop.create_future()

    async def until_stable(self) -> None:
        """All members have their assignments."""
        async with asyncio.timeout(60):
            await self._all_synced

    async def beat(self, rate: int, seconds: float) -> None:
        """Beat by turns, `rate` a second."""
        began = self._loop.time()
        total = int(rate * seconds)
        sent = 0
        while sent < total:
            now = self._loop.time()
            while sent < total and (due := began + sent / rate) <= now:
                self._send(sent % len(self.members), due)
                sent += 1
            await asyncio.sleep(TICK_SECONDS)
        async with asyncio.timeout(10):
            await self._all_answered()

    async def _all_answered(self) -> None:
        self._ended = self._loop.create_future()
        if any(self._due_at):
            await self._ended

    def _send(self, index: int, due: float) -> None:
        if self._due_at[index]:
            self.late += 1
            return
        self._due_at[index] = due
        self.members[index].beat()

    def identified(self, member: RawMember) -> None:
        """See `Watcher`."""

    def joined(self, member: RawMember) -> None:
        """See `Watcher`."""

    def synced(self, member: RawMember) -> None:
        """See `Watcher`."""
        self._unsynced.discard(self._index[member])
        if not self._unsynced and not self._all_synced.done():
            self._all_synced.set_result(None)

    def beaten(self, member: RawMember) -> None:
        """See `Watcher`."""
        index = self._index[member]
        self.latencies_ms.append(1000 * (self._loop.time() - self._due_at[index]))
        self._answered(index)

    def failed(self, member: RawMember, why: str) -> None:
        """A session that was lost shows here: UNKNOWN_MEMBER_ID, or a rebalance that it caused."""
        self.failures.append(why)
        self._answered(self._index[member])

    def _answered(self, index: int) -> None:
        self._due_at[index] = 0.0
        if self._ended is not None and not any(self._due_at) and not self._ended.done():
            self._ended.set_result(None)


async def run(servers: str, name: str, counts: list[int]) -> dict[str, object]:
    """What `main` prints."""
    members, groups, rate, seconds = counts
    beating = Beating(name, members, groups)
    for group_id in beating.groups:
        await until_coordinated(servers, group_id)
    await connect_all(servers, beating.members)
    await beating.until_stable()
    print("stable", flush=True)
    await beating.beat(rate, seconds)
    rebalances = sum(member.generation_id != 1 for member in beating.members)
    for member in beating.members:
        member.close()
    found = sorted(beating.latencies_ms)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "most": 1.0}
    return {
        "answered": len(found),
        "late": beating.late,
        "failures": beating.failures[:10],
        "members of a later generation": rebalances,
        "latencies": {
            part: found[min(int(len(found) * share), len(found) - 1)]
            for part, share in shares.items()
        },
    }


def main() -> None:
    """Prints "stable", and after the last heartbeat one line of JSON."""
    servers, name, *counts = sys.argv[1:]
    gc.disable()  # its pauses would be the broker's
    print(json.dumps(asyncio.run(run(servers, name, list(map(int, counts))))), flush=True)


if __name__ == "__main__":
    main()
