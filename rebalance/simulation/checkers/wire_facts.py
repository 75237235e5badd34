"""Words on the wire, as facts that no trace holds: what was asked of a coordinator, and answered.

Why: many rules say what may be answered to whom. A trace has no line for the generation that a
SyncGroup speaks of, and none for an answer that nobody hears.
"""

from collections.abc import Hashable
from typing import NamedTuple

from rebalance.protocol.requests import CoordinatorRequest
from rebalance.protocol.responses import CoordinatorResponse
from rebalance.protocol.timers import TimerKey

__all__ = ["Answer", "Arrival", "TimerFired"]


class Arrival(NamedTuple):
    """A request reached a coordinator at `t` (ms). A tuple: there is one for every heartbeat."""

    t: int
    token: Hashable
    """Tells it from all others that are not answered yet."""
    request: CoordinatorRequest


class Answer(NamedTuple):
    """The coordinator answered the request of that token at `t` (ms), at once or later."""

    t: int
    token: Hashable
    request: CoordinatorRequest
    response: CoordinatorResponse


class TimerFired(NamedTuple):
    """A timer of the coordinator fired; what follows comes after this.

    Told where time stands still and a timeout shows by nothing else.
    """

    key: TimerKey
