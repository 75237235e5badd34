"""The panel of rebalances: when each was, and its stages.

Why: every other panel is read from here downwards. Rule kept: none is lost because it was short,
and where there are too many to tell apart the picture says so.
"""

from collections.abc import Iterator

from rebalance.timeline.model import RebalanceEntry
from rebalance.timeline.scale import counted, duration
from rebalance.timeline.svg.coarse import busy, crowded
from rebalance.timeline.svg.drawing import GLYPH_PX, rect, text
from rebalance.timeline.svg.sheet import Panel, Sheet


def tints(sheet: Sheet, top: float, height: float) -> Iterator[str]:
    """A faint ground behind all panels while the group rebalances."""
    for span, _ in busy(sheet.model, sheet.plot.scale):
        bar = sheet.plot.bar(span.start, span.end)
        if bar is not None and bar[1] >= 1:
            yield rect(bar[0], top, bar[1], height, "tint")


def strip(sheet: Sheet) -> Panel:
    """Each rebalance with its stages; numbers above, where there is room."""
    drawn = [sheet.label(25, "Rebalances", "head")]
    if crowded(sheet.model, sheet.plot.scale):
        return [*drawn, *_crowd(sheet)], 38
    free = -1.0
    for entry in sheet.model.rebalances:
        bar = sheet.plot.bar(entry.start_ms, entry.until_ms, 3)
        if bar is None:
            continue
        words = f"#{entry.number}"
        if bar[0] >= free:
            x = min(bar[0], sheet.plot.right + 18 - len(words) * GLYPH_PX)
            drawn.append(text(x, 11, words, "soft"))
            free = x + (len(words) + 0.7) * GLYPH_PX
        drawn += _stages(sheet, entry, bar)
    return drawn, 38


def _crowd(sheet: Sheet) -> Iterator[str]:
    """So many that only when and how many can be told."""
    for span, count in busy(sheet.model, sheet.plot.scale):
        bar = sheet.plot.bar(span.start, span.end, 1)
        if bar is not None:
            when = f"{sheet.when(span.start)} to {sheet.when(span.end)}"
            yield rect(bar[0], 15, bar[1], 13, "s-whole", f"{counted(count, 'rebalance')}, {when}")
    words = (
        f"{len(sheet.model.rebalances):,}, too many to tell apart: look closer with --from, --to"
    )
    yield text(sheet.plot.left, 11, words, "soft")


def _stages(sheet: Sheet, entry: RebalanceEntry, bar: tuple[float, float]) -> Iterator[str]:
    x, width = bar
    yield rect(x, 15, width, 13, "s-whole", rebalance_hint(entry, sheet))
    for stage in entry.stages:
        part = sheet.plot.bar(stage.start_ms, stage.end_ms)
        if part is not None and part[1] >= 0.5:
            y, height = (28, 3) if stage.name == "settle" else (15, 13)
            hint = f"{stage.name}: {duration(stage.end_ms - stage.start_ms)}"
            yield rect(part[0], y, part[1], height, f"s-{stage.name}", hint)


def rebalance_hint(entry: RebalanceEntry, sheet: Sheet) -> str:
    """A rebalance in one line."""
    who = f": {entry.member}" if entry.member else ""
    took = f" took {duration(entry.end_ms - entry.start_ms)}" if entry.end_ms is not None else ""
    return f"#{entry.number} at {sheet.when(entry.start_ms)}{took}, {entry.cause}{who}"
