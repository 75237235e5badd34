"""How much may be done, counted: array elements looked at, never time.

The rule kept here: what is done for a part of the work is done for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Work:
    """Elements looked at so far, and how many may be."""

    limit: int
    _done: int = 0

    parent: Work | None = None

    def spent(self) -> bool:
        """No more."""
        return self._done >= self.limit

    @property
    def done(self) -> int:
        """Elements looked at so far."""
        return self._done

    @done.setter
    def done(self, value: int) -> None:
        if self.parent is not None:
            self.parent.done += value - self._done
        self._done = value

    def part(self, share: int) -> Work:
        """A limit of one in `share` of what is left; what is done there counts here too."""
        return Work(limit=max(self.limit - self._done, 0) // share, parent=self)
