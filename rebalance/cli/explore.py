"""`rebalance explore`: every interleaving of a small group, checked."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import check_writable

if TYPE_CHECKING:
    from rebalance.simulation.choosing import Overrides
    from rebalance.simulation.explore import Counts, Explored, ExploredGroup

_TELL_EVERY_S = 2.0


def explore(
    scenario: Annotated[
        Path,
        typer.Argument(metavar="SCENARIO", help="A scenario file that says who there is."),
    ],
    protocol: Annotated[
        str | None,
        typer.Option(metavar="eager|cooperative", help="Instead of what the members say."),
    ] = None,
    assignor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For all members: a known assignor, or MODULE:CLASS."),
    ] = None,
    max_states: Annotated[
        int | None, bounded(least=1, metavar="N", help="Stop after so many states.")
    ] = None,
    seconds: Annotated[
        float | None, bounded(least=0.1, metavar="S", help="Stop after so long.")
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the steps to a violation, for `timeline`."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Take every step that a small group can take, in every order, and check each state.

    Exit code 1: a rule is broken; the shortest way there is printed. When stopped early (also by
    Ctrl-C), what was found so far is kept, and said not to be everything.

    Example: rebalance explore pair.txt --protocol cooperative

    Example: rebalance explore pair.txt --max-states 100000 --trace broken.jsonl
    """
    from rebalance.simulation import explore as room

    check_writable(trace)
    group = _group(scenario, _overrides(protocol, assignor))
    watch = _Watch(max_states, seconds)
    with watch.interruptible():
        explored = room.explore(group, watch.proceed)
    if trace is not None:
        _write(trace, explored)
    if json_output:
        print(json.dumps(_as_json(str(scenario), explored, watch), indent=2, ensure_ascii=False))
    else:
        for line in _report(str(scenario), explored, watch):
            print(line)
    if not explored.passed:
        raise typer.Exit(1)


# --- what was asked ------------------------------------------------------------------------------


def _overrides(protocol: str | None, assignor: str | None) -> "Overrides":
    from assignors.interface import AssignorError
    from rebalance.simulation.choosing import PROTOCOLS, Overrides, chosen

    if protocol is not None and protocol not in PROTOCOLS:
        raise UsageError(f"--protocol {protocol}: choose one of {', '.join(PROTOCOLS)}")
    overrides = Overrides(
        protocol=None if protocol is None else PROTOCOLS[protocol], assignor=assignor
    )
    try:
        chosen((), overrides)
    except AssignorError as error:
        raise UsageError(f"--assignor {assignor}: {error}") from None
    return overrides


def _group(path: Path, overrides: "Overrides") -> "ExploredGroup":
    from rebalance.simulation import ScenarioError, read
    from rebalance.simulation.explore import explored_group

    try:
        return explored_group(read(path), overrides)
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text in UTF-8; give a scenario file") from None
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise UsageError(f"{path}: {why}; give the path of a scenario file") from None


# --- while it works ------------------------------------------------------------------------------


class _Watch:
    """When to stop, and what to look at meanwhile."""

    def __init__(self, max_states: int | None, seconds: float | None) -> None:
        self._max_states = max_states
        self._seconds = seconds
        self._started = self._told = time.monotonic()
        self._interrupted = False
        self.stopped_by = ""
        """Why it was stopped early; empty when it was not."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def proceed(self, counts: "Counts") -> bool:
        """Asked by the search; says how far it is, every two seconds."""
        if self._interrupted:
            self.stopped_by = "interrupted"
        elif self._max_states is not None and counts.states >= self._max_states:
            self.stopped_by = f"--max-states {self._max_states}"
        elif self._seconds is not None and self.elapsed_s >= self._seconds:
            self.stopped_by = f"--seconds {self._seconds:g}"
        elif time.monotonic() - self._told >= _TELL_EVERY_S:
            self._told = time.monotonic()
            print(f"rebalance: {_progress(counts, self.elapsed_s)}", file=sys.stderr, flush=True)
        return not self.stopped_by

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ctrl-C ends the search and not the command: what was found is kept."""

        def interrupt(number: int, frame: FrameType | None) -> None:
            self._interrupted = True

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _progress(counts: "Counts", elapsed_s: float) -> str:
    rate = counts.transitions / elapsed_s
    return (
        f"{counts.states:,} states, {counts.states - counts.expanded:,} of them to look at, "
        f"{counts.depth} steps deep, {rate:,.0f} steps/s"
    )


# --- what is told --------------------------------------------------------------------------------


def _write(trace: Path, explored: "Explored") -> None:
    """The steps to a violation; without one there are none, and nothing to draw."""
    from rebalance.simulation.explore import told

    if explored.passed:
        print(f"rebalance: {trace} is not written: nothing was found wrong", file=sys.stderr)
        return
    with trace.open("w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in told(explored).lines())


def _report(file: str, explored: "Explored", watch: _Watch) -> Iterator[str]:
    from rebalance.simulation.explore import story

    group, counts = explored.group, explored.counts
    names = " ".join(
        f"{member.name} ({'eager' if member.eager else 'cooperative'}, "
        f"{', '.join(assignor.name for assignor in member.assignors)})"
        for member in group.members
    )
    topics = " ".join(f"{topic}:{count}" for topic, count in group.topics.items())
    yield f"{file}: {names}; partitions {topics or 'none'}; faults {group.faults}"
    yield (
        f"{counts.states:,} states, {counts.transitions:,} steps ({counts.known_again:,} of them "
        f"to a state known already), {counts.depth} deep, {counts.at_rest:,} at rest, "
        f"{watch.elapsed_s:.1f} s"
    )
    told = ", ".join(f"{count:,} {name}" for name, count in explored.parts.items())
    yield f"made of {told}"
    if explored.violation is not None:
        yield ""
        yield from story(explored)
        yield f"{explored.violation.rule} violated: {explored.violation.message}"
    elif explored.exhaustive:
        yield "Exhaustive: in every state the invariants hold, and from every state a way to rest."
    else:
        left = counts.states - counts.expanded
        yield (
            f"Not exhaustive ({watch.stopped_by}): {left:,} states were not looked at. "
            "Nothing was found wrong so far."
        )


def _as_json(file: str, explored: "Explored", watch: _Watch) -> dict[str, Any]:
    from dataclasses import asdict

    from rebalance.simulation.explore import told
    from rebalance.timeline.trace import event_line

    violation = explored.violation
    return {
        "scenario": file,
        "members": [
            {
                "name": member.name,
                "protocol": "eager" if member.eager else "cooperative",
                "assignors": [assignor.name for assignor in member.assignors],
            }
            for member in explored.group.members
        ],
        "topics": dict(explored.group.topics),
        "faults": asdict(explored.group.faults),
        "passed": explored.passed,
        "exhaustive": explored.exhaustive,
        "stopped_by": watch.stopped_by or None,
        "counts": asdict(explored.counts) | {"known_again": explored.counts.known_again},
        "parts": explored.parts,
        "elapsed_s": round(watch.elapsed_s, 3),
        "violation": None
        if violation is None
        else {
            "rule": violation.rule,
            "message": violation.message,
            "steps": [{"label": step.label, "fault": step.fault} for step in explored.path],
            "events": [json.loads(event_line(event)) for event in told(explored).events],
        },
    }
