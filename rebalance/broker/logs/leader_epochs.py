"""Where in a log each of its leaders began: what a consumer checks its position by (KIP-320).

Source: `LeaderEpochFileCache`.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["LeaderEpochs"]

_NO_EPOCH = -1
_NOTHING = (-1, -1)


class LeaderEpochs:
    """The epochs of one log, oldest first, each with the offset at which it began."""

    __slots__ = ("_epochs", "_starts")

    def __init__(self) -> None:
        self._epochs = [0]
        self._starts = [0]

    @property
    def current(self) -> int:
        """The epoch of what is appended now."""
        return self._epochs[-1]

    def begin(self, epoch: int, end_offset: int) -> None:
        """A leader begins where the log ends. An epoch in which nothing was appended leaves no
        trace."""
        if epoch == self.current:
            return
        if self._starts[-1] >= end_offset:
            self._epochs.pop()
            self._starts.pop()
        self._epochs.append(epoch)
        self._starts.append(end_offset)

    def at(self, offset: int) -> int:
        """The epoch in which an offset was appended, or will be."""
        return self._epochs[max(bisect_right(self._starts, offset) - 1, 0)]

    def end_of(self, epoch: int, start_offset: int, end_offset: int) -> tuple[int, int]:
        """The latest epoch that is not later than `epoch`, and where it ended; -1 and -1 for one
        that nobody knows yet. What lies before the start of the log is forgotten."""
        if epoch == _NO_EPOCH or epoch > self.current:
            return _NOTHING
        if epoch == self.current:
            return epoch, end_offset
        first = max(bisect_right(self._starts, start_offset) - 1, 0)
        later = max(bisect_right(self._epochs, epoch), first)
        known = self._epochs[later - 1] if later > first else epoch
        return known, max(self._starts[later], start_offset)
