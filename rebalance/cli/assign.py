"""`rebalance assign`: assignors on a group that is written down, and how good their plans are."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import NARROW, WIDE, speaks_unicode, terminal_width

if TYPE_CHECKING:
    from rebalance.cli.assigning.candidates import Candidate
    from rebalance.cli.assigning.running import Outcome
    from rebalance.cli.assigning.today import Today
    from rebalance.group_file import GroupFile


def assign(
    group: Annotated[
        str, typer.Argument(metavar="INPUT", help="A group file, YAML or JSON; - reads stdin.")
    ],
    assignor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A known assignor, or MODULE:CLASS; several times: side by side. "
            "Default: the file's, else sticky.",
        ),
    ] = None,
    rounds: Annotated[
        bool,
        typer.Option("--rounds", help="A cooperative assignor: every round, until all is handed."),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Every member and partition, however many.")
    ] = False,
    time_limit: Annotated[
        float,
        bounded(
            least=0.1, metavar="SECONDS", help="For one answer of an assignor that is not built in."
        ),
    ] = 10.0,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the group as it is afterwards, to go on from."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    width: Annotated[
        int | None, bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's.")
    ] = None,
) -> None:
    """Run assignors on a group: plan, difference to today, quality, distance from the best.

    Assignors that are not built in run in processes of their own. Exit code 1: one failed, crashed
    or did not return, its plan is invalid, or nothing satisfies the constraints; the others are
    shown all the same.

    Example: rebalance assign examples/groups/leave.yaml

    Example: rebalance assign shop.yaml --assignor range --assignor sticky --output next.yaml
    """
    from rebalance.cli.assigning import report
    from rebalance.cli.assigning.document import as_json
    from rebalance.cli.assigning.optimizing import unread
    from rebalance.cli.assigning.running import possible
    from rebalance.cli.assigning.today import Today

    where = "stdin" if group == "-" else group
    read = _read(group, where)
    source, specs = _named(read, where, assignor or [])
    if output is not None:
        _check_output(output, specs)
    today = Today.of(read, unread(read, specs))
    with ExitStack() as running:
        chosen = [_found(source, spec, read, time_limit, running) for spec in specs]
        outcomes = [_outcome(each, today) for each in chosen]
        if output is not None:
            outcomes = [_written(output, chosen[0], outcomes[0], today, rounds=rounds)]
    best = possible(today)
    if json_output:
        print(as_json(where, today, best, outcomes, ascii_only=not speaks_unicode()))
    else:
        layout = report.Layout(
            width=width or terminal_width(), everything=everything, rounds=rounds
        )
        for line in report.lines(where, today, best, outcomes, layout):
            print(line if speaks_unicode() else line.encode("ascii", "backslashreplace").decode())
    if not all(each.ok for each in outcomes):
        raise typer.Exit(1)


def _read(path: str, where: str) -> "GroupFile":
    from rebalance.group_file import GroupFileError, load

    try:
        if path == "-":
            text = sys.stdin.buffer.read().decode("utf-8")
        else:
            text = Path(path).read_text(encoding="utf-8")
        return load(text, where)
    except GroupFileError as error:
        raise UsageError(str(error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: not a text in UTF-8; give a group file") from None
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise UsageError(f"{where}: {why}; give the path of a group file") from None


def _named(group: "GroupFile", where: str, asked: list[str]) -> tuple[str, list[str]]:
    """Who names the assignors, and what they are called."""
    source = "--assignor" if asked else f"{where}: assignor"
    specs = asked or list(group.assignors) or ["sticky"]
    if len(set(specs)) < len(specs):
        raise UsageError(f"{source}: an assignor is named twice: name each once")
    return source, specs


def _found(
    source: str, spec: str, group: "GroupFile", time_limit_s: float, running: ExitStack
) -> "Candidate":
    from assignors.interface import AssignorError
    from rebalance.cli.assigning.candidates import candidate

    try:
        with _working(f"{spec}: loading"):
            return candidate(spec, group, time_limit_s, running)
    except AssignorError as error:
        raise UsageError(f"{source} {spec}: {error}") from None


def _outcome(candidate: "Candidate", today: "Today") -> "Outcome":
    with _working(f"{candidate.label} is at work"):
        return candidate.run(today)


@contextmanager
def _working(what: str) -> Iterator[None]:
    """Something to look at while it takes long, on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(what)):
        yield


# --- the group afterwards ------------------------------------------------------------------------


def _check_output(path: Path, specs: list[str]) -> None:
    if len(specs) > 1:
        names = ", ".join(specs)
        raise UsageError(f"--output {path}: one plan can be followed, not those of {names}")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"--output {path}: not a file in an existing directory")


def _written(
    path: Path, candidate: "Candidate", outcome: "Outcome", today: "Today", *, rounds: bool
) -> "Outcome":
    """After the first round, or with `rounds` after the last; not if the assignor failed, or does
    so now that it is asked what its members would send."""
    from assignors.interface import AssignorError
    from rebalance.group_file import dump

    if not outcome.ok:
        return outcome
    try:
        text = dump(candidate.afterwards(outcome, today, every_round=rounds))
    except AssignorError as error:
        return replace(outcome, error=" ".join(str(error).split()))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}") from None
    return outcome
