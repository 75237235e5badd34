"""The comparison as a table of Markdown, and its place in docs/simulation.md."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.believable.comparison import Absence, Row
from benchmarks.believable.deploy import SETUPS
from benchmarks.believable.measured import Measurement

__all__ = ["PAGE", "absences", "table", "write"]

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
_BEGIN, _END = "<!-- believable: begin -->\n", "<!-- believable: end -->\n"

_AWAY_BEGIN, _AWAY_END = "<!-- away: begin -->\n", "<!-- away: end -->\n"

_PARTS = {"graceful": "restarts, one more, one less", "kill": "kill -9"}


def table(measurement: Measurement, rows: Iterable[Row]) -> str:
    """Markdown: one line for each setup and part."""
    lines = [
        f"Measured on {measurement.server}, {measurement.date}; a frame of the simulation travels "
        f"1 to {measurement.most_ms} ms.",
        "",
        "| | | fitted on | judged by | simulated | ratio | rebalances, measured | simulated |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [
            SETUPS[row.setup].title,
            _PARTS[row.part],
            _spread(row.fitted),
            _spread(row.judged),
            _spread(row.simulated),
            f"{row.ratio:.2f}",
            _numbers(row.rebalances),
            _numbers(row.simulated_rebalances),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def absences(found: Iterable[Absence]) -> str:
    """Markdown: one line for each setup and time away."""
    lines = [
        "| | a process is away | unavailable, simulated | rebalances |",
        "|---|--:|--:|--:|",
    ]
    for each in found:
        away = f"{each.away_ms / 1000:g} s" if each.away_ms else "not at all"
        cells = [SETUPS[each.setup].title, away, _spread(each.costs), _numbers(each.rebalances)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write(text: str, page: Path = PAGE, *, away: bool = False) -> None:
    """Put the table, or the one of `absences` (`away`), where the page wants it."""
    begin, end = (_AWAY_BEGIN, _AWAY_END) if away else (_BEGIN, _END)
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page}: expected the lines {begin!r} and {end!r}")
    page.write_text(before + begin + "\n" + text + "\n" + end + after)


def _spread(values: Sequence[int]) -> str:
    return f"{median(values):,.0f} ({min(values):,} to {max(values):,})"


def _numbers(values: Sequence[int]) -> str:
    """Each number and in how many runs it was met; one alone if all agree."""
    counts = {value: values.count(value) for value in sorted(set(values))}
    if len(counts) == 1:
        return str(values[0])
    return ", ".join(f"{value} ({count} x)" for value, count in counts.items())
