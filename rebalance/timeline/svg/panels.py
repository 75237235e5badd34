"""The panels of the SVG, one function each: time, rebalances, members, load, partitions.

Why: each answers one question, and all share one time axis, so that the eye goes straight down from
a rebalance to who lost what. A panel returns its elements and the height that they take.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rebalance.timeline.model import (
    NOBODY,
    NOT_WANTED,
    GroupModel,
    MemberLane,
    RebalanceEntry,
    StateSpan,
)
from rebalance.timeline.palette import MEMBERS
from rebalance.timeline.scale import clock, duration, tick_label
from rebalance.timeline.svg.bands import MIXED, Cell, Row
from rebalance.timeline.svg.coarse import busy, crowded, seen_states
from rebalance.timeline.svg.drawing import GLYPH_PX, Plot, fitted, line, rect, text

_BRIEF_PX = 1.5
"""What is shorter is drawn this wide: an event is never lost because it was short."""
_HINTS = 1_500
"""Elements that explain themselves under the pointer, at most: hints are half of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Where the panels are drawn, and of what."""

    model: GroupModel
    plot: Plot
    labels: float
    """Pixels on the left for names."""

    def label(self, y: float, words: str, style: str = "") -> str:
        """A name on the left, as much of it as fits."""
        return text(0, y, fitted(words, self.labels - 8), style)

    def when(self, t: int) -> str:
        """An instant, in the units of the axis."""
        return clock(t, self.plot.scale.end)


Panel = tuple[list[str], float]


def member_class(number: int) -> str:
    """The class of a member's colour."""
    return f"m{number % len(MEMBERS)}"


def axis(sheet: Sheet, height: float) -> Panel:
    """Round instants above, and a faint line below each through all panels."""
    plot = sheet.plot
    ticks = plot.scale.ticks(90)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else plot.scale.span
    drawn: list[str] = []
    for t in ticks:
        x = plot.x(t)
        drawn.append(line(x, 18, x, height, "grid"))
        drawn.append(text(x, 12, tick_label(t, step, plot.scale.end), "soft mid"))
    return drawn, 22


# --- rebalances ----------------------------------------------------------------------------------


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
            drawn.append(text(bar[0], 11, words, "soft"))
            free = bar[0] + (len(words) + 0.7) * GLYPH_PX
        drawn += _stages(sheet, entry, bar)
    return drawn, 38


def _crowd(sheet: Sheet) -> Iterator[str]:
    """So many that only when and how many can be told."""
    for span, count in busy(sheet.model, sheet.plot.scale):
        bar = sheet.plot.bar(span.start, span.end, 1)
        if bar is not None:
            when = f"{sheet.when(span.start)} to {sheet.when(span.end)}"
            yield rect(bar[0], 15, bar[1], 13, "s-whole", f"{count:,} rebalances, {when}")
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


# --- members -------------------------------------------------------------------------------------

_LANE = 18


def members(sheet: Sheet, shown: Sequence[MemberLane]) -> Panel:
    """A lane for each: a bar while it owns, a line while it does not, hatched once it is gone."""
    drawn = [sheet.label(12, f"Members ({len(sheet.model.members)})", "head")]
    y = 18.0
    hints = sum(len(member.states) for member in shown) <= _HINTS
    for member in shown:
        drawn.append(rect(0, y + 4, 8, 8, member_class(member.number)))
        drawn.append(text(13, y + 12, fitted(member.name, sheet.labels - 22)))
        for span in seen_states(member.states, sheet.plot.scale):
            drawn += _state(sheet, member, span, y, hints=hints)
        drawn += _ends(sheet, member, y)
        drawn += _failed_requests(sheet, member, y)
        y += _LANE
    hidden = len(sheet.model.members) - len(shown)
    if hidden:
        drawn.append(sheet.label(y + 12, f"and {hidden:,} more", "soft"))
        y += _LANE
    return drawn, y + 10


_LINES = {"idle": "idle", "joining": "busy", "syncing": "busy"}


def _state(
    sheet: Sheet, member: MemberLane, span: StateSpan, y: float, *, hints: bool
) -> Iterator[str]:
    least = 0.0 if span.state == "idle" else _BRIEF_PX
    bar = sheet.plot.bar(span.start_ms, span.end_ms, least)
    if bar is None or bar[1] <= 0:
        return
    x, width = bar
    when = f"{sheet.when(span.start_ms)} to {sheet.when(span.end_ms)}"
    hint = f"{member.name} {_words(span)}, {when}" if hints else ""
    if span.state in _LINES:
        yield rect(x, y + 7, width, 3, _LINES[span.state], hint)
    elif span.state in ("owns", "rejoining"):
        style = member_class(member.number) + (" again" if span.state == "rejoining" else "")
        yield rect(x, y + 2, width, 13, style, hint)
        if width > 16 + 6 * len(str(span.owned)):
            at = x + width / 2
            yield text(at, y + 12, str(span.owned), f"in i{member.number % len(MEMBERS)}")
    elif span.state == "zombie":
        yield rect(x, y + 5, width, 7, "bad", hint)
    else:
        yield rect(x, y + 4, width, 9, span.state, hint)


def _words(span: StateSpan) -> str:
    if span.state in ("owns", "rejoining"):
        rejoins = ", rejoining" if span.state == "rejoining" else ""
        return f"owns {span.owned:,}{rejoins}"
    words = {
        "idle": "owns nothing",
        "joining": "is joining",
        "syncing": "waits for its assignment",
        "paused": "stands still",
        "zombie": "was removed and believes that it owns",
        "gone": "is gone, not noticed yet",
    }
    return words[span.state]


def _ends(sheet: Sheet, member: MemberLane, y: float) -> Iterator[str]:
    scale = sheet.plot.scale
    for happening in member.happenings:
        if not scale.contains(happening.t_ms):
            continue
        x = sheet.plot.x(happening.t_ms)
        if happening.kind in ("crashed", "failed"):
            yield line(x - 4, y + 4, x + 4, y + 13, "cross")
            yield line(x - 4, y + 13, x + 4, y + 4, "cross")
        elif happening.kind == "closed":
            yield line(x, y + 1, x, y + 16, "stop")


_EVERYDAY = ("MEMBER_ID_REQUIRED", "REBALANCE_IN_PROGRESS")
"""Answers that are part of every join."""


def _failed_requests(sheet: Sheet, member: MemberLane, y: float) -> Iterator[str]:
    """A red tick below the lane where a request was lost or refused; one that was sent after the
    last answer may be under way."""
    last = max((request.answered_ms or 0 for request in member.requests), default=0)
    for request in member.requests:
        lost = request.answered_ms is None and request.sent_ms < last
        bad = lost or (request.error and request.error not in _EVERYDAY)
        if bad and sheet.plot.scale.contains(request.sent_ms):
            what = request.error or "no answer"
            hint = f"{request.api} of {member.name} at {sheet.when(request.sent_ms)}: {what}"
            yield rect(sheet.plot.x(request.sent_ms) - 1, y + 15, 2, 3, "bad lostone", hint)


# --- load ----------------------------------------------------------------------------------------


def load(sheet: Sheet, height: float = 56) -> Panel:
    """How many partitions had which owner, one upon the other; hatched: how many had none."""
    model, plot = sheet.model, sheet.plot
    changes: dict[int, dict[int, int]] = {}
    for lane in model.partitions:
        for run in lane.runs:
            who = run.who
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
    for entry in sheet.model.rebalances:
        bar = sheet.plot.bar(entry.start_ms, entry.until_ms)
        if bar is None or not entry.partitions_moved:
            continue
        words = f"{entry.partitions_moved:,}"
        if bar[0] >= free:
            yield text(bar[0], height + 14, words, "soft")
            free = bar[0] + (len(words) + 1) * GLYPH_PX


# --- partitions ----------------------------------------------------------------------------------


def partitions(sheet: Sheet, rows: Sequence[Row]) -> Panel:
    """A row for each history or band: the owner's colour, hatched where nobody owns, red where two
    do; the parts that are short are drawn last, above their neighbours."""
    height = 15 if len(rows) <= 30 else 11
    hints = sum(len(row.cells) for row in rows) <= _HINTS
    count = sum(len(row.partitions) for row in rows)
    drawn = [sheet.label(12, f"Partitions ({count:,})", "head")]
    y = 18.0
    topic = ""
    for row in rows:
        if row.topic != topic:
            topic = row.topic
            drawn.append(text(0, y + 11, fitted(topic, sheet.labels + 200), "soft"))
            y += 16
        drawn.append(text(8, y + height - 4, fitted(ranges(row.partitions), sheet.labels - 16)))
        shown = [cell for cell in row.cells if cell.who != NOT_WANTED or cell.zombie]
        wide = [cell for cell in shown if not _urgent(cell)]
        for cell in [*wide, *(cell for cell in shown if _urgent(cell))]:
            drawn += _cell(sheet, row, cell, y, height, hints=hints)
        y += height + (1 if height < 15 else 2)
    return drawn, y + 12


def _urgent(cell: Cell) -> bool:
    return cell.who == NOBODY or cell.double or cell.zombie


def _cell(
    sheet: Sheet, row: Row, cell: Cell, y: float, height: float, *, hints: bool
) -> Iterator[str]:
    bar = sheet.plot.bar(cell.start_ms, cell.end_ms, _BRIEF_PX if _urgent(cell) else 0)
    if bar is None or bar[1] < 0.05:
        return
    x, width = bar
    hint = _hint(sheet, row, cell) if hints else ""
    if cell.double:
        yield rect(x, y, width, height, "bad", hint)
        return
    if cell.who != NOBODY and cell.who != NOT_WANTED:
        style = "mixed" if cell.who == MIXED else member_class(cell.who)
        yield rect(x, y, width, height, style, hint)
        if not row.band and width > 26:
            letter = fitted(sheet.model.members[cell.who].name, width - 8)
            style = f"in i{cell.who % len(MEMBERS)}"
            yield text(x + width / 2, y + height - 4, letter, style)
    if cell.lost:
        part = max(height * cell.lost, 1.5)
        ground = rect(x, y + height - part, width, part, "ground") if cell.lost < 1 else ""
        yield ground + rect(x, y + height - part, width, part, "nobody", hint)
    if cell.zombie:
        yield rect(x, y, width, 3, "bad")


def _hint(sheet: Sheet, row: Row, cell: Cell) -> str:
    names = [sheet.model.members[number].name for number in cell.owners]
    who = " and ".join(names) if names else "several" if cell.who == MIXED else "nobody"
    if row.band and cell.who >= 0:
        who = f"mostly {sheet.model.members[cell.who].name}"
    where = f"{row.topic} {ranges(row.partitions)}"
    return f"{where}: {who}, {sheet.when(cell.start_ms)} to {sheet.when(cell.end_ms)}"


def ranges(ids: Iterable[int]) -> str:
    """Ascending ids as `0-3,7`."""
    parts: list[list[int]] = []
    for id_ in ids:
        if parts and parts[-1][1] == id_ - 1:
            parts[-1][1] = id_
        else:
            parts.append([id_, id_])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
