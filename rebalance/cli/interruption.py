"""Ctrl-C of a command that keeps what it has: the first one asks it to stop, a later one insists.

Why: work that was handed to other processes is done there, and would be lost if nobody waited for
it. Rule kept: `timeout -s INT`, for one, sends two at once; that is one wish.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

__all__ = ["Interruption", "interruptible"]

_AT_ONCE_S = 0.2
"""What comes within so long of the first belongs to it."""


@dataclass(slots=True)
class Interruption:
    """Whether the user wants it to stop."""

    asked: bool = False
    over: bool = False
    """Set by the command when nothing is left to stop: what it tells then is told to its end."""
    _insists_from_s: float = 0.0

    def meet(self, *_: object) -> None:
        """Handle the signal.

        Raises:
            KeyboardInterrupt: the user has asked before.
        """
        if self.over:
            return
        if not self.asked:
            self.asked, self._insists_from_s = True, monotonic() + _AT_ONCE_S
        elif monotonic() >= self._insists_from_s:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Meet Ctrl-C while the block runs, unless somebody wants it otherwise (or not at all)."""
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, interruption.meet)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
