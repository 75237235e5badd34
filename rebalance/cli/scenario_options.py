"""What `simulate` and `compare` are told alike: a scenario file, or a deploy in a few options.

Rule kept: an option that would be ignored is an error. What a deploy's options say can be printed
as the scenario file that they stand for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError, leave_out

if TYPE_CHECKING:
    from rebalance.simulation import Scenario
    from rebalance.simulation.deploys import Deploy

KINDS = ("rolling", "all-at-once", "scale-out", "scale-in", "crash")

ScenarioFile = Annotated[
    Path | None,
    typer.Argument(metavar="SCENARIO", help="A scenario file; or say --members and so on."),
]
Members = Annotated[
    int | None, typer.Option(metavar="N", help="Without a file: so many consumers.")
]
Partitions = Annotated[
    int | None, typer.Option(metavar="N", help="Of the one topic they read; default: 3 for each.")
]
DeployKind = Annotated[
    str | None, typer.Option("--deploy", metavar="KIND", help=f"{', '.join(KINDS)}.")
]
Every = Annotated[
    str | None, typer.Option(metavar="TIME", help="From one to the next; default: 10s.")
]
Restart = Annotated[
    str | None, typer.Option(metavar="TIME", help="How long one is away; default: 20s.")
]
By = Annotated[int | None, typer.Option(metavar="N", help="In waves: so many at a time.")]
Count = Annotated[
    int | None, typer.Option(metavar="N", help="How many come, go or crash; default: 1.")
]
PrintScenario = Annotated[
    bool, typer.Option("--print-scenario", help="Print the file that the options stand for.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """As they were given; None: not at all."""

    members: int | None = None
    partitions: int | None = None
    deploy: str | None = None
    every: str | None = None
    restart: str | None = None
    by: int | None = None
    count: int | None = None

    @property
    def given(self) -> list[str]:
        """The names of those that were."""
        return [f"--{f.name}" for f in fields(self) if getattr(self, f.name) is not None]


def check_unused(
    *,
    as_json: bool,
    printed_only: bool,
    drawing: Mapping[str, object],
    playing: Mapping[str, object],
) -> None:
    """Options of how to draw and of what to play, by name, as they were given: those that would be
    ignored are an error.

    Raises:
        UsageError: there is one.
    """
    leave_out("--json draws nothing", as_json, drawing)
    unused = {"--json": as_json, **playing, **drawing}
    leave_out("--print-scenario plays nothing", printed_only, unused)


def scenario_of(file: Path | None, options: DeployOptions, *, static: bool = False) -> "Scenario":
    """Read the file, or make a scenario of the options.

    Raises:
        UsageError: both or neither were given, or one of them makes no sense.
    """
    if file is not None:
        if options.given:
            raise UsageError(
                f"{', '.join(options.given)}: for a deploy without a file; {file} says all of it"
            )
        return _read(file)
    if options.members is None:
        raise UsageError(
            "expected a scenario file, or a deploy as options: --members 12 --deploy rolling"
        )
    from rebalance.simulation import parse

    return parse(_deploy(options, options.members, static=static).text(), name="the options")


def _deploy(options: DeployOptions, members: int, *, static: bool) -> "Deploy":
    from rebalance.simulation.deploys import Deploy, Kind

    kind = options.deploy or KINDS[0]
    if kind not in KINDS:
        raise UsageError(f"--deploy {kind}: choose one of {', '.join(KINDS)}")
    _check_fitting(options, kind)
    times = {
        f"{name}_ms": _duration(f"--{name}", text)
        for name, text in (("every", options.every), ("restart", options.restart))
        if text is not None
    }
    numbers = {"by": options.by, "count": options.count}
    try:
        return Deploy(
            members=members,
            partitions=3 * members if options.partitions is None else options.partitions,
            kind=Kind(kind),
            static=static,
            **times,
            **{name: number for name, number in numbers.items() if number is not None},
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


_MEANINGLESS: Mapping[str, tuple[str, ...]] = {
    "rolling": ("--count",),
    "all-at-once": ("--every", "--by", "--count"),
    "scale-out": ("--restart",),
    "scale-in": ("--restart",),
    "crash": (),
}


def _check_fitting(options: DeployOptions, kind: str) -> None:
    for name in options.given:
        if name in _MEANINGLESS[kind]:
            raise UsageError(f"{name}: a {kind} deploy has none; leave it out")


def _duration(name: str, text: str) -> int:
    from rebalance.simulation.values import duration

    try:
        return duration(text)
    except ValueError as error:
        raise UsageError(f"{name} {error}") from None


def _read(path: Path) -> "Scenario":
    from rebalance.simulation import ScenarioError, read

    try:
        scenario = read(path)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text in UTF-8; give a scenario file") from None
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise UsageError(f"{path}: {why}; give the path of a scenario file") from None
    if not scenario.blocks:
        raise UsageError(
            f"{path}: no command in it: expected `topic`, `members` and `start`, "
            "as in docs/scenarios.md"
        )
    return scenario
