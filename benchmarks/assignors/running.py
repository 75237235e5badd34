"""One subject on one case: start it, listen to it, end it when its time is up.

The rule kept here: the time limit begins when the subject says that the case is in its memory, and
is for one assignment. Whatever happens, the process is gone when this returns.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any, TextIO

from benchmarks.assignors.programs import ROOT

LOAD_LIMIT_S = 600
WARM_UP_RUNS = 5
WARM_RUNS = 11
STEADY_RUNS = 50


@dataclass(slots=True, kw_only=True)
class Runs:
    """The runs of one figure that count, in ms.

    `warm`: the eleven after the fifth of every process, or the last where there are fewer.
    `steady`: one median a process, of the second half of many runs, when a compiler has done what
    it can.
    """

    warm: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)

    def add(self, runs: list[float]) -> None:
        """All runs of one process, in their order."""
        self.warm += runs[WARM_UP_RUNS : WARM_UP_RUNS + WARM_RUNS] or runs[-1:]
        if len(runs) >= STEADY_RUNS:
            self.steady.append(statistics.median(runs[len(runs) // 2 :]))


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a subject did on a case, over all of its turns; times in ms.

    `state`: done, unfinished (not within the limit), failed, or skipped; `why` says more of it.
    `first`: the first run of each process. `figures`: by name. `peak_kib`: of the whole process;
    `memory_kib`: ours, one wire-to-wire run: of the whole process, and more than before.
    `verdict`: a `verdicts.Verdict`, as data.
    """

    state: str = "done"
    why: str = ""
    first: list[float] = field(default_factory=list)
    figures: dict[str, Runs] = field(default_factory=dict)
    peak_kib: int = 0
    memory_kib: tuple[int, int] = (0, 0)
    verdict: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Outcome:
        """Back from `dataclasses.asdict`."""
        figures = {name: Runs(**runs) for name, runs in data["figures"].items()}
        whole, above = data["memory_kib"]
        return cls(**{**data, "figures": figures, "memory_kib": (whole, above)})

    def warm(self, figure: str) -> float | None:
        """The median of `Runs.warm`; None if it was not measured."""
        runs = self.figures.get(figure, Runs()).warm
        return statistics.median(runs) if runs else None

    def steady(self, figure: str) -> float | None:
        """The median of `Runs.steady`; None if there were not many runs."""
        runs = self.figures.get(figure, Runs()).steady
        return statistics.median(runs) if runs else None


def turn(
    outcome: Outcome, command: list[str], *, limit_s: float, tell: Callable[[str], None]
) -> None:
    """Run the command once more, and add to `outcome` what it says."""
    with tempfile.TemporaryFile("w+") as complaints:
        with _started(command, complaints) as process:
            assert process.stdout is not None
            with _deadline(process, LOAD_LIMIT_S):
                process.stdout.readline()
            tell("running")
            with _deadline(process, limit_s) as late:
                heard = _heard(outcome, process.stdout.readline())
            if not late:
                with _deadline(process, 2 * limit_s + LOAD_LIMIT_S):
                    for line in process.stdout:
                        _heard(outcome, line)
        if late:
            outcome.state, outcome.why = "unfinished", f"> {limit_s:g} s"
        elif process.returncode != 0 or not heard:
            outcome.state, outcome.why = "failed", _last(complaints, process)


def _last(complaints: TextIO, process: subprocess.Popen[str]) -> str:
    """The last line that it said of its failure."""
    complaints.seek(0)
    return (complaints.read().strip().splitlines() or [f"exit {process.returncode}"])[-1]


def _heard(outcome: Outcome, line: str) -> bool:
    name, *said = line.split() or [""]
    if name == "first":
        outcome.first.append(float(said[0]))
    elif name == "peak":
        outcome.peak_kib = max(outcome.peak_kib, int(said[0]))
    elif name == "memory":
        outcome.memory_kib = (int(said[0]), int(said[1]))
    elif said:
        outcome.figures.setdefault(name, Runs()).add([float(each) for each in said])
    return bool(said)


@contextmanager
def _started(command: list[str], complaints: TextIO) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
    )
    try:
        yield process
        process.wait()
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def _deadline(process: subprocess.Popen[str], seconds: float) -> Iterator[list[float]]:
    """Kill the process when it is up; the list then holds the seconds."""
    late: list[float] = []

    def end() -> None:
        late.append(seconds)
        process.kill()

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def memory(outcome: Outcome, command: list[str], case: Path, *, limit_s: float) -> None:
    """What one wire-to-wire run of ours takes, in a process that does nothing else."""
    words = [*command, str(case), "-", "memory", "0"]
    with tempfile.TemporaryFile("w+") as complaints:
        with _started(words, complaints) as process:
            assert process.stdout is not None
            with _deadline(process, limit_s + LOAD_LIMIT_S):
                for line in process.stdout:
                    _heard(outcome, line)
        if process.returncode != 0:
            outcome.state, outcome.why = "failed", _last(complaints, process)
