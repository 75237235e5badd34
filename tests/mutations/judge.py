"""Whether a mutation is found: it passes the plain stories, and checkers see it under fuzz.

Rule kept: a mutation counts only if it does something (in some seed things go another way than
without it) and if none of what it does is an exception: those would be found by any test.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rebalance.cli.simulate import figures
from rebalance.simulation import read, run_scenario
from rebalance.simulation.fuzz import play_seed
from rebalance.simulation.fuzz.play import Played
from tests.mutations.mutation import Mutation

__all__ = ["PLAIN", "Verdict", "judge", "plain_stories_come_out"]

_STORIES = Path(__file__).parents[1] / "testdata" / "scenarios"
PLAIN = tuple(
    _STORIES / f"{name}.txt" for name in ("first_join", "initial_delay_off", "commits_by_hand")
)
"""Stories in which nothing goes wrong: what a test of the happy path is like."""

Course = tuple[object, ...]
"""How a story went, in short: two that differ went differently."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """How one mutation fared."""

    name: str
    seeds: int
    found: Counter[str] = field(default_factory=Counter)
    """Rule and checker ("I05 Convergence") -> in how many seeds."""
    first: dict[str, int] = field(default_factory=dict)
    """The same -> the first of them."""
    by: int = 0
    """In how many seeds any checker found it."""
    acted: int = 0
    """In how many seeds things went another way than without it."""
    raised: Counter[str] = field(default_factory=Counter)
    """Exceptions, in words -> in how many seeds: it is no mutation then."""

    @property
    def refused(self) -> str:
        """Why it is no mutation that may be counted; empty where it is one."""
        if self.raised:
            return f"raises: {min(self.raised)}"
        return "" if self.acted else f"changes nothing in {self.seeds} seeds"


def plain_stories_come_out() -> bool:
    """Every plain story prints what it is expected to."""
    outcomes = [run_scenario(read(path), measure=figures) for path in PLAIN]
    return all(block.as_expected for outcome in outcomes for block in outcome.blocks)


def judge(mutation: Mutation, seeds: Iterable[int], *, enough: int | None = None) -> Verdict:
    """Play these seeds with the mutation in; `enough`: stop when so many found it."""
    verdict = Verdict(name=mutation.name, seeds=0)
    for seed in seeds:
        usual = _usual_course(seed)
        with mutation():
            played = play_seed(seed)[1]
        verdict.seeds += 1
        verdict.acted += _course(played) != usual
        finders = {f"{each.kind} {each.checker}" for each in played.failures if each.checker}
        verdict.raised.update(each.message for each in played.failures if not each.checker)
        verdict.by += bool(finders)
        for finder in sorted(finders):
            verdict.found[finder] += 1
            verdict.first.setdefault(finder, seed)
        if enough is not None and verdict.by >= enough:
            break
    return verdict


@cache
def _usual_course(seed: int) -> Course:
    return _course(play_seed(seed)[1])


def _course(played: Played) -> Course:
    reached = tuple(sorted(played.reached.items(), key=repr))
    return (played.failures, played.processed, played.trace_events, reached)
