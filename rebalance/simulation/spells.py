"""Faults of one kind that are on, each for a time of its own.

Why: two that overlap are two. A log that is slow for ten seconds, and slower for twenty from the
fifth on, is fast again after twenty-five; a pause that somebody ended by hand ends no later one.

Rule kept: nobody remembers how it was before a fault. What is in force is worked out from the
faults that are on, so that the end of one can never undo, or outlive, another.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["Spells"]

T = TypeVar("T")


class Spells(Generic[T]):
    """What is on, oldest first; `begin` gives the token that ends it."""

    __slots__ = ("_begun", "_on")

    def __init__(self) -> None:
        self._begun = 0
        self._on: dict[int, T] = {}

    def __bool__(self) -> bool:
        return bool(self._on)

    def __iter__(self) -> Iterator[T]:
        return iter(self._on.values())

    def items(self) -> Iterable[tuple[int, T]]:
        """What is on, by its token."""
        return self._on.items()

    def begin(self, what: T) -> int:
        """One more is on; its token, which no other ever has."""
        self._begun += 1
        self._on[self._begun] = what
        return self._begun

    def end(self, token: int) -> None:
        """This one is over; nothing happens if it was before."""
        self._on.pop(token, None)

    def clear(self) -> None:
        """All are over."""
        self._on.clear()

    def newest(self, usual: T) -> T:
        """What began last of all that is on; `usual` if nothing is."""
        return next(reversed(self._on.values()), usual)
