"""What the explorer sees besides the trace: words on the wire and timers.

Why: checkers see events only. A trace has none for an id that was handed out or for the generation
a SyncGroup speaks of, and some rules are about these.
"""

from dataclasses import dataclass

from rebalance.protocol.requests import CoordinatorRequest
from rebalance.protocol.responses import CoordinatorResponse
from rebalance.protocol.timers import TimerKey
from rebalance.timeline import trace

__all__ = ["Answer", "Arrival", "Fact", "TimerFired"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request reached the coordinator."""

    request: CoordinatorRequest


@dataclass(frozen=True, slots=True)
class Answer:
    """The coordinator answered a request, at once or after it was parked."""

    request: CoordinatorRequest
    response: CoordinatorResponse


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of the coordinator fired; what follows comes after this."""

    key: TimerKey


Fact = trace.Event | Arrival | Answer | TimerFired
