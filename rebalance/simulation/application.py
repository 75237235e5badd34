"""The user's side of a consumer: one thread that polls, processes records and runs listeners.

Why: most that goes wrong in a rebalance goes wrong here: a listener that takes its time, a batch
that is never done, a process that stands still. One thread, as in Java's consumer: while it is busy
it does not poll, and a listener waits until it is free. Time is virtual: nothing is stepped, a
position is worked out when somebody asks.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assignors.model import PartitionSet, TopicPartition
from rebalance.simulation.gate import Gate
from rebalance.simulation.records import Logs
from rebalance.simulation.world import World

__all__ = ["Behaviour", "Thread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a simulated application is like; durations in milliseconds."""

    poll_ms: int = 500
    """Between two polls of an idle thread."""
    commit_ms: int = 5000
    """Between two commits of its positions (auto.commit.interval.ms); 0: only when it must."""
    rate_per_s: int = 100
    """Records a second, of each partition it owns."""
    revoke_ms: int = 0
    assign_ms: int = 0
    lose_ms: int = 0
    assignor_ms: int = 0
    """How long the assignor takes when this member leads."""
    failing: frozenset[str] = frozenset()
    """What raises: of "revoke", "assign", "lose", "assignor"."""

    def with_changes(self, changes: Mapping[str, object]) -> "Behaviour":
        """The same with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


class Thread:
    """When the thread is free, and how far it has read."""

    __slots__ = ("_from", "_logs", "_read_ms", "_reading_since", "_world", "free_at", "rate_per_s")

    def __init__(self, world: World, rate_per_s: int, logs: Logs) -> None:
        self._world = world
        self._logs = logs
        self.rate_per_s = rate_per_s
        self.free_at = 0
        """Busy until then (ms)."""
        # Milliseconds spent reading, and since when it has been doing so without a break.
        self._read_ms = 0
        self._reading_since = 0
        # Where each partition stood, at how many milliseconds of reading.
        self._from: dict[TopicPartition, tuple[int, int]] = {}

    @property
    def busy(self) -> bool:
        """It cannot poll now."""
        return self.free_at > self._world.now

    def occupy(self, duration_ms: int) -> int:
        """Do something else than reading for so long, after what it is at; when it ends (ms)."""
        start = max(self.free_at, self._world.now)
        if duration_ms:
            self.settle()
            self._read_ms = self._read_so_far()
            self.free_at = self._reading_since = start + duration_ms
        return start + duration_ms

    def then(self, gate: Gate, duration_ms: int, action: Callable[..., None], *args: Any) -> None:
        """Be occupied for so long, then act: at once if it is free and it takes no time."""
        ends = self.occupy(duration_ms)
        if ends <= self._world.now:
            gate.do(action, *args)
        else:
            gate.at(ends, action, *args)

    def stand_still(self, since: int) -> None:
        """It did nothing from `since` until now."""
        read_until = max(0, since - self._reading_since)
        self._read_ms += read_until
        self._reading_since = max(self._world.now, self.free_at)

    def read(self, offsets: Iterable[tuple[TopicPartition, int]]) -> None:
        """Read these partitions from these offsets on."""
        for partition, offset in offsets:
            self._from[partition] = (offset, self._read_so_far())

    def exists(self, partition: TopicPartition) -> bool:
        """There is a log to read."""
        return self._logs.exists(partition)

    def leave_off(self, partitions: PartitionSet) -> None:
        """Read these no more; their positions are forgotten."""
        for partition in partitions:
            self._from.pop(partition, None)

    def positions(self) -> dict[TopicPartition, int]:
        """The next offset to read of every partition that is being read."""
        read_ms, rate_per_s = self._read_so_far(), self.rate_per_s
        if self._logs.have_ends:
            return {partition: self._at(partition, read_ms) for partition in self._from}
        return {
            partition: offset + (read_ms - since) * rate_per_s // 1000
            for partition, (offset, since) in self._from.items()
        }

    def settle(self) -> None:
        """Whoever has read all there is begins from there: time without records is not made up for.

        Before anything changes how fast logs grow or are read.
        """
        read_ms = self._read_so_far()
        for partition in self._from:
            at = self._at(partition, read_ms)
            if self._logs.end(partition, self._world.now) == at:
                self._from[partition] = (at, read_ms)

    def _at(self, partition: TopicPartition, read_ms: int) -> int:
        offset, since = self._from[partition]
        at = offset + (read_ms - since) * self.rate_per_s // 1000
        end = self._logs.end(partition, self._world.now)
        return at if end is None else max(offset, min(at, end))

    def _read_so_far(self) -> int:
        return self._read_ms + max(0, self._world.now - self._reading_since)
