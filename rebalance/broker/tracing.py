"""What the broker writes into a trace: the coordinator's notices, and its topics.

The broker sees the coordinator's view, never what a member believes; it writes no event of a
member's view. What a notice means in a trace is decided in `rebalance.tracing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from rebalance.timeline.trace import TopicKnown
from rebalance.tracing import coordinator_event

if TYPE_CHECKING:
    from rebalance.protocol.notices import Notice
    from rebalance.timeline.trace import Trace

__all__ = ["Tracer"]


class Tracer:
    """Writes to a `Trace`, or does nothing without one."""

    __slots__ = ("_clock", "_trace")

    def __init__(self, trace: Trace | None, clock: Callable[[], int] | None) -> None:
        self._trace = trace
        self._clock = clock or _since_now()

    def topic(self, name: str, partitions: int) -> None:
        """A topic was created, or deleted (0 partitions)."""
        if self._trace is not None:
            self._trace.add(TopicKnown(t=self._clock(), topic=name, partitions=partitions))

    def notice(self, notice: Notice) -> None:
        """What the coordinator told."""
        if self._trace is not None:
            event = coordinator_event(notice, self._clock())
            if event is not None:
                self._trace.add(event)


def _since_now() -> Callable[[], int]:
    loop = asyncio.get_running_loop()
    origin = loop.time()
    return lambda: int((loop.time() - origin) * 1000)
