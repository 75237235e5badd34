"""One deploy as it went, real or simulated, and what it cost.

Rule kept: both kinds are measured by the same functions, ownership as the members saw it and
rebalances as the coordinator counted them.
"""

from dataclasses import dataclass
from typing import Literal

from benchmarks.believable.deploy import Deploy
from rebalance.timeline.figures import figures
from rebalance.timeline.trace import Trace, TraceEnded

__all__ = ["PARTS", "Cost", "Part", "Run"]

Part = Literal["graceful", "kill"]
PARTS: tuple[Part, ...] = ("graceful", "kill")
"""Restarts, one more, one less; and what the killed process cost."""

_UNAVAILABLE = "unavailable, partition-ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of a part of a deploy."""

    unavailable_partition_ms: int
    rebalances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`trace` has the members' view only; the deploy began at `began_ms` of it, with all at rest;
    `rebalances_ms`: when the coordinator began each rebalance."""

    trace: Trace
    began_ms: int
    rebalances_ms: tuple[int, ...]

    def cost(self, part: Part, deploy: Deploy) -> Cost:
        """What a part of it cost."""
        kill_ms = self.began_ms + deploy.kill_ms
        if part == "graceful":
            return self._between(self.began_ms, kill_ms)
        return self._between(kill_ms, self.began_ms + deploy.end_ms)

    def _between(self, from_ms: int, to_ms: int) -> Cost:
        kept = [event for event in self.trace.events if event.t < to_ms]
        part = Trace(self.trace.header, [*kept, TraceEnded(t=to_ms)])
        (found,) = figures(part, from_ms).values()
        return Cost(
            unavailable_partition_ms=found[_UNAVAILABLE],
            rebalances=sum(from_ms <= t < to_ms for t in self.rebalances_ms),
        )
