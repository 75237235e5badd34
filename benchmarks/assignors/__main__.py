"""Measure assignors on the same inputs, ours and others, by turns in one run.

Each subject runs a case in a process of its own. Figures are milliseconds, medians:

    first run      cold: what a leader pays at its first rebalance
    solver         from decoded and interned input to a plan: eleven runs after five
    many runs      the same after seconds of nothing else, which is kind to a virtual machine
    assign()       from subscriptions to a plan (ours)
    wire to wire   every member's subscription decoded, and every assignment encoded
    peak MiB       the whole process, at its most; ours: one wire-to-wire run in a fresh process
    balance        sum of squared loads beyond the least possible
    moves          partitions taken from a live owner (beyond the fewest of any balanced plan)

Run: python -m benchmarks.assignors [--quick] [--case NAME]... [--only SUBJECT]... [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console

from benchmarks.assignors import goals, report
from benchmarks.assignors.cases import CASES, Case, size_of
from benchmarks.assignors.handover import Handed, read_plan, write_case
from benchmarks.assignors.programs import PROGRAMS, available
from benchmarks.assignors.running import Outcome, memory, turn
from benchmarks.assignors.verdicts import Judge

QUICK = ("small-*", "ua-*", "ha-*", "ub-join", "hb-leave")
SLOW_S = 5.0
ONE_TURN_MS = 1_000.0


@dataclass(slots=True, kw_only=True)
class Bench:
    """A run of the benchmark: what is asked, and what is found so far."""

    commands: dict[str, list[str]]
    turns: int
    limit_s: float
    json: Path | None
    directory: Path
    unfinished: dict[str, set[str]] = field(default_factory=dict)
    measured: list[goals.Measured] = field(default_factory=list)

    def measure(self, case: Case, where: str, console: Console) -> None:
        """One case: all subjects by turns, then the table and the file."""
        tell(f"{where} {case.name}: making it")
        group = case.make()
        path = self.directory / "case"
        write_case(path, group)
        outcomes = {
            title: self._begun(case, title)
            for title in self.commands
            if any(fnmatchcase(case.name, each) for each in PROGRAMS[title].cases)
        }
        judge: Judge | None = None
        for number in range(self.turns):
            for title, outcome in outcomes.items():
                if outcome.state != "done" or (number and max(outcome.first) > ONE_TURN_MS):
                    continue
                said = f"{where} {case.name}: {title}, turn {number + 1}"
                plan = self.directory / "plan"
                self._turn(title, outcome, path, plan, said)
                if outcome.state == "done" and not outcome.verdict:
                    judge = judge or Judge(group)
                    outcome.verdict = asdict(judge.verdict(read_plan(plan, group)))
        for title, outcome in outcomes.items():
            if PROGRAMS[title].ours and outcome.state == "done":
                tell(f"{where} {case.name}: {title}, memory")
                memory(outcome, self.commands[title], path, limit_s=self.limit_s)
        self._keep(case, group, outcomes)
        tell("")
        report.show(console, self.measured[-1])

    def _begun(self, case: Case, title: str) -> Outcome:
        beaten = [each for each in case.easier if each in self.unfinished.get(title, ())]
        if not beaten:
            return Outcome()
        self.unfinished[title].add(case.name)
        return Outcome(state="skipped", why=f"{beaten[0]} was too much")

    def _turn(self, title: str, outcome: Outcome, case: Path, plan: Path, said: str) -> None:
        words = [str(case), str(plan), str(PROGRAMS[title].seconds), str(SLOW_S)]
        tell(f"{said}: loading")
        turn(
            outcome,
            [*self.commands[title], *words],
            limit_s=self.limit_s,
            tell=lambda state: tell(f"{said}: {state}"),
        )

    def _keep(self, case: Case, group: Handed, outcomes: dict[str, Outcome]) -> None:
        for title, outcome in outcomes.items():
            if outcome.state != "done":
                self.unfinished.setdefault(title, set()).add(case.name)
        self.measured.append(
            goals.Measured(
                case=case.name,
                what=case.what,
                size=size_of(group),
                partitions=group.partitions,
                uniform=case.uniform,
                outcomes=outcomes,
            )
        )
        if self.json is not None:
            settings = {"turns": self.turns, "limit_s": self.limit_s}
            report.save(self.json, settings, self.measured)


def tell(what: str) -> None:
    """Progress, on the terminal's last line."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)
    elif what:
        print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 130 if interrupted."""
    asked = _parser().parse_args(arguments)
    if asked.markdown is not None:
        measured, limit_s = report.load(asked.markdown)
        print("\n".join(report.markdown(measured, limit_s)))
        report.promises(Console(width=140), goals.lines(measured, limit_s))
        return 0
    patterns = asked.case or (QUICK if asked.quick else ["*"])
    chosen = [c for c in CASES.values() if any(fnmatchcase(c.name, p) for p in patterns)]
    titles = [t for t, p in PROGRAMS.items() if _wanted(t, p.ours, asked.only)]
    if not chosen or not titles:
        print(f"nothing to measure: cases are {', '.join(CASES)}", file=sys.stderr)
        print(f"subjects are ours, {', '.join(PROGRAMS)}", file=sys.stderr)
        return 2
    console = Console(width=max(160, Console().width))
    commands, lacking = available(titles)
    for title, why in lacking.items():
        console.print(f"{title} is not measured: {why}", highlight=False)
    limit_s = asked.limit or (10.0 if asked.quick else 120.0)
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="assignors-") as directory:
        bench = Bench(
            commands=commands,
            turns=asked.turns or (1 if asked.quick else 3),
            limit_s=limit_s,
            json=asked.json,
            directory=Path(directory),
        )
        try:
            for number, case in enumerate(chosen, 1):
                bench.measure(case, f"[{number}/{len(chosen)}]", console)
        except KeyboardInterrupt:
            interrupted = True
            tell("")
            console.print("interrupted; this is what was done")
    report.promises(console, goals.lines(bench.measured, limit_s))
    return 130 if interrupted else 0


def _wanted(title: str, ours: bool, only: list[str] | None) -> bool:
    """By its title, or a part of it that is nobody's title: "java"; "ours" are all of ours."""
    return not only or any(
        word == title
        or (word == "ours" and ours)
        or (word not in PROGRAMS and word.lower() in title.lower())
        for word in only
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.assignors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small cases, one turn, 10 s limit")
    parser.add_argument("--case", action="append", metavar="NAME", help="a case, or a pattern: h*")
    parser.add_argument(
        "--only", action="append", metavar="SUBJECT", help="ours, or one of: " + ", ".join(PROGRAMS)
    )
    parser.add_argument("--turns", type=int, metavar="N", help="processes per subject (3)")
    parser.add_argument("--limit", type=float, metavar="S", help="for one assignment (120)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the figures, case by case")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="measure nothing: tables of what was saved"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
