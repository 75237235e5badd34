"""Who owned what when, as the members' own listeners said, and whether two ever owned the same.

Why it can be judged: a member says that it gave a partition up before it sends the JoinGroup that
lets another one have it, and says that it got one only after SyncGroup. So the end of one ownership
happens before the beginning of the next, and clocks of one machine show it: an overlap of the two
is double ownership, never an artefact. Times are wall-clock milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One ownership; `end` None: not over."""

    member: str
    partition: Partition
    begin: int
    end: int | None


class Ledger:
    """What members said, in their own threads or, of another process, later with their times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, Partition], int] = {}
        self._closed: list[Held] = []

    def got(self, member: str, partitions: Iterable[Partition], at_ms: int | None = None) -> None:
        """The member owns these too."""
        with self._lock:
            now = now_ms() if at_ms is None else at_ms
            for partition in partitions:
                assert (member, partition) not in self._open, f"{member} gets {partition} twice"
                self._open[member, partition] = now

    def gave(self, member: str, partitions: Iterable[Partition], at_ms: int | None = None) -> None:
        """The member owns these no longer; what it did not own (an eager habit) is left out."""
        with self._lock:
            now = now_ms() if at_ms is None else at_ms
            for partition in partitions:
                begin = self._open.pop((member, partition), None)
                if begin is not None:
                    self._closed.append(
                        Held(member=member, partition=partition, begin=begin, end=now)
                    )

    def owned(self, member: str) -> frozenset[Partition]:
        """What the member owns now."""
        with self._lock:
            return frozenset(partition for name, partition in self._open if name == member)

    def overlaps(self) -> list[tuple[Held, Held]]:
        """Every pair of ownerships of one partition by two members at one time."""
        with self._lock:
            still = [
                Held(member=member, partition=partition, begin=begin, end=None)
                for (member, partition), begin in self._open.items()
            ]
            held = sorted(
                [*self._closed, *still], key=lambda each: (each.partition, each.begin, each.member)
            )
        return [
            (one, other)
            for number, one in enumerate(held)
            for other in held[number + 1 :]
            if one.partition == other.partition
            and one.member != other.member
            and (one.end is None or other.begin < one.end)
        ]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def loads(owned: Mapping[str, frozenset[Partition]]) -> list[int]:
    return sorted(len(each) for each in owned.values())
