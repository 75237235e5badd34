"""What the broker writes into a trace: the coordinator's notices, and its topics.

The broker sees the coordinator's view, never what a member believes; it writes no event of a
member's view. What a notice means in a trace is decided in `rebalance.tracing`.

A trace is its owner's: a full disk, a clock that goes back. What goes wrong there is told once,
ends the trace, and never reaches whoever is being traced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from rebalance.broker.topics.topic import INTERNAL_TOPICS
from rebalance.timeline.trace import TopicKnown
from rebalance.tracing import coordinator_event

if TYPE_CHECKING:
    from rebalance.protocol.notices import Notice
    from rebalance.timeline.trace import Event, Trace

__all__ = ["Tracer"]

_log = logging.getLogger("rebalance.broker")


class Tracer:
    """Writes to a `Trace`, or does nothing without one."""

    __slots__ = ("_clock", "_trace")

    def __init__(self, trace: Trace | None, clock: Callable[[], int] | None) -> None:
        self._trace = trace
        self._clock = clock or _since_now()

    def topic(self, name: str, partitions: int) -> None:
        """A topic was created, or deleted (0 partitions); internal ones are nobody's work."""
        if name in INTERNAL_TOPICS:
            return
        self._add(lambda t: TopicKnown(t=t, topic=name, partitions=partitions))

    def notice(self, notice: Notice) -> None:
        """What the coordinator told."""
        self._add(lambda t: coordinator_event(notice, t))

    def _add(self, event_at: Callable[[int], Event | None]) -> None:
        if self._trace is None:
            return
        try:
            event = event_at(self._clock())
            if event is not None:
                self._trace.add(event)
        except Exception as error:
            self._trace = None
            _log.warning("the trace ends here, the broker goes on: %s", error, exc_info=True)


def _since_now() -> Callable[[], int]:
    loop = asyncio.get_running_loop()
    origin = loop.time()
    return lambda: int((loop.time() - origin) * 1000)
