"""How much of a trace goes into a page, and what is merged or left out where there is more.

Why: a page is read by eyes; a million events on it would be read by nobody, and sent to nobody.
Rules kept: numbers stay exact, only what is drawn becomes coarser, and what was left out is
counted; what is wrong is left out last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from rebalance.timeline.model import Run, StateSpan

_FINEST = 8_192
"""The first merging cuts a trace into this many steps: more than a screen has columns."""
_LETTERS = 400
"""Of each name and text: Kafka's topics have 249 at most, its groups and reasons thousands."""
STATES = ("idle", "owns", "syncing", "rejoining", "joining", "paused", "gone", "zombie")
"""From what is as it should be to what a user must see."""

Piece = TypeVar("Piece", Run, StateSpan)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most so many of each in one group, and of groups in one timeline."""

    groups: int = 200
    runs: int = 300_000
    states: int = 100_000
    events: int = 80_000
    """Of members, with their requests and marks."""
    sweeps: int = 60_000
    """Instants at which a number changes that is counted over time."""
    rests: int = 10_000
    """Times between two rebalances, and as many loads in them."""
    rebalances: int = 2_000
    members: int = 4_000
    lanes: int = 40_000
    """Different histories of partitions."""
    topics: int = 4_000
    ranges: int = 100_000
    """Of partitions that follow each other."""
    asides: int = 2_000


class LeftOut(dict[str, int]):
    """How many of what are not on the page."""

    def add(self, what: str, count: int) -> None:
        """Nothing is said of none."""
        if count:
            self[what] = self.get(what, 0) + count


def chosen(items: Sequence[Item], most: int, urgent: Callable[[Item], bool]) -> list[Item]:
    """At most `most` of them, in their order: those that are urgent before any other, and of too
    many every second, third, ..., so that no time is without any."""
    if len(items) <= most:
        return list(items)
    first = _thinned([i for i, item in enumerate(items) if urgent(item)], most)
    rest = [i for i, item in enumerate(items) if not urgent(item)]
    kept = sorted([*first, *_thinned(rest, most - len(first))])
    return [items[i] for i in kept]


def _thinned(places: Sequence[int], most: int) -> list[int]:
    if len(places) <= most:
        return list(places)
    return [places[k * len(places) // most] for k in range(most)]


def short(text: str) -> str:
    """A text without its middle, where it has too many letters."""
    half = _LETTERS // 2
    return text if len(text) <= _LETTERS else f"{text[:half]}…{text[1 - half :]}"


def shortened(texts: Iterable[str]) -> list[str]:
    """Each of them short."""
    return [short(text) for text in texts]


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
    """Neighbours shorter than `step_ms`, and less than that apart, become one, that of the highest
    rank among them: what is wrong for a moment stays visible."""
    result: list[Piece] = []
    for piece in row:
        last = result[-1] if result else None
        if last is not None and piece.start_ms - last.end_ms < max(step_ms, 1):
            longest = max(last.end_ms - last.start_ms, piece.end_ms - piece.start_ms)
            if last[2:] == piece[2:] or longest < step_ms:
                kept = max(piece, last, key=rank)
                result[-1] = kept._replace(start_ms=last.start_ms, end_ms=piece.end_ms)
                continue
        result.append(piece)
    return tuple(result)


def _badness(run: Run) -> int:
    return 4 * (len(run.owners) > 1) + 2 * bool(run.zombies) + run.unowned


def _urgency(span: StateSpan) -> int:
    return STATES.index(span.state)
