"""Virtual time: what happens next, and the only chance there is.

Rule kept: events are processed in order of (time, order of scheduling), time jumps from one to the
next, and every random number of a simulation comes from one seeded generator. So the same seed
gives the same bytes, and an hour without events costs nothing. Events of one millisecond wait in
one line: with hundreds of members there are many, and only milliseconds have to be put in order.
"""

from collections import Counter, deque
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

    __slots__ = ("_lines", "_times", "now", "processed", "random", "seen", "touched")

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
        self._times: list[int] = []
        """A heap of the milliseconds at which something is to happen."""
        self._lines: dict[int, deque[tuple[Callable[..., None], tuple[Any, ...]]]] = {}
        """What is to happen at each of them, in the order of scheduling."""

    def at(self, time: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at `time` (ms); a time in the past means now, after what is due."""
        if time < self.now:
            time = self.now
        line = self._lines.get(time)
        if line is None:
            line = self._lines[time] = deque()
            heappush(self._times, time)
        line.append((action, args))

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
        times = self._times
        while times and times[0] <= until:
            time = self.now = times[0]
            line, most = self._lines[time], self.processed + _MOST_AT_ONCE
            while line:
                action, args = line.popleft()
                self.processed += 1
                if self.processed > most:
                    raise TimeStandsStillError(f"at {time} ms there is always more to do: {action}")
                action(*args)
                if self.touched:
                    self.touched = False
                    if stop is not None and stop():
                        return True
            heappop(times)
            del self._lines[time]
        self.now = max(self.now, until)
        return False

    def end_instant(self) -> None:
        """Process what is left of this millisecond, and go on to the next one, at which nothing
        has happened yet."""
        self.run(self.now)
        self.now += 1
