"""What is too much to draw, merged to what can be seen: at most one stretch a pixel.

Why: a group that rebalances ten thousand times would be a file of a hundred megabytes in which the
eye sees no more than in one of a few. In each pixel stands what lasted longest in it; what a user
must not miss (a zombie, a member that is gone) stands there however short it was.
"""

from collections.abc import Sequence

from rebalance.timeline.model import GroupModel, StateSpan
from rebalance.timeline.scale import Scale
from rebalance.timeline.spans import Span

_URGENT = ("zombie", "gone", "paused")


def seen_states(states: Sequence[StateSpan], scale: Scale) -> Sequence[StateSpan]:
    """A member's states; where there are more than half as many as pixels, one for each pixel."""
    if 2 * len(states) <= scale.columns:
        return states
    columns: list[dict[tuple[str, int], int]] = [{} for _ in range(scale.columns)]
    for span in states:
        urgent = scale.columns * scale.span if span.state in _URGENT else 0
        for column, covered in scale.overlaps(span.start_ms, span.end_ms):
            shares = columns[column]
            key = (span.state, span.owned)
            shares[key] = shares.get(key, 0) + covered + urgent
    merged: list[StateSpan] = []
    for column, shares in enumerate(columns):
        if not shares:
            continue
        state, owned = max(shares, key=lambda key: (shares[key], key))
        start, end = edges(column, scale)
        if merged and merged[-1].end_ms == start and merged[-1][2:] == (state, owned):
            start = merged.pop().start_ms
        merged.append(StateSpan(start, end, state, owned))  # type: ignore[arg-type]
    return merged


def edges(column: int, scale: Scale) -> tuple[int, int]:
    """The time of a column."""
    start = scale.start + column * scale.span // scale.columns
    return start, scale.start + (column + 1) * scale.span // scale.columns


def crowded(model: GroupModel, scale: Scale) -> bool:
    """More rebalances than can be told apart: at least eight pixels each."""
    return len(model.rebalances) * 8 > scale.columns


def busy(model: GroupModel, scale: Scale) -> tuple[tuple[Span, int], ...]:
    """When the group rebalanced, what is less than a pixel apart as one, and how often it did."""
    result: list[tuple[Span, int]] = []
    pixel = scale.span / scale.columns
    for entry in model.rebalances:
        span, count = Span(entry.start_ms, entry.until_ms), 1
        if result and span.start - result[-1][0].end < pixel:
            before, many = result.pop()
            span = Span(before.start, max(before.end, span.end))
            count = many + 1
        result.append((span, count))
    return tuple(result)
