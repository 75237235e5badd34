"""Playing one generated scenario with every checker on, and what counts as a failure.

Rule kept: a broken invariant, a group that does not come to rest (I05) and an exception in a
machine are failures; a line that makes no sense is not, it is a mistake of whoever wrote the lines
(a shrunk candidate that starts nobody, for one). A failure has a *signature* that shrinking keeps,
or it would wander off to another bug: its rule, who found it, and in which way the rule is broken,
whoever it is about.
"""

import traceback
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from rebalance.simulation.fuzz.coverage import Reached, reached
from rebalance.simulation.fuzz.generator import scenario_text
from rebalance.simulation.run import Outcome, run_scenario
from rebalance.simulation.scenario import ScenarioError, parse, rewritten

__all__ = ["Failure", "Played", "play", "play_seed", "still_fails", "with_outputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong. `kind` is a rule id ("I01"), or an exception's name."""

    kind: str
    message: str
    checker: str = ""
    """Who found it; empty for an exception."""

    code: str = ""
    """In which way, in a word that names nobody; of an exception, what raised it."""

    @property
    def signature(self) -> str:
        """The same for two failures of which one may be a smaller picture of the other."""
        return f"{self.kind} {self.checker} {self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One scenario as it was played."""

    failures: tuple[Failure, ...] = ()
    limits: tuple[str, ...] = ()
    """What Kafka's protocol itself cannot prevent, in words (see `rebalance.simulation.known`)."""
    trace_events: int = 0
    """Events of the trace: how much of a story it was."""
    processed: int = 0
    """Simulated events, those while all came to rest included."""
    reached: Counter[Reached] = field(default_factory=Counter)
    """Which transitions and errors, how often."""

    @property
    def signature(self) -> str:
        """What the first failure is one of; empty without one."""
        return self.failures[0].signature if self.failures else ""


def play(text: str, name: str = "fuzz", refused: list[int] | None = None) -> Played:
    """Play a scenario's text; `refused` as in `run_scenario`.

    Raises:
        ScenarioError: a line does not make sense.
    """
    scenario = parse(text, name=name)
    try:
        outcome = run_scenario(scenario, refused=refused)
    except ScenarioError:
        raise
    except Exception as error:  # a machine's or the world's own: that is what a fuzzer looks for
        told, kind = f"{type(error).__name__}: {error}", type(error).__name__
        return Played(failures=(Failure(kind=kind, message=told, code=_raised_in(error)),))
    return _played(outcome)


def play_seed(seed: int) -> tuple[str, Played]:
    """Play the scenario of a seed; also its text, as it could be played.

    Nobody knows when it is written who coordinates a group after a crash, or which consumer will
    have failed for good: a line that is refused when its turn comes is passed over. Where something
    failed it is taken out and all is played again, so that the text is what failed.
    """
    text = scenario_text(seed)
    while True:
        refused: list[int] = []
        try:
            played = play(text, name=f"seed {seed}", refused=refused)
        except ScenarioError as error:
            text = _without(text, [error.line])
            continue
        text = _without(text, refused)
        if not refused or not played.failures:
            return text, played


def _without(text: str, numbers: Collection[int]) -> str:
    lines = enumerate(text.split("\n"), 1)
    return "\n".join(line for number, line in lines if number not in numbers)


def _played(outcome: Outcome) -> Played:
    simulation = outcome.simulation
    failures = (
        Failure(
            kind=violation.rule,
            message=str(violation),
            checker=violation.checker,
            code=violation.code,
        )
        for violation in outcome.violations
    )
    return Played(
        failures=tuple(failures),
        limits=tuple(limit.reason for limit in outcome.limits),
        trace_events=len(simulation.trace.events),
        processed=simulation.events_processed,
        reached=reached(simulation),
    )


def _raised_in(error: Exception) -> str:
    """The function that raised it, with its module: no line, which another story may not pass."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


def still_fails(lines: Sequence[str], signature: str) -> bool:
    """Whether these lines show a failure of that signature first."""
    try:
        return play("\n".join(lines)).signature == signature
    except ScenarioError:
        return False


def with_outputs(text: str) -> str:
    """The scenario with what it prints below its commands; as it is where it cannot be played."""
    scenario = parse(text)
    try:
        outcome = run_scenario(scenario)
    except Exception:
        return text
    return rewritten(scenario, outcome.outputs)
