"""The panel of partitions: a row for each history or band, in the colour of who owns it.

Why: this is what a rebalance costs. Rule kept: what nobody owns, or two do, is drawn last and at
least as wide as an eye needs, above its neighbours.
"""

from collections.abc import Iterable, Iterator, Sequence

from rebalance.timeline.model import DESERTED, NOBODY, NOT_WANTED
from rebalance.timeline.palette import DISTINCT
from rebalance.timeline.svg.bands import MIXED, Cell, Row
from rebalance.timeline.svg.drawing import fitted, rect, text
from rebalance.timeline.svg.sheet import BRIEF_PX, HINTS, Panel, Sheet, member_class


def partitions(sheet: Sheet, rows: Sequence[Row]) -> Panel:
    """A row for each history or band: the owner's colour, hatched where nobody owns, red where two
    do; the parts that are short are drawn last, above their neighbours."""
    height = 15 if len(rows) <= 30 else 11
    hints = sum(len(row.cells) for row in rows) <= HINTS
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
    return cell.who in (NOBODY, DESERTED) or cell.double or cell.zombie


def _cell(
    sheet: Sheet, row: Row, cell: Cell, y: float, height: float, *, hints: bool
) -> Iterator[str]:
    bar = sheet.plot.bar(cell.start_ms, cell.end_ms, BRIEF_PX if _urgent(cell) else 0)
    if bar is None or bar[1] < 0.05:
        return
    x, width = bar
    hint = _hint(sheet, row, cell) if hints else ""
    if cell.double:
        yield rect(x, y, width, height, "bad", hint)
        return
    if cell.who >= 0 or cell.who == MIXED:
        style = "mixed" if cell.who == MIXED else member_class(cell.who)
        yield rect(x, y, width, height, style, hint)
        if not row.band and width > 26:
            letter = fitted(sheet.model.members[cell.who].name, width - 8)
            style = f"in i{cell.who % DISTINCT}"
            yield text(x + width / 2, y + height - 4, letter, style)
    if cell.lost:
        part = max(height * cell.lost, 1.5)
        ground = rect(x, y + height - part, width, part, "ground") if cell.lost < 1 else ""
        yield ground + rect(x, y + height - part, width, part, "nobody", hint)
    if cell.zombie:
        yield rect(x, y, width, 3, "bad")


def _hint(sheet: Sheet, row: Row, cell: Cell) -> str:
    names = [sheet.model.members[number].name for number in cell.owners]
    nobody = {MIXED: "several", DESERTED: "nobody, for no member lives"}.get(cell.who, "nobody")
    who = " and ".join(names) or nobody
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
