"""One churn played in many ways, and what each of them cost.

Why: the choice between protocols, assignors and timeouts is one between numbers that were measured
on the same story. Ways do not know of each other, so they are played on all cores, and what one of
them says is data: it crosses a process boundary.
"""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from rebalance.simulation.run import run_scenario
from rebalance.simulation.scenario import Scenario, ScenarioError
from rebalance.simulation.stage import Measure, Numbers
from rebalance.simulation.ways import Way
from rebalance.timeline.trace import MemberFailed, Trace

__all__ = ["Played", "play_all", "play_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One way as it was played."""

    way: Way
    numbers: Numbers
    """group id -> metric and unit -> value; empty where it could not be played."""
    complaints: tuple[str, ...] = ()
    """Why its numbers are not to be compared: an invariant that broke, members that failed, a story
    that was over before all was."""
    trace: Trace | None = None
    measured_from: int = 0
    """The numbers count from this time on (ms)."""

    @property
    def sound(self) -> bool:
        """It went well, so that its numbers mean something."""
        return not self.complaints


def play_way(scenario: Scenario, way: Way, *, measure: Measure, keep_trace: bool = False) -> Played:
    """Play it as `way` says. What is wrong with that is a complaint, never an exception."""
    try:
        outcome = run_scenario(scenario, overrides=way.overrides, measure=measure, watching=False)
    except ScenarioError as error:
        return Played(way=way, numbers={}, complaints=(f"cannot be played: {error}",))
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
    measure: Measure,
    workers: int,
    keep_traces: bool = False,
) -> Iterator[Played]:
    """All ways, in their order, on so many processes; one worker: in this process."""
    play = partial(play_way, scenario, measure=measure, keep_trace=keep_traces)
    workers = min(workers, len(ways))
    if workers <= 1:
        yield from map(play, ways)
        return
    # Leaving the block ends the workers: whoever interrupts does not wait for them.
    with get_context().Pool(workers, initializer=_leave_interrupts_to_the_parent) as pool:
        yield from pool.imap(play, ways)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
