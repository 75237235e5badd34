"""How much waiting an assignor that does not answer is worth.

Each overdue call costs its time limit; there can be hundreds of groups on which it loops. The rule
kept here: waiting is counted, in calls and in the seconds that each was given, and no clock is
read: what a slow machine leaves out, a fast one leaves out as well.
"""

from __future__ import annotations

from math import inf

from rebalance.testing.check.limits import TimeLimit

_CALLS_LEFT_BEHIND = 2
_SECONDS_LEFT_BEHIND = 1.5
"""What a call costs besides that goes on in its thread: it slows down whatever follows."""


class Patience:
    """How many overdue `calls`, and how many `seconds` of them, are waited for from now on."""

    def __init__(self, limit: TimeLimit, *, calls: float = inf, seconds: float = inf) -> None:
        self._limit = limit
        self._calls = calls + self._spent_calls
        self._seconds = seconds + self._spent_s

    @property
    def over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._spent_calls >= self._calls or self._spent_s >= self._seconds

    @property
    def _spent_calls(self) -> int:
        return self._limit.overdue + _CALLS_LEFT_BEHIND * self._limit.left_behind

    @property
    def _spent_s(self) -> float:
        return self._limit.waited_s + _SECONDS_LEFT_BEHIND * self._limit.left_behind
