"""`rebalance compare`: one churn through several protocols, assignors and settings, one table."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.progress import progress
from rebalance.cli.scenario_options import (
    By,
    Count,
    DeployKind,
    DeployOptions,
    Every,
    Members,
    Partitions,
    PrintScenario,
    Restart,
    ScenarioFile,
    check_unused,
    scenario_of,
)
from rebalance.cli.scenario_settings import settings
from rebalance.cli.terminal import (
    NARROW,
    WIDE,
    ColorWhen,
    check_writable,
    drawing_options,
    terminal_width,
    wants_color,
)

if TYPE_CHECKING:
    from rebalance.simulation import Overrides, Scenario
    from rebalance.simulation.comparison import Compared, Played
    from rebalance.simulation.ways import Way

_SEEDS = 5
"""Of a deploy without a file: nobody has tuned it, so one case of it says little."""
_USUAL = ("eager/range", "eager/sticky", "cooperative/sticky")


def compare(
    scenario: ScenarioFile = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="eager|cooperative", help="Several: say it again; default: both."),
    ] = None,
    assignor: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A known assignor, or MODULE:CLASS. Several: again."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V1,V2",
            help="A property of Kafka, of the broker or of all consumers, and its values.",
        ),
    ] = None,
    static: Annotated[
        str | None, typer.Option(metavar="yes|no|both", help="Whether all members are static.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The first one, instead of the scenario's.")
    ] = None,
    seeds: Annotated[
        int | None,
        bounded(least=1, metavar="N", help="So many; default: 1 of a file, 5 without one."),
    ] = None,
    members: Members = None,
    partitions: Partitions = None,
    deploy: DeployKind = None,
    every: Every = None,
    restart: Restart = None,
    by: By = None,
    count: Count = None,
    print_scenario: PrintScenario = False,
    workers: Annotated[
        int | None, bounded(least=1, metavar="N", help="Processes; default: one a core.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page: a timeline a way, on one time axis."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    width: Annotated[
        int | None, bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's.")
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
) -> None:
    """Play one churn in several ways and print what each costs; * marks the best of a column.

    Default: eager/range, eager/sticky, cooperative/sticky. Settings are combined with each other.
    Of several seeds the median is told, and below it the least and the most.

    What stands above `measure from here` in the scenario is not counted.

    Exit code 1: a way broke an invariant, its members failed, it was not at rest at the end, or it
    could not be played.

    Example: rebalance compare deploy.txt --set session.timeout.ms=10000,45000 --static both

    Example: rebalance compare --members 84 --partitions 252 --deploy rolling --every 10s
    """
    playing: dict[str, object] = {
        "--html": html,
        "--workers": workers,
        "--seed": seed,
        "--seeds": seeds,
    }
    playing |= {"--protocol": protocol, "--assignor": assignor, "--set": set_, "--static": static}
    check_unused(
        as_json=json_output,
        printed_only=print_scenario,
        drawing=drawing_options(width, color),
        playing=playing,
    )
    options = DeployOptions(
        members=members,
        partitions=partitions,
        deploy=deploy,
        every=every,
        restart=restart,
        by=by,
        count=count,
    )
    check_writable(html, "--html")
    played = scenario_of(scenario, options)
    if print_scenario:
        print("\n".join(played.lines), end="")
        return
    ways = _ways(protocol or (), assignor or (), [*settings(set_ or ()), *_static(static)])
    asked = _seeds(played, seed, seeds or (_SEEDS if scenario is None else 1))
    results = _play(played, ways, asked, workers, keep_traces=html is not None)
    if html is not None:
        _write_page(html, played, results)
    if json_output:
        print(json.dumps(_as_json(played, results), indent=2, ensure_ascii=False))
    else:
        _print_table(results, width or terminal_width(), color)
    if not all(result.sound for result in results):
        raise typer.Exit(1)


# --- what was asked ------------------------------------------------------------------------------


def _ways(
    protocols: Sequence[str],
    assignors: Sequence[str],
    changes: "list[dict[str, Overrides]]",
) -> "list[Way]":
    from assignors.errors import AssignorError
    from rebalance.simulation.choosing import PROTOCOLS, chosen
    from rebalance.simulation.ways import combined, read_way

    names = [
        f"{protocol}/{assignor}" if assignor else protocol
        for protocol in protocols or PROTOCOLS
        for assignor in assignors or ("",)
    ]
    try:
        first = [read_way(name) for name in (names if protocols or assignors else _USUAL)]
        for each in first:
            chosen((), each.overrides)
    except (AssignorError, ValueError) as error:
        raise UsageError(str(error)) from None
    return combined(list(dict.fromkeys(first)), changes)


def _seeds(scenario: "Scenario", first: int | None, count: int) -> list[int]:
    """The seeds to play: the scenario's own, or `first`, and those behind it.

    Every line of the scenario is understood for it, so that a mistake in one is told once.
    """
    from rebalance.simulation import ScenarioError
    from rebalance.simulation.run import understand

    try:
        declared = understand(scenario)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    first = declared.seed if first is None else first
    return list(range(first, first + count))


def _static(answer: str | None) -> "list[dict[str, Overrides]]":
    from rebalance.simulation import Overrides

    answers = {"no": ("dynamic",), "yes": ("static",), "both": ("dynamic", "static")}
    if answer is None:
        return []
    if answer not in answers:
        raise UsageError(f"--static {answer}: choose one of yes, no, both")
    return [{name: Overrides(static=name == "static") for name in answers[answer]}]


# --- playing -------------------------------------------------------------------------------------


def _play(
    scenario: "Scenario",
    ways: "Sequence[Way]",
    seeds: Sequence[int],
    workers: int | None,
    *,
    keep_traces: bool,
) -> "list[Compared]":
    from rebalance.simulation.comparison import gathered, play_all
    from rebalance.timeline.figures import all_figures

    playing = play_all(
        scenario,
        ways,
        seeds=seeds,
        measure=all_figures,
        workers=workers or os.cpu_count() or 1,
        keep_traces=keep_traces,
    )
    runs = list(_told(playing, len(ways) * len(seeds)))
    impossible = {run.impossible for run in runs}
    if len(impossible) == 1 and "" not in impossible:
        raise UsageError(impossible.pop())
    if not any(run.numbers or run.complaints for run in runs):
        raise UsageError(
            f"{scenario.name}: no consumer comes to life in it, so there is nothing to compare: "
            "expected `topic`, `members` and `start`, as in docs/scenarios.md"
        )
    return gathered(runs)


def _told(runs: "Iterable[Played]", count: int) -> "Iterator[Played]":
    """Progress on a terminal, for who waits; gone when all is played or somebody interrupts."""
    done = 0
    with progress(lambda passed_s: _so_far(done, count, passed_s)):
        for run in runs:
            done += 1
            yield run


def _so_far(done: int, count: int, passed_s: float) -> str:
    """Left: as long as the rest takes if it is like what was played."""
    told = f"{done} of {count} runs played in {passed_s:,.0f} s"
    return f"{told}, {passed_s / done * (count - done):,.0f} s left" if done else told


# --- what is told --------------------------------------------------------------------------------


def _write_page(file: Path, scenario: "Scenario", results: "Sequence[Compared]") -> None:
    from rebalance.cli.compare_page import page

    file.write_text(page(scenario.name, results), encoding="utf-8")


def _print_table(results: "Sequence[Compared]", width: int, color: ColorWhen) -> None:
    from rebalance.cli.compare_table import tables

    for line in tables(results, width=width, color=wants_color(color)):
        print(line)


def _as_json(scenario: "Scenario", results: "Sequence[Compared]") -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "ways": [
            {
                "way": result.name,
                "sound": result.sound,
                "complaints": list(result.complaints),
                "metrics": result.numbers,
                "least": result.least,
                "most": result.most,
                "runs": [_run_as_json(run) for run in result.runs],
            }
            for result in results
        ],
    }


def _run_as_json(run: "Played") -> dict[str, Any]:
    return {
        "seed": run.way.overrides.seed,
        "sound": run.sound,
        "complaints": list(run.complaints),
        "measured_from_ms": run.measured_from,
        "metrics": run.numbers,
    }
