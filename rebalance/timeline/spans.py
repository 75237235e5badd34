"""Stretches of time: half-open [start, end) in milliseconds, exact integers.

Why: ownership, demand and lives are all spans; joining and cutting them is written once.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From `start` up to, not including, `end`."""

    start: int
    end: int


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The time covered by at least one span, in order, touching spans joined."""
    result: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def intersection(left: tuple[Span, ...], right: tuple[Span, ...]) -> tuple[Span, ...]:
    """The time covered by both; each side ordered and without overlaps (as `union` returns)."""
    result: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        end = min(left[i].end, right[j].end)
        if start < end:
            result.append(Span(start, end))
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return tuple(result)
