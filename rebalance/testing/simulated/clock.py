"""The time of one user's process: its gate, and how long it is busy with something else.

Rule kept: code of the user runs when the process goes on and is free, in the order in which it was
due; what is due while the process stands still waits, what is due when it is gone never runs.
"""

from collections.abc import Callable
from typing import Any

from rebalance.simulation.gate import Gate

__all__ = ["ProcessClock"]


class ProcessClock:
    """A `Clock` for the loop of one process."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.busy_until = 0
        """No code of the user runs until then (ms)."""

    @property
    def now(self) -> int:
        """Virtual time (ms)."""
        return self._gate.now

    def at(self, time: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at `time` (ms), or when the process is free after that."""
        self._gate.at(max(time, self.busy_until), self._when_free, action, args)

    def occupy(self, duration_ms: int) -> None:
        """No code of the user runs for so long, after what it is busy with already."""
        self.busy_until = max(self.busy_until, self.now) + duration_ms

    def _when_free(self, action: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.busy_until > self.now:
            self._gate.at(self.busy_until, self._when_free, action, args)
        else:
            action(*args)
