"""What a checker finds, and the facts it may be told beside a trace's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.checkers.problem import Problem
from rebalance.timeline import trace

__all__ = [
    "AtRest",
    "Committed",
    "Fatal",
    "Forgotten",
    "Skipped",
    "Unsettled",
    "Violation",
    "WentBack",
    "WriteFailed",
]


class Skipped(NamedTuple):
    """Records that nobody processed: who began to read behind them, and at which offset."""

    group_id: str
    partition: TopicPartition
    member: str
    offset: int


class WentBack(NamedTuple):
    """A committed offset that is less than the one before it."""

    group_id: str
    partition: TopicPartition
    offset: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken invariant: rule id, who found it, when (ms), what, and the last events up to it.

    `message` is for people. A program reads `code` and `about`.
    """

    rule: str
    checker: str = ""
    code: str = ""
    """In which way, where the checker knows several; stable, and names nobody."""
    about: Problem | Skipped | WentBack | None = None
    """Whom and what, where somebody needs to know."""
    t: int
    message: str
    last_events: tuple[trace.Event, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule} violated at {self.t / 1000:.3f}s: {self.message}"


class Committed(NamedTuple):
    """Committed offsets became durable, in this order: all that a group's commit said."""

    t: int
    group_id: str
    offsets: Sequence[tuple[TopicPartition, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A committed offset is gone for good: it was too old (O05), or its topic was deleted (O08)."""

    t: int
    group_id: str
    partition: TopicPartition


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFailed:
    """The log refused what a group's coordinator wrote, with this error."""

    t: int
    group_id: str
    error: ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Faults ended long ago, and yet: `problem`."""

    t: int
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """Faults ended, and nothing moved for longer than any session lasts."""

    t: int
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatal:
    """A consumer failed for good: what it was answered, or what was raised in it, and in words."""

    t: int
    group_id: str
    member: str
    group_instance_id: str | None
    code: ErrorCode | None
    cause: BaseException | None
    error: str
