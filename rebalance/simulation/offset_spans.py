"""A set of offsets as few spans: what was processed of a partition.

Why: a consumer processes thousands of records in a row; a set of them is one pair of numbers, and
"how many of these were processed before" is a subtraction.
Rule kept: spans are half open, ascending, and never touch one another.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

__all__ = ["OffsetSpans"]


class OffsetSpans:
    """Offsets, as spans [start, end)."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        return sum(self._ends) - sum(self._starts)

    def add(self, start: int, end: int) -> int:
        """Put in [start, end); how many of them were in already."""
        if end <= start:
            return 0
        if not self._ends or start > self._ends[-1]:
            self._starts.append(start)
            self._ends.append(end)
            return 0
        if start == self._ends[-1]:  # whoever reads on
            self._ends[-1] = end
            return 0
        first = bisect_left(self._ends, start)  # the first span that reaches `start`
        last = bisect_right(self._starts, end)  # the first span beyond `end`
        known = sum(
            max(0, min(end, self._ends[at]) - max(start, self._starts[at]))
            for at in range(first, last)
        )
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]
        return known

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """The spans of [start, end) that are not in."""
        holes: list[tuple[int, int]] = []
        at = start
        for index in range(bisect_right(self._ends, start), len(self._starts)):
            if self._starts[index] >= end:
                break
            if self._starts[index] > at:
                holes.append((at, self._starts[index]))
            at = self._ends[index]
        if at < end:
            holes.append((at, end))
        return holes
