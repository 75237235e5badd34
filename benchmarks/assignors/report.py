"""What a run prints and saves: a table per case, then each promise as kept or missed.

The rule kept here: a case is saved when it is done, so that an interrupted run has lost one case.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.assignors.goals import Line, Measured
from benchmarks.assignors.programs import COOPERATIVE, PROGRAMS, SOURCES, STICKY
from benchmarks.assignors.running import Outcome
from benchmarks.assignors.subject import SOFT
from rebalance.testing.apache_kafka import libraries

COLUMNS = (
    "ms",
    "first run",
    "solver",
    "many runs",
    "assign()",
    "wire to wire",
    f"solver x {STICKY}",
    "peak MiB",
    "balance",
    "moves",
)


def show(console: Console, measured: Measured) -> None:
    """One case."""
    outcomes = measured.outcomes
    title = f"{measured.case}: {measured.what}; {measured.size}"
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == COLUMNS[0] else "right")
    ours = outcomes.get(STICKY)
    base = ours.warm("solver") if ours else None
    for subject, outcome in outcomes.items():
        table.add_row(subject, *_row(outcome, base))
    console.print(table)


def _row(outcome: Outcome, base: float | None) -> list[str]:
    if outcome.state == "skipped":
        return ["-"] * (len(COLUMNS) - 1)
    if outcome.state != "done":
        return [outcome.why, *["-"] * (len(COLUMNS) - 2)]
    solver = outcome.warm("solver")
    mib = (outcome.memory_kib[0] or outcome.peak_kib) / 1024
    return [
        ms(statistics.median(outcome.first)),
        ms(solver),
        ms(outcome.steady("solver")),
        ms(outcome.warm("assign")),
        ms(outcome.warm("wire")),
        f"{solver / base:,.2f}" if solver and base else "-",
        f"{mib:,.0f}" if mib else "-",
        *judged(outcome.verdict),
    ]


def judged(said: dict[str, Any]) -> tuple[str, str]:
    """A verdict in two words: the balance, and the moves."""
    if not said:
        return "-", "-"
    if said["fault"]:
        return "INVALID", said["fault"]
    worse = said["imbalance"] - said["least_imbalance"]
    moves, least = said["moves"], said["least_moves"]
    beside = "" if least is None or moves == least else f" ({moves - least:+,})"
    return f"+{worse:,}" if worse else "optimal", f"{moves:,}{beside}"


def ms(value: float | None) -> str:
    """Milliseconds with three digits that matter."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def promises(console: Console, lines: Iterable[Line]) -> None:
    """Kept, missed, or unknown, one a line."""
    words = {True: "kept  ", False: "MISSED", None: "open  "}
    for line in lines:
        console.print(f"{words[line.kept]} {line.promise}: {line.found}", highlight=False)


def markdown(measured: Sequence[Measured], limit_s: float) -> Iterator[str]:
    """The tables of docs/benchmarks.md: the solvers beside each other, then ours in full."""
    peers = [title for title in PROGRAMS if any(title in each.outcomes for each in measured)]
    peers = [title for title in peers if title != SOFT]
    solvers = [title for title in peers if title != COOPERATIVE]
    yield from _heading("solver alone, ms", solvers)
    for each in measured:
        yield _line(each.case, (_brief(each.outcomes.get(title), limit_s) for title in solvers))
    yield ""
    yield from _heading("ours", [*COLUMNS[1:6], COLUMNS[7], "moves", "largest load"])
    for each in measured:
        for title, outcome in each.outcomes.items():
            if PROGRAMS[title].ours and outcome.state == "done":
                row = _row(outcome, None)
                load = f"{outcome.verdict['largest_load']:,}"
                name = each.case if title == STICKY else f"{each.case}, {title}"
                yield _line(name, (*row[:5], row[6], row[8], load))
    yield ""
    yield from _heading("beyond the least sum of squares; moves beyond the fewest", peers)
    for each in measured:
        yield _line(each.case, (_quality(each.outcomes.get(title)) for title in peers))


def _heading(first: str, columns: Iterable[str]) -> Iterator[str]:
    yield _line(first, columns := list(columns))
    yield _line("---", ("--:" for _ in columns))


def _line(first: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


def _brief(outcome: Outcome | None, limit_s: float) -> str:
    if outcome is None or outcome.state == "skipped":
        return ""
    if outcome.state == "unfinished":
        return f"> {limit_s:g} s"
    return ms(outcome.warm("solver")) if outcome.state == "done" else outcome.state


def _quality(outcome: Outcome | None) -> str:
    if outcome is None or not outcome.verdict:
        return ""
    said = outcome.verdict
    if said["fault"]:
        return "invalid"
    worse = said["imbalance"] - said["least_imbalance"]
    more = "?" if said["least_moves"] is None else f"{said['moves'] - said['least_moves']:+,}"
    return f"{worse:+,}; {more}" if worse or more != "+0" else "0; 0"


def load(path: Path) -> tuple[list[Measured], float]:
    """What `save` saved: the cases, and the limit in seconds."""
    document = json.loads(path.read_text())
    limit_s = float(document["settings"]["limit_s"])
    return [Measured.from_data(each) for each in document["cases"]], limit_s


def save(path: Path, settings: dict[str, Any], measured: Iterable[Measured]) -> None:
    """Everything so far, as one JSON document; the file is whole at any time."""
    cases = [asdict(each) for each in measured]
    document = {"machine": machine(), "settings": settings, "cases": cases}
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_text(json.dumps(document, indent=1) + "\n")
    part.replace(path)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    found = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": str(os.cpu_count()),
        "Apache Kafka": libraries.VERSION,
        "franz-go": franz_go_version(),
    }
    for package in ("numpy", "ortools", "aiokafka", "kafka-python"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def franz_go_version() -> str:
    """As its go.mod says."""
    found = re.search(r"twmb/franz-go v(\S+)", (SOURCES / "go" / "go.mod").read_text())
    return found[1] if found else "unknown"
