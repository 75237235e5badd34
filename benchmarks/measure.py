"""Medians and ratios: what every benchmark here prints.

Shared machines are noisy, so a figure is the median of several runs with its least and most, and
two subjects are compared by turns in one run.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One subject's runs in `unit`."""

    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.runs)


def show(title: str, figures: Sequence[Figure], *, against: Figure | None = None) -> None:
    """Print a table; with `against`, also each median's ratio to that one's."""
    table = Table(title=title, title_justify="left")
    for column in ("what", "median", "least", "most", "unit", "runs"):
        table.add_column(column, justify="left" if column in ("what", "unit") else "right")
    if against is not None:
        table.add_column(f"x {against.name}", justify="right")
    for figure in figures:
        row = [
            figure.name,
            _number(figure.median),
            _number(min(figure.runs)),
            _number(max(figure.runs)),
            figure.unit,
            str(len(figure.runs)),
        ]
        if against is not None:
            row.append(f"{figure.median / against.median:.2f}" if against.median else "-")
        table.add_row(*row)
    Console(width=110).print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
