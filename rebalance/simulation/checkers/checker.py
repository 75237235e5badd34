"""What every checker is: a rule, the events it wants to see, and a way to say that it broke.

Why: a checker names the kinds of events it looks at, so that an event costs only those that want
it; thousands of heartbeats and polls cost nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.simulation.checkers.member_facts import Forbidden, HeartbeatRefused, LookedAtTopics
from rebalance.simulation.checkers.plan_facts import Planned
from rebalance.simulation.checkers.problem import Problem
from rebalance.simulation.checkers.record_facts import Processed, ReadingBegan, RecordsEnded
from rebalance.simulation.checkers.violation import (
    AtRest,
    Committed,
    Fatal,
    Forgotten,
    Skipped,
    Unsettled,
    WentBack,
    WriteFailed,
)
from rebalance.simulation.checkers.wire_facts import Answer, Arrival, TimerFired
from rebalance.timeline import trace

__all__ = ["Checker", "Fact", "Look", "Report", "Snapshot"]

Fact = (
    trace.Event
    | Committed
    | Forgotten
    | WriteFailed
    | Unsettled
    | AtRest
    | Fatal
    | ReadingBegan
    | Processed
    | RecordsEnded
    | Arrival
    | Answer
    | TimerFired
    | Planned
    | HeartbeatRefused
    | Forbidden
    | LookedAtTopics
)
"""What a checker may be shown."""

Look = Callable[..., None]
"""Look at one fact of the kind that was asked for."""

Snapshot = Callable[[str], GroupSnapshot | None]
"""The group of that id as its coordinator has it now; None where it has none."""


class Report(Protocol):
    """Say that a rule is broken: by which checker, when (ms), how; `Violation` has the rest."""

    def __call__(
        self,
        checker: "Checker",
        t: int,
        message: str,
        *,
        code: str = "",
        about: Problem | Skipped | WentBack | None = None,
    ) -> None: ...


class Checker(Protocol):
    """One invariant in one view. `looks` is asked for once, when the checker is registered."""

    RULE: ClassVar[str]
    """The rule's id."""

    def looks(self) -> Mapping[Any, Look]:
        """Kind of fact -> what looks at it. An event is not in the views yet when it is shown.

        A kind is a class; of `Arrival` and `Answer` it is (class, class of the request), so that a
        heartbeat costs only those that want heartbeats.
        """
