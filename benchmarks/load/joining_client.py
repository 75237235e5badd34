"""A thousand members of one group, in this process: how long until all are Stable.

Run by benchmarks.joining: python -m benchmarks.load.joining_client HOST:PORT GROUP MEMBERS
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time

from benchmarks.load.connecting import connect_all, until_coordinated
from benchmarks.load.member import RawMember

SESSION_MS = 45_000
HEARTBEAT_SECONDS = 0.5
"""For a first generation that came too early: a broker that was never asked before is slow."""


class Cohort:
    """Counts who is how far; times in seconds of `time.perf_counter`."""

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.members: list[RawMember] = []
        self.identified_at = self.answered_at = 0.0
        self._identified = 0
        self._synced: dict[int, int] = {}
        self._newcomer: RawMember | None = None
        self._stable: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def more(self, count: int) -> list[RawMember]:
        """Further members, which the group is to have."""
        first = len(self.members)
        made = [
            RawMember(self.group_id, number, self, SESSION_MS)
            for number in range(first, first + count)
        ]
        self.members += made
        self.answered_at = 0.0
        self._stable = asyncio.get_running_loop().create_future()
        return made

    async def until_stable(self) -> float:
        """The time at which everybody had an assignment of the same generation."""
        async with asyncio.timeout(120):
            return await self._stable

    def all_learn_of(self, newcomer: RawMember) -> None:
        """Everybody beats when this one's second JoinGroup is under way: that ends the wait."""
        self._newcomer = newcomer

    def _beat_later(self, member: RawMember) -> None:
        asyncio.get_running_loop().call_later(HEARTBEAT_SECONDS, self._beat_now, member)

    def _beat_now(self, member: RawMember) -> None:
        if not self._stable.done() and member.is_idle:
            member.beat()

    def identified(self, member: RawMember) -> None:
        """See `Watcher`."""
        self._identified += 1
        self.identified_at = time.perf_counter()
        if member is self._newcomer:
            for each in self.members[:-1]:
                self._beat_now(each)

    def joined(self, member: RawMember) -> None:
        """See `Watcher`."""
        self.answered_at = self.answered_at or time.perf_counter()

    def synced(self, member: RawMember) -> None:
        """See `Watcher`."""
        generation = member.generation_id
        self._synced[generation] = self._synced.get(generation, 0) + 1
        if self._synced[generation] == len(self.members) and not self._stable.done():
            self._stable.set_result(time.perf_counter())
        elif self._newcomer is None:
            self._beat_later(member)

    def beaten(self, member: RawMember) -> None:
        """There is no rebalance yet: ask again, at once if there must be one in a moment."""
        if self._newcomer is None:
            self._beat_later(member)
        else:
            member.beat()

    def failed(self, member: RawMember, why: str) -> None:
        """See `Watcher`."""
        if not self._stable.done():
            self._stable.set_exception(RuntimeError(f"member {member.number}: {why}"))


async def run(servers: str, group_id: str, count: int) -> dict[str, float]:
    """Seconds of each part; see `main` for what they are."""
    await until_coordinated(servers, group_id)
    cohort = Cohort(group_id)
    first = cohort.more(count)
    began = time.perf_counter()
    await connect_all(servers, first)
    stable = await cohort.until_stable()
    identified, answered = cohort.identified_at, cohort.answered_at
    (newcomer,) = cohort.more(1)
    cohort.all_learn_of(newcomer)
    changed = time.perf_counter()
    await connect_all(servers, [newcomer])
    stable_again = await cohort.until_stable()
    for member in cohort.members:
        member.close()
    return {
        "all have an id": identified - began,
        "first answer to all Stable": stable - answered,
        "first connect to all Stable": stable - began,
        "one more joins to all Stable": stable_again - changed,
    }


def main() -> None:
    """Prints one line of JSON: part -> seconds."""
    servers, group_id, count = sys.argv[1:]
    gc.disable()  # its pauses would be the broker's
    print(json.dumps(asyncio.run(run(servers, group_id, int(count)))))


if __name__ == "__main__":
    main()
