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


class _Timer:
    """One timer as the queue knows it; `queued` is its earliest entry in the heap, None: none.

    An object, so that whoever finds it in the heap need not look its key up.
    """

    __slots__ = ("armed", "deadline", "key", "queued", "seq")

    def __init__(self, key: TimerKey) -> None:
        self.key = key
        self.armed = False
        self.deadline = self.seq = 0
        self.queued: int | None = None


class TimerQueue:
    """Deadlines in milliseconds, fired in order of (deadline, order of arming)."""

    __slots__ = ("_armed", "_heap", "_seq", "_timers")

    def __init__(self) -> None:
        # Of each key that is armed or has an entry in the heap. Armed later than that entry: it is
        # put back when it comes up. Armed earlier: a second entry is pushed.
        self._timers: dict[TimerKey, _Timer] = {}
        self._armed = 0
        self._heap: list[tuple[int, int, _Timer]] = []
        self._seq = 0

    def __len__(self) -> int:
        """Number of armed timers."""
        return self._armed

    @property
    def entries(self) -> int:
        """Heap entries held, stale ones included: the memory the queue takes."""
        return len(self._heap)

    def arm(self, key: TimerKey, deadline: int) -> None:
        """Arm or re-arm `key` to fire at `deadline` (ms)."""
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = _Timer(key)
        if not timer.armed:
            timer.armed = True
            self._armed += 1
        self._seq += 1
        timer.deadline, timer.seq = deadline, self._seq
        if timer.queued is None or deadline < timer.queued:
            self._push(timer)

    def cancel(self, key: TimerKey) -> bool:
        """Forget `key`; False when it was not armed. Its heap entry goes when it comes up."""
        timer = self._timers.get(key)
        if timer is None or not timer.armed:
            return False
        timer.armed = False
        self._armed -= 1
        return True

    def armed(self) -> Iterator[tuple[TimerKey, int]]:
        """The armed timers with their deadlines (ms), in the order in which they fire."""
        armed = (timer for timer in self._timers.values() if timer.armed)
        for timer in sorted(armed, key=lambda timer: (timer.deadline, timer.seq)):
            yield timer.key, timer.deadline

    def deadline(self, key: TimerKey) -> int | None:
        """When `key` fires (ms), or None when it is not armed."""
        timer = self._timers.get(key)
        return timer.deadline if timer is not None and timer.armed else None

    def next_deadline(self) -> int | None:
        """The earliest deadline (ms), or None when nothing is armed."""
        self._settle()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: int) -> TimerKey | None:
        """Take the first timer with deadline <= now out of the queue, or None."""
        self._settle()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, timer = heapq.heappop(self._heap)
        del self._timers[timer.key]
        timer.armed = False
        self._armed -= 1
        return timer.key

    def _settle(self) -> None:
        """Make the heap's head an armed timer at its true deadline."""
        heap = self._heap
        while heap:
            deadline, seq, timer = heap[0]
            if timer.seq == seq and timer.armed:
                return
            heapq.heappop(heap)
            if timer.queued == deadline:
                timer.queued = None
                if timer.armed:
                    self._push(timer)
                elif self._timers.get(timer.key) is timer:
                    del self._timers[timer.key]

    def _push(self, timer: _Timer) -> None:
        heapq.heappush(self._heap, (timer.deadline, timer.seq, timer))
        timer.queued = timer.deadline
        if len(self._heap) > max(2 * self._armed, 16):
            self._compact()

    def _compact(self) -> None:
        """One entry for each armed timer; paid for by the pushes that made it necessary."""
        self._timers = {key: timer for key, timer in self._timers.items() if timer.armed}
        for timer in self._timers.values():
            timer.queued = timer.deadline
        self._heap[:] = [(timer.deadline, timer.seq, timer) for timer in self._timers.values()]
        heapq.heapify(self._heap)
