"""A list that never grows beyond a bound: of too many every second is kept, then every fourth, ...

Why: a trace of a million events may hold half a million requests, and a picture has room for some
thousands. Rule kept: no stretch of time is without any, and how many are not kept is known.
"""

from typing import Generic, TypeVar

Item = TypeVar("Item")


class Thinned(Generic[Item]):
    """At most `most` of what is added, evenly spread over it, in its order."""

    __slots__ = ("_every", "_most", "_seen", "items")

    def __init__(self, most: int) -> None:
        self._most = most
        self._every = 1
        self._seen = 0
        self.items: list[Item] = []

    @property
    def left_out(self) -> int:
        """How many of those that were added are not kept."""
        return self._seen - len(self.items)

    def add(self, item: Item) -> None:
        """The first is always kept."""
        if self._seen % self._every == 0:
            self.items.append(item)
            if len(self.items) > self._most:
                del self.items[1::2]
                self._every *= 2
        self._seen += 1
