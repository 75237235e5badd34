"""What a coordinator's own clock shows: what it measures, and is measured by.

Why: a broker whose clock is fast is right to give up early in the eyes of the world, and one that
slept is late through no fault of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rebalance.protocol.quickly_made import quickly_made

__all__ = ["ClockOf", "Reading", "elapsed_ms", "late_ms"]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A clock at one moment; all in its own milliseconds."""

    shown_ms: int
    jumped_ms: int = 0
    """How much of that was never waited for."""
    late_ms: int = 0
    """How late it may do what is due: its clock's step, and the slowest write to its log so far."""


ClockOf = Callable[[str], Reading]
"""Group id -> what the clock of its coordinator shows now."""


def elapsed_ms(since: Reading, now: Reading) -> int:
    """How long something took: it may not have been less."""
    return now.shown_ms - since.shown_ms


def late_ms(since: Reading, now: Reading, most_ms: int) -> int:
    """How much later than `most_ms` after `since` it is, beyond what is allowed; 0 or less: not."""
    waited_ms = elapsed_ms(since, now) - (now.jumped_ms - since.jumped_ms)
    return waited_ms - most_ms - now.late_ms
