"""The invariants (I01 to I06), checked after every event, in both views of ownership.

Rule kept: a checker knows nothing of how a machine works. It sees trace events, what earlier events
add up to (`Views`) and facts that no trace holds; what it finds is a `Violation` with the events
that led there. One small class per invariant and view, one registry that runs them.
"""

from rebalance.simulation.checkers.checker import Checker, Fact, Look, Report, Snapshot
from rebalance.simulation.checkers.coordinator_clock import Reading
from rebalance.simulation.checkers.member_facts import HeartbeatRefused, LookedAtTopics, Membership
from rebalance.simulation.checkers.plan_facts import Planned
from rebalance.simulation.checkers.problem import Problem, ProblemKind
from rebalance.simulation.checkers.record_book import RecordBook, RecordCounts
from rebalance.simulation.checkers.record_facts import Processed, ReadingBegan, RecordsEnded
from rebalance.simulation.checkers.registry import Checkers
from rebalance.simulation.checkers.violation import (
    AtRest,
    Committed,
    Fatal,
    Forgotten,
    Skipped,
    Unsettled,
    Violation,
    WentBack,
    WriteFailed,
)
from rebalance.simulation.checkers.wire_facts import Answer, Arrival, TimerFired

__all__ = [
    "Answer",
    "Arrival",
    "AtRest",
    "Checker",
    "Checkers",
    "Committed",
    "Fact",
    "Fatal",
    "Forgotten",
    "HeartbeatRefused",
    "Look",
    "LookedAtTopics",
    "Membership",
    "Planned",
    "Problem",
    "ProblemKind",
    "Processed",
    "Reading",
    "ReadingBegan",
    "RecordBook",
    "RecordCounts",
    "RecordsEnded",
    "Report",
    "Skipped",
    "Snapshot",
    "TimerFired",
    "Unsettled",
    "Violation",
    "WentBack",
    "WriteFailed",
]
