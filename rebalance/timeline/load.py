"""The rows of load and moves: how evenly the members are loaded, how much changes its owner.

Why: a plan that is uneven, or that moves what could have stayed, is not seen in who owns what. Rule
kept: what moved is never left out; where there is no room for two numbers, their sum stands there.
"""

from collections.abc import Iterable, Mapping, Sequence

from rebalance.timeline.history import History
from rebalance.timeline.lanes import Lane
from rebalance.timeline.paint import Cells, Piece, write
from rebalance.timeline.scale import Scale
from rebalance.timeline.spans import Span

Counts = Mapping[str, Mapping[int, tuple[int, int]]]
"""Lane -> when -> partitions that came (+) or went (-), and those it only believed in."""


def load_row(lanes: Sequence[Lane], counts: Counts, scale: Scale) -> Cells:
    """The least and the most partitions that a member has: `4`, or `3-6`, wherever that changes."""
    cells: Cells = [Piece(" ")] * scale.columns
    said, free = "", 0
    for column, loads in enumerate(_loads(lanes, counts, scale)):
        text = _spread(loads)
        if text == said or column < free:
            continue
        if column + len(text) > scale.columns:
            break
        write(cells, column, text)
        said, free = text, column + len(text) + 1
    return cells


def _loads(lanes: Sequence[Lane], counts: Counts, scale: Scale) -> list[list[int]]:
    """What each member that lives at a column's end has then; a zombie is none."""
    loads: list[list[int]] = [[] for _ in range(scale.columns)]
    for lane in lanes:
        changes = sorted(counts.get(lane.name, {}).items())
        spans = lane.alive or lane.counted
        owned, believed, next_ = 0, 0, 0
        for column in range(scale.columns):
            t = scale.start + ((column + 1) * scale.span - 1) // scale.columns
            while next_ < len(changes) and changes[next_][0] <= t:
                owned += changes[next_][1][0]
                believed += changes[next_][1][1]
                next_ += 1
            if _lives(spans, t) and not believed:
                loads[column].append(owned)
    return loads


def _lives(spans: Iterable[Span], t: int) -> bool:
    return any(span.start <= t < span.end for span in spans)


def _spread(loads: Sequence[int]) -> str:
    if not loads:
        return ""
    least, most = min(loads), max(loads)
    return str(most) if least == most else f"{least}-{most}"


def moved_row(all_: Iterable[History], scale: Scale) -> Cells:
    """How many partitions went to another member, where they did."""
    moved = [0] * scale.columns
    for history in all_:
        for move in history.moves:
            if scale.contains(move.t):
                moved[scale.column(move.t)] += len(history.cells)
    labels: list[tuple[int, int]] = []
    for column, count in enumerate(moved):
        if count and labels and column <= labels[-1][0] + len(str(labels[-1][1])):
            labels[-1] = (labels[-1][0], labels[-1][1] + count)
        elif count:
            labels.append((column, count))
    cells: Cells = [Piece(" ")] * scale.columns
    for column, count in labels:
        text = str(count)
        write(cells, min(column, scale.columns - len(text)), text, "join")
    return cells
