"""What `rebalance check` prints: a table of promises, then each counter-example."""

import io
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assignors.interface import Promise
from rebalance.cli.terminal import speaks_unicode
from rebalance.testing.check import Judgement, Report, Verdict

Files: TypeAlias = Mapping[tuple[Promise, str], Path]
"""Where the counter-example of a judgement was written."""

_STYLES = {
    Verdict.KEPT: "green",
    Verdict.BROKEN: "bold red",
    Verdict.HELD: "",
    Verdict.NOT_HELD: "dim",
    Verdict.UNJUDGED: "yellow",
}
_WORDS = {
    Verdict.KEPT: "kept",
    Verdict.BROKEN: "broken",
    Verdict.HELD: "holds",
    Verdict.NOT_HELD: "does not hold",
    Verdict.UNJUDGED: "not judged",
}
_NOTHING_TO_JUDGE = "no valid plan, or nothing that could go wrong"
_WITH_REASONS = 80
"""The least width at which the table has room for reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How wide, and whether in colour."""

    width: int
    color: bool


def lines(report: Report, files: Files, layout: Layout) -> Iterator[str]:
    """The report, line by line."""
    for line in _lines(report, files, layout):
        yield (
            line if speaks_unicode() else line.replace("·", "|").encode("ascii", "replace").decode()
        )


def _lines(report: Report, files: Files, layout: Layout) -> Iterator[str]:
    yield f"{report.assignor} ({report.name}): {report.examples} examples, seed {report.seed}"
    yield ""
    yield from _table(report, layout)
    yield ""
    if layout.width < _WITH_REASONS:
        yield from _left_out(report, layout)
    for judgement in (each for each in _shown(report) if each.verdict is Verdict.BROKEN):
        yield from _counter_example(judgement, files, layout)
    for line in _summary(report):
        yield from textwrap.wrap(line, layout.width)


def _table(report: Report, layout: Layout) -> Iterator[str]:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("promise", no_wrap=True)
    table.add_column("declared", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("groups", justify="right", no_wrap=True)
    if layout.width >= _WITH_REASONS:
        table.add_column("because")
    for each in _shown(report):
        declared = "yes" if each.declared else "no"
        verdict = Text(_WORDS[each.verdict], style=_STYLES[each.verdict])
        because = (Text(_because(each)),) if layout.width >= _WITH_REASONS else ()
        table.add_row(_name(each), declared, verdict, str(each.judged), *because)
    out = io.StringIO()
    colors: Any = "standard" if layout.color else None
    Console(file=out, width=layout.width, color_system=colors, force_terminal=layout.color).print(
        table
    )
    yield from (line.rstrip() for line in out.getvalue().splitlines())


def told(judgement: Judgement) -> str:
    """One line on a judgement as it comes, before the report is there."""
    return f"{_name(judgement)}: {_WORDS[judgement.verdict]}, {judgement.judged} groups"


def _name(judgement: Judgement) -> str:
    name = judgement.promise.value
    return f"{name} ({judgement.path})" if judgement.path else name


def _because(judgement: Judgement) -> str:
    """Why it does not hold, where no counter-example follows, and what is not known."""
    if judgement.broken is not None:
        return "" if judgement.declared else judgement.broken.why
    if judgement.left_out:
        return f"left out: {judgement.left_out}"
    return _NOTHING_TO_JUDGE if judgement.verdict is Verdict.UNJUDGED else ""


def _left_out(report: Report, layout: Layout) -> Iterator[str]:
    """What is not known, where the table has no room for it."""
    listed = [each for each in _shown(report) if each.left_out and each.broken is None]
    for each in listed:
        yield from textwrap.wrap(f"{_name(each)}: {_because(each)}", layout.width)
    if listed:
        yield ""


def _shown(report: Report) -> Iterator[Judgement]:
    """Each promise once, and again for another path that says something else."""
    usual = {each.promise: each.verdict for each in report.judgements if not each.path}
    for each in report.judgements:
        if not each.path or usual.get(each.promise) is not each.verdict:
            yield each


def _counter_example(judgement: Judgement, files: Files, layout: Layout) -> Iterator[str]:
    for number, line in enumerate(judgement.lines()):
        indent = "" if number == 0 else "    "
        yield from textwrap.wrap(
            line, layout.width, subsequent_indent=indent, break_on_hyphens=False
        )
    if judgement.key in files:
        file = files[judgement.key]
        yield f"  written to {file}: rebalance assign {file}"
    yield ""


def _summary(report: Report) -> Iterator[str]:
    declared = {each.promise for each in report.judgements if each.declared}
    broken = {each.promise for each in report.broken}
    unjudged = {each.promise for each in report.unjudged} - broken
    paths = sorted({each.path for each in report.judgements if each.path})
    twice = f" Judged again {', '.join(paths)}." if paths else ""
    if broken:
        yield f"{len(broken)} of {len(declared)} declared promises broken.{twice}"
    elif judged := len(declared) - len(unjudged):
        yield f"No group was found that breaks one of {judged} declared promises.{twice}"
    if unjudged:
        names = ", ".join(each.value for each in Promise if each in unjudged)
        promises = "promise" if len(unjudged) == 1 else "promises"
        yield f"{len(unjudged)} declared {promises} could not be judged: {names}."


def as_json(report: Report, files: Files) -> str:
    """The same as one JSON document."""
    document = {
        "assignor": report.assignor,
        "name": report.name,
        "examples": report.examples,
        "seed": report.seed,
        "passed": report.passed,
        "promises": [_judgement(each, files.get(each.key)) for each in report.judgements],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _judgement(judgement: Judgement, file: Path | None) -> dict[str, Any]:
    broken = judgement.broken
    return {
        "promise": judgement.promise.value,
        "path": judgement.path,
        "declared": judgement.declared,
        "verdict": judgement.verdict.value,
        "groups": judgement.judged,
        "left_out": judgement.left_out or None,
        "why": None if broken is None else broken.why,
        "evidence": [] if broken is None else list(broken.evidence),
        "counter_example": None if judgement.group is None else str(judgement.group),
        "file": None if file is None else str(file),
    }
