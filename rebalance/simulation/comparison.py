"""One churn played in many ways, with several seeds, and what each way cost.

Why: the choice between protocols, assignors and timeouts is one between numbers that were measured
on the same story. One seed is one case of it, and a lucky one may turn the answer round: so each
way is played with the same seeds, and what is told of it is the median, the least and the most.
Plays do not know of each other, so they run on all cores, and what one of them says is data: it
crosses a process boundary.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from statistics import median_low

from rebalance.simulation.run import run_scenario
from rebalance.simulation.scenario import Scenario, ScenarioError
from rebalance.simulation.stage import Measure, Numbers
from rebalance.simulation.ways import Way
from rebalance.timeline.trace import MemberFailed, Trace

__all__ = ["Compared", "Played", "gathered", "play_all", "play_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One way as it was played with one seed."""

    way: Way
    """Its overrides name the seed."""
    numbers: Numbers
    """group id -> metric and unit -> value; empty where it could not be played."""
    complaints: tuple[str, ...] = ()
    """Why its numbers are not to be compared: an invariant that broke, members that failed, a story
    that was over before all was."""
    impossible: str = ""
    """Why it could not be played at all; "": it was."""
    trace: Trace | None = None
    measured_from: int = 0
    """The numbers count from this time on (ms)."""

    @property
    def sound(self) -> bool:
        """It went well, so that its numbers mean something."""
        return not self.complaints


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One way, with all seeds that it was played with."""

    runs: tuple[Played, ...]
    """One or more, in the order of their seeds."""

    @property
    def name(self) -> str:
        """What the way is called."""
        return self.runs[0].way.name

    @property
    def sound(self) -> bool:
        """It went well with every seed."""
        return all(run.sound for run in self.runs)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What was wrong: once where it was the same with every seed, else with the seed."""
        found: dict[str, list[int | None]] = {}
        for run in self.runs:
            for complaint in run.complaints:
                found.setdefault(complaint, []).append(run.way.overrides.seed)
        return tuple(
            complaint if len(seeds) == len(self.runs) else f"seed {seeds[0]}: {complaint}"
            for complaint, seeds in found.items()
        )

    @property
    def numbers(self) -> Numbers:
        """The median of each number; of an even count the lower one of the two."""
        return self._of_all(median_low)

    @property
    def least(self) -> Numbers:
        """The least of each number."""
        return self._of_all(min)

    @property
    def most(self) -> Numbers:
        """The most of each number."""
        return self._of_all(max)

    def _of_all(self, choose: Callable[[Iterable[int]], int]) -> Numbers:
        found: dict[str, dict[str, list[int]]] = {}
        for run in self.runs:
            for group_id, numbers in run.numbers.items():
                for name, number in numbers.items():
                    found.setdefault(group_id, {}).setdefault(name, []).append(number)
        return {
            group_id: {name: choose(values) for name, values in numbers.items()}
            for group_id, numbers in found.items()
        }


def play_way(scenario: Scenario, way: Way, *, measure: Measure, keep_trace: bool = False) -> Played:
    """Play it as `way` says. What is wrong with that is a complaint, never an exception."""
    try:
        outcome = run_scenario(scenario, overrides=way.overrides, measure=measure, watching=False)
    except ScenarioError as error:
        why = str(error)
        return Played(way=way, numbers={}, complaints=(f"cannot be played: {why}",), impossible=why)
    trace = outcome.trace
    failed = [event for event in trace.events if isinstance(event, MemberFailed)]
    complaints = [str(violation) for violation in outcome.violations]
    if failed:
        errors = ", ".join(dict.fromkeys(event.error for event in failed))
        members = "1 member" if len(failed) == 1 else f"{len(failed)} members"
        complaints.append(f"{members} failed: {errors}")
    if outcome.unrest:
        told = "; ".join(outcome.unrest)
        complaints.append(f"not at rest at the end, so that its cost is not known yet: {told}")
    return Played(
        way=way,
        numbers=measure(trace, outcome.measured_from),
        complaints=tuple(complaints),
        trace=trace if keep_trace else None,
        measured_from=outcome.measured_from,
    )


def play_all(
    scenario: Scenario,
    ways: Sequence[Way],
    *,
    seeds: Sequence[int],
    measure: Measure,
    workers: int,
    keep_traces: bool = False,
) -> Iterator[Played]:
    """All ways, in their order, each with all seeds, on so many processes; one worker: in this
    process. Traces are kept of the first seed."""
    play = partial(_play, scenario, measure)
    plays = [
        (replace(way, overrides=replace(way.overrides, seed=seed)), keep_traces and not index)
        for way in ways
        for index, seed in enumerate(seeds)
    ]
    workers = min(workers, len(plays))
    if workers <= 1:
        yield from map(play, plays)
        return
    # Leaving the block ends the workers: whoever interrupts does not wait for them.
    with get_context().Pool(workers, initializer=_leave_interrupts_to_the_parent) as pool:
        yield from pool.imap(play, plays)


def _play(scenario: Scenario, measure: Measure, asked: tuple[Way, bool]) -> Played:
    way, keep_trace = asked
    return play_way(scenario, way, measure=measure, keep_trace=keep_trace)


def gathered(runs: Iterable[Played]) -> list[Compared]:
    """Each way with its seeds, in the order in which they were played."""
    return [Compared(runs=tuple(same)) for _, same in groupby(runs, key=lambda run: run.way.name)]


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
