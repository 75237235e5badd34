"""Named timers and the queue they wait in.

Why: a timer is data ("session timeout of B in g"), so that a trace can print it and a test can
compare it. The queue never looks at a clock.
Rule kept: re-arming costs O(log n) at most (amortised), and the heap holds at most two entries
for each armed timer (16 when there are fewer than eight), however often it is re-armed. A
heartbeat moves a deadline later, which touches no heap at all: the entry that is already there
comes up early and is put back.
"""

import heapq
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


class TimerKind(Enum):
    """What a timer waits for; the value is how a trace names it."""

    # Every heartbeat looks a timer up; Enum's own hash is a Python function over the name.
    __hash__ = object.__hash__

    SESSION = "session timeout"
    """Coordinator: a member (or a pending id) must be heard of before it ends (H06, J05, J08)."""
    INITIAL_DELAY = "initial rebalance delay"
    """Coordinator: an empty group waits for more members (J10)."""
    JOIN = "rebalance timeout"
    """Coordinator: the join phase ends without those who did not rejoin (J11)."""
    SYNC = "sync timeout"
    """Coordinator: members that joined must sync (S04)."""
    RETENTION = "retention check"
    """Coordinator: offsets and empty groups that nobody needs are looked for (O05, O10)."""
    HEARTBEAT = "heartbeat interval"
    """Member: time for the next heartbeat."""
    MEMBER_SESSION = "session timeout seen by the member"
    """Member: no successful heartbeat for session.timeout.ms, look for the coordinator again."""
    POLL = "max poll interval"
    """Member: the application stopped polling (M07)."""
    RETRY = "retry backoff"
    """Member: try a retriable request again."""
    REQUEST = "request timeout"
    """Member: a request was not answered in time."""
    METADATA = "metadata refresh"
    """Member: look whether the subscribed topics have changed."""


class TimerKey(NamedTuple):
    """Names one timer: `kind` of `member_id` (empty: of the group itself) in `group_id`.

    A retention check is of all groups; its `group_id` is empty. A tuple, because every request
    looks timers up, and no other value is made, hashed and compared as fast.
    """

    kind: TimerKind
    group_id: str
    member_id: str = ""

    def __str__(self) -> str:
        owner = f" of {self.member_id}" if self.member_id else ""
        where = "" if self.kind is TimerKind.RETENTION else f" in {self.group_id}"
        return f"{self.kind.value}{owner}{where}"


timer_key = lru_cache(4096)(TimerKey)
"""The key of these three, made once: a member looks the same few timers up at every event."""


class TimerQueue:
    """Deadlines in milliseconds, fired in order of (deadline, order of arming)."""

    __slots__ = ("_armed", "_heap", "_queued", "_seq")

    def __init__(self) -> None:
        self._armed: dict[TimerKey, tuple[int, int]] = {}
        # The earliest heap entry of each key. Armed later than that: the entry is put back when
        # it comes up. Armed earlier: a second entry is pushed.
        self._queued: dict[TimerKey, int] = {}
        self._heap: list[tuple[int, int, TimerKey]] = []
        self._seq = 0

    def __len__(self) -> int:
        """Number of armed timers."""
        return len(self._armed)

    @property
    def entries(self) -> int:
        """Heap entries held, stale ones included: the memory the queue takes."""
        return len(self._heap)

    def arm(self, key: TimerKey, deadline: int) -> None:
        """Arm or re-arm `key` to fire at `deadline` (ms)."""
        self._seq += 1
        self._armed[key] = (deadline, self._seq)
        queued = self._queued.get(key)
        if queued is None or deadline < queued:
            self._push(key, deadline, self._seq)

    def cancel(self, key: TimerKey) -> bool:
        """Forget `key`; False when it was not armed. Its heap entry goes when it comes up."""
        return self._armed.pop(key, None) is not None

    def armed(self) -> Iterator[tuple[TimerKey, int]]:
        """The armed timers with their deadlines (ms), in the order in which they fire."""
        for key, (deadline, _) in sorted(self._armed.items(), key=lambda timer: timer[1]):
            yield key, deadline

    def deadline(self, key: TimerKey) -> int | None:
        """When `key` fires (ms), or None when it is not armed."""
        armed = self._armed.get(key)
        return None if armed is None else armed[0]

    def next_deadline(self) -> int | None:
        """The earliest deadline (ms), or None when nothing is armed."""
        self._settle()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: int) -> TimerKey | None:
        """Take the first timer with deadline <= now out of the queue, or None."""
        self._settle()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._armed[key]
        self._queued.pop(key, None)
        return key

    def _settle(self) -> None:
        """Make the heap's head an armed timer at its true deadline."""
        while self._heap:
            deadline, seq, key = self._heap[0]
            armed = self._armed.get(key)
            if armed == (deadline, seq):
                return
            heapq.heappop(self._heap)
            if self._queued.get(key) == deadline:
                del self._queued[key]
            if armed is not None and key not in self._queued:
                self._push(key, *armed)

    def _push(self, key: TimerKey, deadline: int, seq: int) -> None:
        heapq.heappush(self._heap, (deadline, seq, key))
        self._queued[key] = deadline
        if len(self._heap) > max(2 * len(self._armed), 16):
            self._compact()

    def _compact(self) -> None:
        """One entry for each armed timer; paid for by the pushes that made it necessary."""
        self._heap = [(deadline, seq, key) for key, (deadline, seq) in self._armed.items()]
        heapq.heapify(self._heap)
        self._queued = {key: deadline for key, (deadline, _) in self._armed.items()}
