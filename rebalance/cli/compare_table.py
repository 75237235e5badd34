"""The table of `rebalance compare`: a row a way, a column a metric, the best of each marked.

Rule kept: less is better in every column; a star says so without colour. Of several seeds the
median is compared, and the least and the most stand below it: where the ranges of two ways overlap,
which is better is a matter of luck. Ways that did not go well are shown, and no best is looked for
among them. Time in which no member was alive at all stands
below the table: it is the deploy's own, and mostly the same in all ways.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rebalance.timeline.figures import DESERTED

if TYPE_CHECKING:
    from rebalance.simulation.comparison import Compared

_COLUMNS = (
    ("rebalances", ("rebal-", "ances")),
    ("time to stable, ms", ("time to", "stable ms")),
    ("unavailable, partition-ms", ("unavailable", "partition-ms")),
    ("double-owned, partition-ms", ("double-", "owned")),
    ("partitions moved", ("", "moved")),
    ("rounds to converge, at most", ("", "rounds")),
)
_GAP = 1
_BEST, _PLAIN = "\x1b[1;32m", "\x1b[0m"

Cell = tuple[str, bool]
"""A figure as it is printed, and whether it is the best."""


def tables(results: "Sequence[Compared]", *, width: int, color: bool) -> Iterator[str]:
    """One table a group, then what is wrong with which way."""
    groups = list(dict.fromkeys(g for result in results for g in result.numbers))
    for group_id in groups:
        if group_id != groups[0]:
            yield ""
        if len(groups) > 1:
            yield f"{group_id}:"
        yield from _table(results, group_id, width, color=color)
        for told in _deserted(results, group_id):
            yield from textwrap.wrap(told, width, subsequent_indent="  ")
    yield from _footnotes(results, groups, width)


def _footnotes(results: "Sequence[Compared]", groups: "Sequence[str]", width: int) -> Iterator[str]:
    below: list[str] = []
    for result in results:
        for complaint in result.complaints:
            said = f"{result.name}: {complaint}"
            below += textwrap.wrap(said, width, subsequent_indent="  ")
    if any(cell[1] for group_id in groups for row in _rows(results, group_id) for cell in row):
        below.append("* the best of its column")
    if _seeds(results) > 1:
        told = f"median of {_seeds(results)} seeds; below it the least and the most of them"
        below += textwrap.wrap(told, width, subsequent_indent="  ")
    if below:
        yield from ("", *below) if groups else below


def _table(
    results: "Sequence[Compared]", group_id: str, width: int, *, color: bool
) -> Iterator[str]:
    rows = _rows(results, group_id)
    ranges = [_ranges(result, group_id) if _seeds(results) > 1 else {} for result in results]
    # The star has a place of its own, so that digits stand under digits.
    widths = [
        1
        + max(
            *(len(line) for line in head),
            *(len(row[i][0]) for row in rows),
            *(len(row[i][0]) for range_ in ranges for row in range_.values()),
        )
        for i, (_, head) in enumerate(_COLUMNS)
    ]
    names = [result.name for result in results]
    room = width - sum(widths) - _GAP * len(widths)
    first = min(max(len(name) for name in names), max(room, 0))
    for line in range(2):
        heads = (f"{head[line]:>{w - 1}} " for w, (_, head) in zip(widths, _COLUMNS, strict=True))
        yield _line("", first, heads).rstrip()
    for name, row, range_ in zip(names, rows, ranges, strict=True):
        label = name
        if len(name) > first:
            yield name
            label = ""
        cells = (_cell(cell, w, color=color) for cell, w in zip(row, widths, strict=True))
        yield _line(label, first, cells).rstrip()
        for word, figures in range_.items():
            cells = (_cell(cell, w, color=color) for cell, w in zip(figures, widths, strict=True))
            yield _line(f"  {word}", first, cells).rstrip()


def _seeds(results: "Sequence[Compared]") -> int:
    return max((len(result.runs) for result in results), default=0)


def _ranges(result: "Compared", group_id: str) -> dict[str, list[Cell]]:
    """The least and the most of each column; nothing where there is nothing of the group."""
    told = {"least": result.least, "most": result.most}
    return {
        word: [_figure(numbers[group_id].get(name)) for name, _ in _COLUMNS]
        for word, numbers in told.items()
        if group_id in numbers
    }


def _deserted(results: "Sequence[Compared]", group_id: str) -> Iterator[str]:
    """How long nobody was alive: no way can be blamed for it, and no column counts it."""
    lost = {
        result.name: result.numbers[group_id].get(DESERTED, 0)
        for result in results
        if group_id in result.numbers
    }
    least, most = min(lost.values(), default=0), max(lost.values(), default=0)
    if 100 * (most - least) <= most:  # a stop and a start are not at the same millisecond in all
        span = f"{most:,}" if least == most else f"{least:,} to {most:,}"
        told = [f"{span} partition-ms"] if most else []
    else:
        told = [f"{number:,} partition-ms ({name})" for name, number in lost.items() if number]
    yield from (f"nobody alive: another {words}" for words in told)


def _line(label: str, first: int, cells: Iterator[str]) -> str:
    return f"{label:<{first}}" + "".join(" " * _GAP + cell for cell in cells)


def _cell(cell: Cell, width: int, *, color: bool) -> str:
    text, best = cell
    padded = f"{text:>{width - 1}}{'*' if best else ' '}"
    return f"{_BEST}{padded}{_PLAIN}" if best and color else padded


def _rows(results: "Sequence[Compared]", group_id: str) -> list[list[Cell]]:
    columns = [_column(results, group_id, name) for name, _ in _COLUMNS]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(results: "Sequence[Compared]", group_id: str, name: str) -> list[Cell]:
    figures = [result.numbers.get(group_id, {}).get(name) for result in results]
    sound = [f for f, r in zip(figures, results, strict=True) if f is not None and r.sound]
    # A column in which all are the same has no best.
    best = min(sound) if len(set(sound)) > 1 else None
    return [
        _figure(f, best=f is not None and r.sound and f == best)
        for f, r in zip(figures, results, strict=True)
    ]


def _figure(figure: int | None, *, best: bool = False) -> Cell:
    return "-" if figure is None else f"{figure:,}", best
