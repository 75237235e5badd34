"""A line that makes no sense when its turn comes costs nothing, and is no part of what failed."""

import importlib

import pytest

from rebalance.simulation import ScenarioError, parse, run_scenario
from rebalance.simulation.fuzz import play, play_seed
from tests.mutations.catalogue import MUTATIONS

STORY = """\
topic orders partitions=2
members A B topics=orders
start A
run until stable
start A
crash B
run for 10s
"""


def test_lines_that_are_refused_are_passed_over_and_change_nothing() -> None:
    refused: list[int] = []
    passed_over = run_scenario(parse(STORY), refused=refused)
    assert refused == [5, 6]
    lines = STORY.split("\n")
    taken_out = run_scenario(parse("\n".join([*lines[:4], *lines[6:]])))
    assert list(passed_over.trace.lines()) == list(taken_out.trace.lines())


def test_what_an_earlier_line_is_still_to_do_is_no_fault_of_the_line_that_waits() -> None:
    stage = STORY.split("start A")[0]
    story = (
        f"{stage}start A B\nrun until stable\nrestart A B every 5s away 1s\ncrash B\nrun for 9s\n"
    )
    with pytest.raises(ScenarioError, match=r":5: .* B is not running"):
        run_scenario(parse(story), refused=[])


def test_the_text_of_a_seed_is_what_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    at = importlib.import_module("rebalance.simulation.fuzz.play")
    monkeypatch.setattr(at, "scenario_text", lambda seed: STORY)
    text, played = play_seed(0)
    assert text == STORY.replace("start A\ncrash B\n", "")
    assert play(text) == played


def test_the_text_of_a_failing_seed_fails_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    at = importlib.import_module("rebalance.simulation.fuzz.play")
    monkeypatch.setattr(at, "scenario_text", lambda seed: f"{STORY}start B\nrun until stable\n")
    with MUTATIONS["changed_metadata_is_not_noticed"]():
        text, played = play_seed(0)
        assert text.count("start") == 2
        assert played.failures
        assert play(text) == played
