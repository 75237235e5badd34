"""`rebalance check`: which promises an assignor keeps, and the smallest group that breaks one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import NARROW, WIDE, ColorWhen, terminal_width, wants_color

if TYPE_CHECKING:
    from assignors.interface import Promise
    from rebalance.testing.check import Judgement, Report

    Progress = Callable[[Promise, int], None]
    Tell = Callable[[Judgement], None]


def check(
    assignor: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ASSIGNOR",
            help="Or a known name; also an assignor class of aiokafka or kafka-python.",
        ),
    ],
    examples: Annotated[
        int, bounded(least=1, metavar="N", help="Groups to judge for each promise.")
    ] = 200,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Other groups; the same seed, the same.")
    ] = 0,
    promise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Hold it to this promise too, or to `all`; repeatable."),
    ] = None,
    time_limit: Annotated[
        float, bounded(least=0.1, metavar="SECONDS", help="For one answer of the assignor.")
    ] = 10.0,
    output: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Where a counter-example goes, as a group file."),
    ] = Path("counter-example.yaml"),
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    width: Annotated[
        int | None, bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's.")
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
) -> None:
    """Test an assignor: each promise it declares, and which others it keeps.

    Exit code 1: a declared promise is broken, or could not be judged. The smallest group that was
    found to break it is printed, and written to a file that `rebalance assign` reads.

    Example: rebalance check my_package:MyAssignor --examples 500

    Example: rebalance check aiokafka.coordinator.assignors.range:RangePartitionAssignor
    """
    _check_output(output)
    _need_hypothesis()
    from assignors.errors import AssignorError
    from rebalance.cli.check_report import Layout, as_json, lines
    from rebalance.testing.check import supervised

    also = _promises(promise or [])
    try:
        with _progress(assignor) as (progress, tell):
            report = supervised(
                assignor,
                examples=examples,
                seed=seed,
                also=also,
                time_limit_s=time_limit,
                progress=progress,
                tell=tell,
            )
    except AssignorError as error:
        raise UsageError(str(error)) from None
    files = _write(report, output)
    if json_output:
        print(as_json(report, files))
    else:
        layout = Layout(width=width or terminal_width(), color=wants_color(color))
        for line in lines(report, files, layout):
            print(line)
    if not report.passed:
        raise typer.Exit(1)


def _need_hypothesis() -> None:
    from rebalance.testing.needs import TestingExtraMissingError, need

    try:
        need("hypothesis", for_what="rebalance check")
    except TestingExtraMissingError as error:
        raise UsageError(str(error)) from None


def _promises(names: list[str]) -> "frozenset[Promise]":
    from assignors.interface import Promise

    if "all" in names:
        return frozenset(Promise)
    known = {each.value: each for each in Promise}
    for name in names:
        if name not in known:
            raise UsageError(f"--promise {name}: choose one of {', '.join(known)}, or all")
    return frozenset(known[name] for name in names)


@contextmanager
def _progress(assignor: str) -> "Iterator[tuple[Progress, Tell]]":
    """Something to look at while it works: what it is at on a terminal, else each verdict."""
    from rebalance.cli.check_report import told

    if not sys.stderr.isatty():
        yield (
            lambda promise, done: None,
            lambda judgement: print(told(judgement), file=sys.stderr, flush=True),
        )
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(f"{escape(assignor)}: loading") as status:
        yield (
            lambda promise, done: status.update(
                f"{escape(assignor)}: {promise.value}, {done} groups"
            ),
            lambda judgement: None,
        )


# --- counter-examples as files -------------------------------------------------------------------


def _check_output(path: Path) -> None:
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"--output {path}: not a file in an existing directory")


def _write(report: "Report", path: Path) -> "dict[tuple[Promise, str], Path]":
    """One file for each broken promise: the first as it was asked for, the others beside it."""
    written: dict[tuple[Promise, str], Path] = {}
    for judgement in report.broken:
        if judgement.seen is None or any(judgement.promise is each for each, _ in written):
            continue
        name = judgement.promise.value.replace(" ", "-")
        file = path.with_suffix(f".{name}{path.suffix}") if written else path
        try:
            file.write_text(_group_file(report, judgement), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--output {file}: {error.strerror}") from None
        written[judgement.key] = file
    return written


def _group_file(report: "Report", judgement: "Judgement") -> str:
    from rebalance.group_file import GroupFile, dump

    assert judgement.seen is not None
    assert judgement.broken is not None
    group = GroupFile(
        cluster=judgement.seen.cluster,
        members=judgement.seen.members,
        assignors=(report.assignor,),
    )
    why = " ".join(judgement.broken.why.split())
    return f"# {judgement.promise.value}, broken: {why}\n{dump(group)}"
