"""Time on a line of columns: exact, whatever the length of the trace.

Why: a trace of 50 ms and one of 3 hours are drawn by the same rules. Column c of n covers
[start + c * span / n, start + (c + 1) * span / n); overlaps are compared in integers (1 / n ms).
"""

from collections.abc import Iterator
from dataclasses import dataclass

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000

_STEPS = (
    *(step * 10**power for power in range(3) for step in (1, 2, 5)),
    *(step * SECOND for step in (1, 2, 5, 10, 15, 30)),
    *(step * MINUTE for step in (1, 2, 5, 10, 15, 30)),
    *(step * HOUR for step in (1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 8_760)),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """`columns` for the time from `start` to `end` milliseconds."""

    start: int
    end: int
    columns: int

    @property
    def span(self) -> int:
        """Never 0: an instant is drawn as a millisecond."""
        return max(self.end - self.start, 1)

    def column(self, t: int) -> int:
        """The column of an instant; the end belongs to the last."""
        return min(max((t - self.start) * self.columns // self.span, 0), self.columns - 1)

    def contains(self, t: int) -> bool:
        """Is this instant in the picture?"""
        return self.start <= t <= self.end

    def overlaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Columns that [start, end) touches, each with how much of it is covered (1 / n ms)."""
        left = max(start - self.start, 0) * self.columns
        right = min(end - self.start, self.span) * self.columns
        if left >= right:
            return
        for column in range(left // self.span, (right - 1) // self.span + 1):
            edge = column * self.span
            yield column, min(right, edge + self.span) - max(left, edge)

    def ticks(self, apart: int) -> tuple[int, ...]:
        """Round instants, at least `apart` columns from each other."""
        step = next((s for s in _STEPS if s * self.columns >= apart * self.span), _STEPS[-1])
        first = -(-self.start // step) * step
        return tuple(range(first, self.end + 1, step))


def clock(t: int, scale_end: int) -> str:
    """An instant of a trace: seconds, or hours and minutes where the trace is long."""
    if scale_end < 10 * MINUTE:
        return seconds(t)
    return f"{t // HOUR}:{t // MINUTE % 60:02}:{t // SECOND % 60:02}.{t % SECOND:03}"


def seconds(t: int) -> str:
    """An instant in seconds, however late: as one types it behind --from."""
    return f"{t // SECOND}.{t % SECOND:03} s"


def tick_label(t: int, step: int, scale_end: int) -> str:
    """A round instant, as short as it may be without losing its unit."""
    if scale_end >= 10 * MINUTE:
        seconds = f":{t // SECOND % 60:02}" if step < MINUTE else ""
        return f"{t // HOUR}:{t // MINUTE % 60:02}{seconds}" + ("" if seconds else " h")
    if scale_end < 2 * SECOND or step < 100:
        return f"{t} ms"
    return f"{t // SECOND} s" if step >= SECOND else f"{t / SECOND:.1f} s"


def duration(ms: int) -> str:
    """A length of time with its unit."""
    if ms < SECOND:
        return f"{ms} ms"
    if ms < MINUTE:
        return f"{ms // SECOND}.{ms % SECOND:03} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min {ms // SECOND % 60:02} s"
    return f"{ms // HOUR} h {ms // MINUTE % 60:02} min"


def counted(number: int, noun: str) -> str:
    """A number and what it counts."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
