"""The panel of load: how many partitions had which owner, and how many each rebalance moved.

Why: a plan that is uneven, or that moves what could have stayed, is seen as areas before it is
seen in numbers. Rule kept: a pixel shows the average of its time: areas are partition-milliseconds.
"""

from collections.abc import Iterator, Sequence

from rebalance.timeline.model import NOBODY, GroupModel
from rebalance.timeline.svg.drawing import GLYPH_PX, Plot, rect, text
from rebalance.timeline.svg.sheet import Panel, Sheet, member_class


def load(sheet: Sheet, height: float = 56) -> Panel:
    """How many partitions had which owner, one upon the other; hatched: how many had none."""
    model, plot = sheet.model, sheet.plot
    changes: dict[int, dict[int, int]] = {}
    for lane in model.partitions:
        for run in lane.runs:
            who = NOBODY if run.unowned else run.who
            if who >= NOBODY:
                for t, sign in ((run.start_ms, 1), (run.end_ms, -1)):
                    at = changes.setdefault(who, {})
                    at[t] = at.get(t, 0) + sign * len(lane.partitions)
    total = sum(len(lane.partitions) for lane in model.partitions)
    drawn = [
        sheet.label(12, "Load", "head"),
        sheet.label(26, f"of {total:,} partitions", "soft"),
        sheet.label(height + 14, f"{sum(_moved(model)):,} moved", "soft"),
    ]
    below = [0.0] * plot.width
    for who in sorted(changes, key=lambda who: (who == NOBODY, who)):
        share = _averages(changes[who], plot, total)
        upper = [low + part for low, part in zip(below, share, strict=True)]
        style = "nobody" if who == NOBODY else member_class(who)
        drawn += _area(plot, below, upper, height, style)
        below = upper
    drawn += _moves(sheet, height)
    return drawn, height + 26


def _moved(model: GroupModel) -> Iterator[int]:
    return (len(lane.partitions) * len(lane.moves) for lane in model.partitions)


def _averages(changes: dict[int, int], plot: Plot, total: int) -> list[float]:
    """The share of all partitions in each pixel's time."""
    covered = [0] * plot.width
    count, since = 0, 0
    for t in sorted(changes):
        if count:
            for column, part in plot.scale.overlaps(since, t):
                covered[column] += part * count
        count, since = count + changes[t], t
    whole = total * plot.scale.span
    return [part / whole for part in covered]


def _area(
    plot: Plot, low: Sequence[float], high: Sequence[float], height: float, style: str
) -> Iterator[str]:
    """Rectangles of equal columns: steps are steps, nothing is slanted."""
    start = 0
    for column in range(1, len(high) + 1):
        same = column < len(high) and (
            abs(high[column] - high[start]) < 0.004 and abs(low[column] - low[start]) < 0.004
        )
        if same:
            continue
        part = (high[start] - low[start]) * height
        if part >= 0.1:
            y = 2 + height * (1 - high[start])
            yield rect(plot.left + start, y, column - start, part, style)
        start = column


def _moves(sheet: Sheet, height: float) -> Iterator[str]:
    """Below the load, how many partitions each rebalance moved, where there is room."""
    free = -1.0
    plot_end = sheet.plot.right + 18
    for entry in sheet.model.rebalances:
        bar = sheet.plot.bar(entry.start_ms, entry.until_ms)
        if bar is None or not entry.partitions_moved:
            continue
        words = f"{entry.partitions_moved:,}"
        if bar[0] >= free:
            x = min(bar[0], plot_end - len(words) * GLYPH_PX)
            yield text(x, height + 14, words, "soft")
            free = x + (len(words) + 1) * GLYPH_PX
