"""`rebalance simulate`: a scenario file in virtual time, then its picture, numbers and verdict."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.terminal import NARROW, WIDE, ColorWhen, check_writable, text_options

if TYPE_CHECKING:
    from rebalance.simulation import BlockOutcome, Outcome, Overrides, Scenario, Violation
    from rebalance.timeline.text import TextOptions
    from rebalance.timeline.trace import Trace


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario file.")],
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
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the trace (JSON lines).")
    ] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Write what is printed into the file as expected.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    width: Annotated[
        int | None,
        typer.Option(min=NARROW, max=WIDE, help="Columns; default: the terminal's."),
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No character beyond ASCII.")] = False,
) -> None:
    """Play a scenario in virtual time: what it prints, a picture, numbers, broken invariants.

    Exit code 1: an invariant was violated, or the output is not what the file expects (which is
    not asked when --protocol, --assignor or --seed changes the scenario).

    Example: rebalance simulate deploy.txt --protocol cooperative --assignor sticky

    Example: rebalance simulate deploy.txt --trace deploy.jsonl --json
    """
    from rebalance.simulation import ScenarioError, run_scenario

    overrides = _overrides(protocol, assignor, seed)
    if rewrite and not overrides.none:
        raise UsageError(
            "--rewrite keeps what the scenario itself prints: leave out --protocol, --assignor "
            "and --seed"
        )
    check_writable(trace)
    parsed = _read(scenario)
    try:
        outcome = run_scenario(parsed, overrides=overrides, measure=figures)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    if trace is not None:
        with trace.open("w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in outcome.trace.lines())
    if rewrite:
        _rewrite(scenario, outcome)
    if json_output:
        print(json.dumps(_as_json(outcome), indent=2, ensure_ascii=False))
    else:
        for line in _report(outcome, text_options(width, color, ascii=ascii_only), rewrite=rewrite):
            print(line)
    if outcome.violations or not (outcome.passed or rewrite):
        raise typer.Exit(1)


def figures(trace: "Trace") -> dict[str, dict[str, int]]:
    """What `show metrics` and `compare` print: group id -> metric and unit -> value."""
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.metrics import measure

    found: dict[str, dict[str, int]] = {}
    for group in read_groups(trace):
        numbers = measure(group)
        of_group = {
            "rebalances": numbers.rebalances,
            "time to stable, ms": numbers.time_to_stable_total_ms,
        }
        view = numbers.ownership
        if view is not None:
            of_group |= {
                "unavailable, partition-ms": view.unavailable_partition_ms,
                "longest unavailable, ms": view.longest_unavailable_ms,
                "double-owned, partition-ms": view.double_owned_partition_ms,
                "zombie, partition-ms": view.zombie_partition_ms,
                "partitions moved": view.partitions_moved,
            }
        found[group.group_id] = of_group | {"commits refused": numbers.commits_refused}
    return found


# --- what was asked ------------------------------------------------------------------------------


def _overrides(protocol: str | None, assignor: str | None, seed: int | None) -> "Overrides":
    from assignors.interface import AssignorError
    from rebalance.simulation.choosing import PROTOCOLS, Overrides, chosen

    if protocol is not None and protocol not in PROTOCOLS:
        raise UsageError(f"--protocol {protocol}: choose one of {', '.join(PROTOCOLS)}")
    overrides = Overrides(
        protocol=None if protocol is None else PROTOCOLS[protocol], assignor=assignor, seed=seed
    )
    if assignor is not None:
        try:
            chosen((), overrides)
        except AssignorError as error:
            raise UsageError(f"--assignor {assignor}: {error}") from None
    return overrides


def _read(path: Path) -> "Scenario":
    from rebalance.simulation import ScenarioError, read

    try:
        return read(path)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text in UTF-8; give a scenario file") from None
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise UsageError(f"{path}: {why}; give the path of a scenario file") from None


def _rewrite(path: Path, outcome: "Outcome") -> None:
    from rebalance.simulation import rewritten

    text = rewritten(outcome.scenario, outcome.outputs)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; --rewrite needs to write it") from None


# --- what is told --------------------------------------------------------------------------------


def _report(outcome: "Outcome", options: "TextOptions", *, rewrite: bool) -> Iterator[str]:
    from rebalance.timeline.text import render_text

    for block in outcome.blocks:
        yield from _block(block, compared=outcome.comparable and not rewrite)
    if outcome.trace.events:
        yield render_text(outcome.trace, options=options).rstrip()
        yield ""
    yield from _numbers(figures(outcome.trace), options.width)
    yield from _verdict(outcome, rewrite=rewrite)


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


def _verdict(outcome: "Outcome", *, rewrite: bool) -> Iterator[str]:
    simulation = outcome.simulation
    played = f"{simulation.events_processed:,} simulated events, seed {simulation.seed}"
    for violation in outcome.violations:
        yield from _violation(violation)
    if not outcome.violations:
        yield f"Invariants I01 to I06 hold ({played})."
    if rewrite:
        yield f"{outcome.scenario.name}: rewritten."
    elif not outcome.comparable:
        yield "Output not compared with the file's: it was played in another way."
    else:
        wrong = sum(not block.as_expected for block in outcome.blocks)
        yield (
            f"{wrong} of {len(outcome.blocks)} blocks printed something else than expected; "
            "--rewrite keeps what they print now."
            if wrong
            else "Output as expected."
        )


def _violation(violation: "Violation") -> Iterator[str]:
    from rebalance.simulation.words import event_lines

    yield str(violation)
    yield "  after:"
    for line in event_lines(violation.last_events):
        yield f"  {line}"


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    return {
        "scenario": outcome.scenario.name,
        "rules": list(outcome.scenario.rules),
        "seed": outcome.simulation.seed,
        "passed": outcome.passed,
        "compared": outcome.comparable,
        "events_processed": outcome.simulation.events_processed,
        "blocks": [_block_as_json(block) for block in outcome.blocks],
        "violations": [_violation_as_json(each) for each in outcome.violations],
        "metrics": figures(outcome.trace),
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
        "t_ms": violation.t,
        "message": violation.message,
        "last_events": [json.loads(event_line(event)) for event in violation.last_events],
    }
