"""The time that groups and transactions live in: the event loop's, or one that a test moves.

Whoever has a timer asks a `Clock` for the time and for a call at a later one, and cannot tell which
of the two it is. Milliseconds of the day (since 1970) in both: they stand in records, which outlive
the process. Waiting that a socket does (a Fetch, a throttled or idle connection) is none of this.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

__all__ = ["Clock", "LoopClock", "Timer", "VirtualClock"]

TURNS = 20
"""Turns of the event loop for whoever lives in it: a client in it needs some four to take an answer
and to ask again."""

_FEW = 100
"""So many timers are kept without looking which of them were cancelled."""


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """It does not come any more; twice does no harm."""


class Clock(Protocol):
    """Tells the time and calls back."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, never going back."""

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        """Call once when it is `at_ms`; a real clock may be a hair early."""


class LoopClock:
    """The running event loop's time, which no change of the system's clock disturbs."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since_1970_ms = int(time.time() * 1000) - int(self._loop.time() * 1000)

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._since_1970_ms + int(self._loop.time() * 1000)

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        """Call by the loop's timer."""
        return self._loop.call_at((at_ms - self._since_1970_ms) / 1000, callback)


class _VirtualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Stands still until it is moved; begins at the time of day at which it is made."""

    def __init__(self) -> None:
        self._now_ms = int(time.time() * 1000)
        self._numbers = count()
        self._timers: list[tuple[int, int, _VirtualTimer]] = []
        self._tidy_at = _FEW
        self._moving = asyncio.Lock()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._now_ms

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        """Call when the clock is moved to `at_ms`; in the loop's next turn if that is now."""
        self._tidy()
        timer = _VirtualTimer(callback)
        heapq.heappush(self._timers, (at_ms, next(self._numbers), timer))
        if at_ms <= self._now_ms:
            asyncio.get_running_loop().call_soon(self._fire)
        return timer

    async def advance(self, by_ms: int) -> None:
        """Move on; every timer on the way fires at its own time, equal ones in order of arming.

        What a timer did goes out, and who lives in this event loop answers it, before the next one
        fires. One `advance` at a time: a second waits for the first.

        What a timer raises is raised here, and the time is that timer's then. What else was due at
        that time fires in the loop's next turn.
        """
        async with self._moving:
            end_ms = self._now_ms + by_ms
            await _settle()
            while (at_ms := self._next_ms()) is not None and at_ms <= end_ms:
                self._now_ms = max(self._now_ms, at_ms)
                self._fire()
                await _settle()
            self._now_ms = end_ms
            await _settle()

    def _next_ms(self) -> int | None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _fire(self) -> None:
        """What is due, but for what is armed meanwhile: that comes in the next turn."""
        due = []
        while (at_ms := self._next_ms()) is not None and at_ms <= self._now_ms:
            due.append(heapq.heappop(self._timers))
        due.reverse()
        try:
            while due:
                _, _, timer = due.pop()
                callback, timer.callback = timer.callback, None
                if callback is not None:
                    callback()
        finally:
            if due:  # one of them failed, which is nothing to the others
                for entry in due:
                    heapq.heappush(self._timers, entry)
                asyncio.get_running_loop().call_soon(self._fire)

    def _tidy(self) -> None:
        """Let go of what was cancelled, once it may be half of all."""
        if len(self._timers) >= self._tidy_at:
            self._timers = [entry for entry in self._timers if entry[2].callback is not None]
            heapq.heapify(self._timers)
            self._tidy_at = max(_FEW, 2 * len(self._timers))


async def _settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
