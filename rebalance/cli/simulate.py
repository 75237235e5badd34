"""`rebalance simulate`: a scenario file in virtual time, then its picture, numbers and verdict."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.progress import progress, rate
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
    group_numbers,
    text_options,
)
from rebalance.timeline.figures import figures

if TYPE_CHECKING:
    from rebalance.simulation import BlockOutcome, Outcome, Overrides, Scenario, Violation
    from rebalance.timeline.text import TextOptions


def simulate(
    scenario: ScenarioFile = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="eager|cooperative", help="Instead of what the members say."),
    ] = None,
    assignor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For all members: a known assignor, or MODULE:CLASS."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Instead of the scenario's seed.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A property of Kafka, of the broker or of all consumers.",
        ),
    ] = None,
    static: Annotated[
        bool | None, typer.Option("--static/--dynamic", help="All members are static, or none.")
    ] = None,
    members: Members = None,
    partitions: Partitions = None,
    deploy: DeployKind = None,
    every: Every = None,
    restart: Restart = None,
    by: By = None,
    count: Count = None,
    print_scenario: PrintScenario = False,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the trace (JSON lines).")
    ] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Write what is printed into the file as expected.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    width: Annotated[
        int | None,
        bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's."),
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No character beyond ASCII.")] = False,
) -> None:
    """Play a scenario in virtual time: what it prints, a picture, numbers, broken invariants.

    Exit code 1: an invariant was violated, or the output is not what the file expects (which is
    not asked when an option changes the scenario, or when the file expects nothing).

    Example: rebalance simulate deploy.txt --protocol cooperative --assignor sticky

    Example: rebalance simulate --members 84 --partitions 252 --deploy rolling --every 10s

    Example: rebalance simulate deploy.txt --trace deploy.jsonl --json
    """
    options = DeployOptions(
        members=members,
        partitions=partitions,
        deploy=deploy,
        every=every,
        restart=restart,
        by=by,
        count=count,
    )
    playing: dict[str, object] = {"--trace": trace, "--rewrite": rewrite, "--set": set_}
    playing |= {"--protocol": protocol, "--assignor": assignor, "--seed": seed}
    check_unused(
        as_json=json_output,
        printed_only=print_scenario,
        drawing=drawing_options(width, color, ascii_only=ascii_only),
        playing=playing,
    )
    overrides = _overrides(protocol, assignor, seed, static=static, given=set_ or ())
    _check_rewrite(scenario, overrides, rewrite=rewrite)
    check_writable(trace)
    parsed = scenario_of(scenario, options, static=bool(static))
    if print_scenario:
        print("\n".join(parsed.lines), end="")
        return
    judged = scenario is not None and not rewrite
    outcome = _played(parsed, overrides)
    if trace is not None:
        with trace.open("w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in outcome.trace.lines())
    if rewrite and scenario is not None:
        _rewrite(scenario, outcome)
    if json_output:
        print(json.dumps(_as_json(outcome), indent=2, ensure_ascii=False))
    else:
        _print(outcome, width, color, ascii_only=ascii_only, judged=judged)
        if rewrite:
            print(f"{outcome.scenario.name}: rewritten.")
    if outcome.violations or (judged and not outcome.passed):
        raise typer.Exit(1)


# --- what was asked ------------------------------------------------------------------------------


def _overrides(
    protocol: str | None,
    assignor: str | None,
    seed: int | None,
    *,
    static: bool | None,
    given: Sequence[str],
) -> "Overrides":
    from assignors.interface import AssignorError
    from rebalance.simulation.choosing import PROTOCOLS, Overrides, chosen
    from rebalance.simulation.ways import Way, combined

    if protocol is not None and protocol not in PROTOCOLS:
        raise UsageError(f"--protocol {protocol}: choose one of {', '.join(PROTOCOLS)}")
    overrides = Overrides(
        protocol=None if protocol is None else PROTOCOLS[protocol],
        assignor=assignor,
        seed=seed,
        static=static,
    )
    if assignor is not None:
        try:
            chosen((), overrides)
        except AssignorError as error:
            raise UsageError(f"--assignor {assignor}: {error}") from None
    (way, *more) = combined([Way(name="", overrides=overrides)], settings(given))
    if more:
        raise UsageError(f"--set {' '.join(given)}: one value each; `rebalance compare` takes more")
    return way.overrides


def _check_rewrite(scenario: Path | None, overrides: "Overrides", *, rewrite: bool) -> None:
    if rewrite and scenario is None:
        raise UsageError("--rewrite keeps what a scenario file prints: give one")
    if rewrite and not overrides.none:
        raise UsageError(
            "--rewrite keeps what the scenario itself prints: leave out the options that change it"
        )


def _played(scenario: "Scenario", overrides: "Overrides") -> "Outcome":
    from rebalance.simulation import ScenarioError, Simulation, run_scenario
    from rebalance.simulation.values import seconds

    worlds: list[Simulation] = []

    def so_far(passed_s: float) -> str:
        now, events = (worlds[-1].now, worlds[-1].events_processed) if worlds else (0, 0)
        return f"at {seconds(now)} of the story, {events:,} events, {rate(events, passed_s)}"

    try:
        with progress(so_far):
            return run_scenario(
                scenario, overrides=overrides, measure=figures, begins=worlds.append
            )
    except ScenarioError as error:
        raise UsageError(str(error)) from None


def _rewrite(path: Path, outcome: "Outcome") -> None:
    from rebalance.simulation import rewritten

    text = rewritten(outcome.scenario, outcome.outputs)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; --rewrite needs to write it") from None


# --- what is told --------------------------------------------------------------------------------


def _print(
    outcome: "Outcome", width: int | None, color: ColorWhen, *, ascii_only: bool, judged: bool
) -> None:
    since = outcome.measured_from
    drawn = text_options(width, color, ascii=ascii_only, from_ms=since or None, since_ms=since)
    for line in _report(outcome, drawn, judged=judged):
        print(line)


def _report(outcome: "Outcome", options: "TextOptions", *, judged: bool) -> Iterator[str]:
    from rebalance.timeline.text import render_text

    for block in outcome.blocks:
        yield from _block(block, compared=outcome.comparable and judged)
    if outcome.trace.events:
        yield render_text(outcome.trace, options=options).rstrip()
        yield ""
    yield from _numbers(figures(outcome.trace, outcome.measured_from), options.width)
    yield from _verdict(outcome, judged=judged)


def _block(block: "BlockOutcome", *, compared: bool) -> Iterator[str]:
    for call in block.block.calls:
        yield f"> {call.text}"
    if not compared or block.as_expected:
        yield from block.output
    else:
        first = block.block.calls[0]
        yield f"{first.file}:{first.line}: printed (+) is not what is expected (-):"
        yield from _difference(block)
    if block.output:
        yield ""


def _difference(block: "BlockOutcome") -> Iterator[str]:
    compared = difflib.ndiff(block.block.expected, block.output)
    return (line for line in compared if not line.startswith("?"))


def _numbers(groups: Mapping[str, Mapping[str, int]], width: int) -> Iterator[str]:
    import textwrap

    for group_id, numbers in groups.items():
        told = "; ".join(f"{name} {value:,}" for name, value in numbers.items())
        yield from textwrap.wrap(f"{group_id}: {told}", width, subsequent_indent="  ")


def _verdict(outcome: "Outcome", *, judged: bool) -> Iterator[str]:
    simulation = outcome.simulation
    played = f"{simulation.events_processed:,} simulated events, seed {simulation.seed}"
    for violation in outcome.violations:
        yield from _violation(violation)
    if not outcome.violations:
        yield f"Invariants I01 to I06 hold ({played})."
    for limit in outcome.limits:
        yield str(limit)
    yield from outcome.hints
    if not outcome.ended_ms:
        yield "No time passed: expected `run for 5s` or `run until stable`."
    if not judged:
        return
    if not outcome.overrides.none:
        yield "Output not compared with the file's: it was played in another way."
    elif not outcome.comparable:
        yield "Output not compared: the file expects none; --rewrite keeps what is printed."
    else:
        wrong = sum(not block.as_expected for block in outcome.blocks)
        if wrong:
            yield (
                f"{wrong} of {len(outcome.blocks)} blocks printed something else than expected; "
                "--rewrite keeps what they print now."
            )
        elif outcome.ended_ms:  # else nothing was there to come out otherwise
            yield "Output as expected."


def _violation(violation: "Violation") -> Iterator[str]:
    from rebalance.simulation.words import event_lines

    yield str(violation)
    yield "  after:"
    for line in event_lines(violation.last_events):
        yield f"  {line}"


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.narrowing import ALL

    return {
        "scenario": outcome.scenario.name,
        "rules": list(outcome.scenario.rules),
        "seed": outcome.simulation.seed,
        "passed": outcome.passed,
        "compared": outcome.comparable,
        "events_processed": outcome.simulation.events_processed,
        "blocks": [_block_as_json(block) for block in outcome.blocks],
        "violations": [_violation_as_json(each) for each in outcome.violations],
        "hints": list(outcome.hints),
        "measured_from_ms": outcome.measured_from,
        "limits": [
            {**_violation_as_json(each.violation), "reason": each.reason} for each in outcome.limits
        ],
        "metrics": figures(outcome.trace, outcome.measured_from),
        "groups": group_numbers(
            ((group, ALL) for group in read_groups(outcome.trace)),
            since_ms=outcome.measured_from,
        ),
    }


def _block_as_json(block: "BlockOutcome") -> dict[str, Any]:
    return {
        "line": block.block.calls[0].line,
        "commands": [call.text for call in block.block.calls],
        "output": list(block.output),
        "expected": list(block.block.expected),
        "as_expected": block.as_expected,
    }


def _violation_as_json(violation: "Violation") -> dict[str, Any]:
    from rebalance.timeline.trace import event_line

    return {
        "rule": violation.rule,
        "code": violation.code,
        "t_ms": violation.t,
        "message": violation.message,
        "last_events": [json.loads(event_line(event)) for event in violation.last_events],
    }
