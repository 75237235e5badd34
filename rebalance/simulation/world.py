"""Virtual time: what happens next, and the only chance there is.

Rule kept: events are processed in order of (time, order of scheduling), time jumps from one to the
next, and every random number of a simulation comes from one seeded generator. So the same seed
gives the same bytes, and an hour without events costs nothing.
"""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

__all__ = ["TimeStandsStillError", "World"]

_MOST_AT_ONCE = 200_000
"""Events of one millisecond: thousands of members do not have so many, a loop without end does."""


class TimeStandsStillError(RuntimeError):
    """Somebody has something to do at once, for ever: a timer that is due whenever it is asked."""


class World:
    """The event queue. `now` is in virtual milliseconds since the simulation began."""

    __slots__ = ("_heap", "_seq", "now", "processed", "random", "seen", "touched")

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self.now = 0
        self.processed = 0
        """Events processed so far: what a benchmark divides by seconds."""
        self.seen: Counter[tuple[str, str, str]] = Counter()
        """("group" or "member", from, to) and ("answer", API, error) -> how often: what a fuzzer
        reached. Counted as it happens, whether it is part of a trace or not."""
        self.touched = False
        """Set by whoever changes something that a `run` may wait for; `run` looks only then."""
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._seq = 0

    def at(self, time: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at `time` (ms); a time in the past means now, after what is due."""
        self._seq += 1
        if time < self.now:
            time = self.now
        heappush(self._heap, (time, self._seq, action, args))

    def after(self, delay_ms: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` in `delay_ms`."""
        self.at(self.now + delay_ms, action, *args)

    def between(self, least: int, most: int) -> int:
        """A random whole number from `least` to `most`, both included."""
        # randint costs several times as much, and delays are drawn for every frame.
        return least if least >= most else least + int(self.random.random() * (most - least + 1))

    def run(self, until: int, stop: Callable[[], bool] | None = None) -> bool:
        """Process events up to and including `until` (ms), or until `stop()` says so.

        `stop` is asked only after events that set `touched`. True if it stopped the run; else
        `now` is `until`.

        Raises:
            TimeStandsStillError: time does not pass any more.
        """
        heap, at_once = self._heap, 0
        while heap and heap[0][0] <= until:
            time, _, action, args = heappop(heap)
            at_once = at_once + 1 if time == self.now else 0
            if at_once > _MOST_AT_ONCE:
                raise TimeStandsStillError(f"at {time} ms there is always more to do: {action}")
            self.now = time
            self.processed += 1
            action(*args)
            if self.touched:
                self.touched = False
                if stop is not None and stop():
                    return True
        self.now = max(self.now, until)
        return False

    def end_instant(self) -> None:
        """Process what is left of this millisecond, and go on to the next one, at which nothing
        has happened yet."""
        self.run(self.now)
        self.now += 1
