"""Code of a user that takes longer than its group waits for it.

Why: Kafka gives a consumer max.poll.interval.ms between two polls, and each member so long to join
again. Who takes longer is put out, in production at the worst of times.

Rule kept: only the user's own time counts. While the process stands still, is busy with what a
story says, or waits for the coordinator, nobody's code is to blame; so time is counted in steps,
and only those in which the process was there count.
"""

import asyncio
from collections.abc import Callable

__all__ = ["Overdue"]

_STEP_MS = 500


class Overdue:
    """In its block, or from `start` and each `again` on: says once that it takes longer.

    `waits` says whether the process waits for somebody else now.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        waits: Callable[[], bool],
        limit_ms: int,
        say: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._waits = waits
        self._limit_ms = self._left_ms = limit_ms
        self._say = say
        self._step: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *error: object) -> None:
        if self._step is not None:
            self._step.cancel()

    def start(self) -> None:
        """Time is counted from now on."""
        self._arm()

    def again(self) -> None:
        """Time is counted anew."""
        self._left_ms = self._limit_ms

    def _arm(self) -> None:
        due = self._loop.time() + _STEP_MS / 1000
        self._step = self._loop.call_at(due, self._passed, due)

    def _passed(self, due: float) -> None:
        if self._loop.time() <= due + _STEP_MS / 1000 and not self._waits():
            self._left_ms -= _STEP_MS
        if self._left_ms > 0:
            self._arm()
        else:
            self._say()
