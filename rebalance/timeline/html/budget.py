"""How much of a trace goes into a page, and what is merged or left out where there is more.

Why: a page is read by eyes; a million events on it would be read by nobody, and sent to nobody.
Rule kept: numbers stay exact, only what is drawn becomes coarser, and what was left out is counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

from rebalance.timeline.model import Run, StateSpan

_LEAST = 64
_FINEST = 8_192
"""The first merging cuts a trace into this many steps: more than a screen has columns."""
_STATES = ("idle", "owns", "syncing", "rejoining", "joining", "paused", "gone", "zombie")
"""From what is as it should be to what a user must see."""

Piece = TypeVar("Piece", Run, StateSpan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most so many of each, in one group."""

    runs: int = 300_000
    states: int = 100_000
    events: int = 40_000
    rebalances: int = 2_000
    members: int = 4_000
    lanes: int = 40_000
    """Different histories of partitions."""
    asides: int = 2_000

    @property
    def spent(self) -> bool:
        """Nothing can be left out any more."""
        return all(getattr(self, field.name) <= _LEAST for field in fields(self))

    def halved(self) -> "Budget":
        """The same with half of everything."""
        halves = {f.name: max(getattr(self, f.name) // 2, _LEAST) for f in fields(self)}
        return Budget(**halves)


class Coarse(NamedTuple):
    """Rows in steps of `step_ms`, below which pieces were merged; 0: nothing was."""

    rows: list[tuple[Run, ...]]
    step_ms: int


def coarser_runs(rows: Sequence[tuple[Run, ...]], span_ms: int, most: int) -> Coarse:
    """The lanes of partitions with at most `most` runs altogether, or as few as can be."""
    result, step = list(rows), 0
    while sum(map(len, result)) > most and step < span_ms:
        step = _next(step, span_ms)
        result = [merged(row, step, _badness) for row in result]
    return Coarse(result, step)


def coarser_states(
    rows: Sequence[tuple[StateSpan, ...]], span_ms: int, most: int
) -> list[tuple[StateSpan, ...]]:
    """The same for lanes of members."""
    result, step = list(rows), 0
    while sum(map(len, result)) > most and step < span_ms:
        step = _next(step, span_ms)
        result = [merged(row, step, _urgency) for row in result]
    return result


def _next(step_ms: int, span_ms: int) -> int:
    return max(step_ms * 2, span_ms // _FINEST, 1)


def merged(row: Sequence[Piece], step_ms: int, rank: Callable[[Piece], int]) -> tuple[Piece, ...]:
    """Neighbours shorter than `step_ms` become one, that of the highest rank among them: what is
    wrong for a moment stays visible."""
    result: list[Piece] = []
    for piece in row:
        last = result[-1] if result else None
        if last is not None and last.end_ms == piece.start_ms:
            longest = max(last.end_ms - last.start_ms, piece.end_ms - piece.start_ms)
            if last[2:] == piece[2:] or longest < step_ms:
                kept = max(piece, last, key=rank)
                result[-1] = kept._replace(start_ms=last.start_ms, end_ms=piece.end_ms)
                continue
        result.append(piece)
    return tuple(result)


def _badness(run: Run) -> int:
    return 4 * (len(run.owners) > 1) + 2 * bool(run.zombies) + (run.wanted and not run.owners)


def _urgency(span: StateSpan) -> int:
    return _STATES.index(span.state)
