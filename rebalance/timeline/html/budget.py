"""How much of a trace goes into a page, and what is merged or left out where there is more.

Why: a page is read by eyes; a million events on it would be read by nobody, and sent to nobody.
Rule kept: numbers stay exact, only what is drawn becomes coarser, and what was left out is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from rebalance.timeline.history import Stretch

_LEAST = 64
_FINEST = 8_192
"""The first merging cuts a trace into this many steps: more than a screen has columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most so many of each, in one group."""

    stretches: int = 300_000
    events: int = 40_000
    rebalances: int = 2_000
    members: int = 4_000
    partitions: int = 40_000
    asides: int = 2_000

    @property
    def spent(self) -> bool:
        """Nothing can be left out any more."""
        return all(getattr(self, field.name) <= _LEAST for field in fields(self))

    def halved(self) -> "Budget":
        """The same with half of everything."""
        halves = {f.name: max(getattr(self, f.name) // 2, _LEAST) for f in fields(self)}
        return Budget(**halves)


def coarser(
    rows: Sequence[tuple[Stretch, ...]], span_ms: int, most: int
) -> tuple[list[tuple[Stretch, ...]], int]:
    """The rows with at most `most` stretches altogether (or as few as can be), and the step in
    milliseconds below which stretches were merged; 0: nothing was."""
    result, step = list(rows), 0
    while sum(map(len, result)) > most and step < span_ms:
        step = max(step * 2, span_ms // _FINEST, 1)
        result = [merged(row, step) for row in rows]
    return result, step


def merged(row: Sequence[Stretch], step_ms: int) -> tuple[Stretch, ...]:
    """Neighbours shorter than `step_ms` become one stretch, that of the worst among them: what is
    wrong for a moment stays visible."""
    result: list[Stretch] = []
    for stretch in row:
        last = result[-1] if result else None
        if last is not None and last.end == stretch.start:
            if last[2:] == stretch[2:] or max(_length(last), _length(stretch)) < step_ms:
                worst = max(last, stretch, key=_badness)
                result[-1] = worst._replace(start=last.start, end=stretch.end)
                continue
        result.append(stretch)
    return tuple(result)


def _length(stretch: Stretch) -> int:
    return stretch.end - stretch.start


def _badness(stretch: Stretch) -> tuple[bool, bool, bool]:
    return stretch.double, bool(stretch.zombies), stretch.unavailable
