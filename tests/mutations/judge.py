"""Whether a mutation is found: it passes the plain stories, and checkers see it under fuzz."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rebalance.cli.simulate import figures
from rebalance.simulation import read, run_scenario
from rebalance.simulation.fuzz import play_seed
from tests.mutations.catalogue import MUTATIONS

__all__ = ["PLAIN", "Verdict", "judge", "plain_stories_come_out"]

_STORIES = Path(__file__).parents[1] / "testdata" / "scenarios"
PLAIN = tuple(
    _STORIES / f"{name}.txt" for name in ("first_join", "initial_delay_off", "commits_by_hand")
)
"""Stories in which nothing goes wrong: what a test of the happy path is like."""


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


def plain_stories_come_out() -> bool:
    """Every plain story prints what it is expected to."""
    outcomes = [run_scenario(read(path), measure=figures) for path in PLAIN]
    return all(block.as_expected for outcome in outcomes for block in outcome.blocks)


def judge(name: str, seeds: Iterable[int], *, enough: int | None = None) -> Verdict:
    """Play these seeds with the mutation in; `enough`: stop when so many found it."""
    verdict = Verdict(name=name, seeds=0)
    with MUTATIONS[name]():
        for seed in seeds:
            verdict.seeds += 1
            failures = play_seed(seed)[1].failures
            finders = {f"{each.kind} {each.checker}" for each in failures if each.checker}
            verdict.by += bool(finders)
            for finder in sorted(finders):
                verdict.found[finder] += 1
                verdict.first.setdefault(finder, seed)
            if enough is not None and verdict.by >= enough:
                break
    return verdict
