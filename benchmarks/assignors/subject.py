"""One Python subject on one case, in a process of its own; it talks as the Java and Go ones do.

Run: python -m benchmarks.assignors.subject SUBJECT CASE PLAN SECONDS SLOW

Says "ready" when the case is in memory, "first MS" after the run that made the plan, which is cold,
then "NAME MS MS ..." for each figure, all runs in their order, and "peak KIB". A figure is run 16
times at least and for SECONDS; but no longer than SLOW seconds, and if the first run takes longer
than that, the first figure is run once more and nothing else is.

With the word memory for SECONDS nothing is timed: it makes one wire-to-wire run, and says
"memory KIB KIB": the most the whole process held meanwhile, and how much of that it did not hold
before.
"""

from __future__ import annotations

import gc
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from benchmarks.assignors.handover import Handed, read_case, write_plan

LEAST_RUNS = 16
MOST_RUNS = 20_000
WITHOUT_ORTOOLS = " without OR-tools"
SOFT_MOVE = 16
SOFT = f"sticky, a move costs {SOFT_MOVE}"
STATUS = Path("/proc/self/status")
RESET_PEAK = Path("/proc/self/clear_refs")


class Subject(Protocol):
    """What is asked of every subject."""

    def plan(self) -> Mapping[str, Iterable[tuple[str, object]]]:
        """What each member gets, with nothing withheld."""

    def figures(self) -> Mapping[str, Callable[[], object]]:
        """Name -> one run; what matters most comes first."""


def made(name: str, group: Handed) -> Subject:
    """The subject of that name. What the others need is not imported."""
    if name.endswith(WITHOUT_ORTOOLS):
        # As on a machine without: importing it fails.
        sys.modules["ortools"] = None  # type: ignore[assignment]
        name = name.removesuffix(WITHOUT_ORTOOLS)
    if name in ("aiokafka", "kafka-python"):
        from benchmarks.assignors import python_peers

        logging.disable(logging.CRITICAL)
        return (
            python_peers.Aiokafka(group) if name == "aiokafka" else python_peers.KafkaPython(group)
        )
    from benchmarks.assignors import ours

    if name == "cooperative-sticky":
        return ours.CooperativeSticky(group)
    soft = ours.Soft(move=SOFT_MOVE) if name == SOFT else None
    return ours.Sticky(group, ours.StickyAssignor(soft=soft))


def main() -> None:
    """Run what the arguments say."""
    name, case, plan_file, seconds, slow = sys.argv[1:]
    group = read_case(Path(case))
    subject = made(name, group)
    if seconds == "memory":
        _say("memory", *_memory(subject, group))
        return
    _say("ready")
    began = time.perf_counter()
    plan = subject.plan()
    first = time.perf_counter() - began
    _say("first", first * 1e3)
    write_plan(Path(plan_file), group, plan)
    del plan
    if first <= float(slow):
        for figure, run in subject.figures().items():
            _say(figure, *_runs(run, float(seconds), float(slow)))
    else:
        figure, run = next(iter(subject.figures().items()))
        _say(figure, *_runs(run, 0, 0))
    _say("peak", peak_kib())


def _runs(run: Callable[[], object], enough: float, slow: float) -> list[float]:
    """Milliseconds of each run. The collector stays on, as it is in a leader."""
    gc.collect()
    times: list[float] = []
    began = time.perf_counter()
    while True:
        at = time.perf_counter()
        run()
        ended = time.perf_counter()
        times.append(1e3 * (ended - at))
        limit = slow if len(times) < LEAST_RUNS else enough
        if ended - began >= limit or len(times) >= MOST_RUNS:
            return times


def _memory(subject: Subject, group: Handed) -> tuple[int, int]:
    from benchmarks.assignors import ours

    assert isinstance(subject, ours.Sticky | ours.CooperativeSticky)
    subject.forget()
    del group
    gc.collect()
    if not RESET_PEAK.exists():
        subject.wire()
        return peak_kib(), 0
    RESET_PEAK.write_text("5")
    before = peak_kib()
    subject.wire()
    return peak_kib(), peak_kib() - before


def peak_kib() -> int:
    """The most memory this process ever held (or since RESET_PEAK); 0 where the system is silent.

    Not getrusage's: that one keeps what the parent held when it made this process.
    """
    if not STATUS.exists():
        return 0
    found = re.search(r"VmHWM:\s*(\d+)", STATUS.read_text())
    return int(found[1]) if found else 0


def _say(*words: object) -> None:
    spoken = (f"{word:.6f}" if isinstance(word, float) else str(word) for word in words)
    print(*spoken, flush=True)


if __name__ == "__main__":
    main()
