"""Every scenario file is a story that comes out as told. REBALANCE_REWRITE=1 rewrites them."""

import os
from pathlib import Path

import pytest

from rebalance.cli.simulate import figures
from rebalance.simulation import Overrides, read, rewritten, run_scenario
from rebalance.simulation.choosing import PROTOCOLS

SCENARIOS = Path(__file__).parents[1] / "testdata" / "scenarios"
FILES = sorted(SCENARIOS.glob("*.txt"))
REWRITE = os.environ.get("REBALANCE_REWRITE") == "1"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_story_comes_out_as_told(path: Path) -> None:
    scenario = read(path)
    outcome = run_scenario(scenario, measure=figures)
    if REWRITE:
        path.write_text(rewritten(scenario, outcome.outputs), encoding="utf-8")
    assert not outcome.violations, "\n".join(map(str, outcome.violations))
    played = rewritten(scenario, outcome.outputs)
    assert played.splitlines() == path.read_text(encoding="utf-8").splitlines()
    assert REWRITE or outcome.passed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_story_names_its_rules_and_says_what_to_learn(path: Path) -> None:
    scenario = read(path)
    assert scenario.rules, "the first line names rule ids"
    assert len(scenario.story) > 150


def test_there_are_enough_stories_to_learn_the_protocol_from() -> None:
    told = {rule for path in FILES for rule in read(path).rules}
    wanted = "G04 G06 H04 H06 I01 I03 J10 J11 J12 J15 M01 M04 M07 M08 O02 S02 S04"
    assert told.issuperset(wanted.split())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_invariant_breaks_under_either_protocol_and_another_seed(
    path: Path, protocol: str
) -> None:
    for seed in (1, 2, 3):
        overrides = Overrides(protocol=PROTOCOLS[protocol], seed=seed)
        outcome = run_scenario(read(path), overrides=overrides, measure=figures)
        assert not outcome.violations, "\n".join(map(str, outcome.violations))
        assert not outcome.comparable
