"""Exploring to the end: what the code as it is must stand, and what a search says of itself."""

from array import array

import pytest

from rebalance.simulation.explore import Counts, Explored, explore, story, told
from rebalance.simulation.explore.rest import Ways, without_rest
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import parse_trace
from tests.simulation.explore.groups import ALONE, COOPERATIVE, EAGER, group


def holds(explored: Explored) -> Counts:
    """Everything was looked at, and nothing was wrong."""
    assert explored.violation is None, "\n".join((*story(explored), str(explored.violation)))
    assert explored.exhaustive
    assert explored.counts.states == explored.counts.expanded
    assert explored.counts.at_rest > 0
    return explored.counts


@pytest.mark.parametrize("fault", ["crash=1", "close=1", "cut=1", "fail=1", "crash=1 fail=1"])
def test_i05_one_consumer_and_each_fault_that_ends(fault: str) -> None:
    without = holds(explore(group(ALONE))).states
    assert holds(explore(group(ALONE, fault))).states > without


@pytest.mark.parametrize("fault", ["loss=1", "timeout=1"])
def test_i01_and_i02_one_consumer_and_each_fault_that_may_go_on(fault: str) -> None:
    """These have no end (docs/explore.md): the nearest states are looked at."""
    explored = explore(group(ALONE, fault), lambda counts: counts.expanded < 1000)

    assert explored.violation is None
    assert not explored.exhaustive
    assert explored.counts.expanded >= 1000


@pytest.mark.parametrize("text", [EAGER, COOPERATIVE], ids=["eager", "cooperative"])
def test_i01_and_i02_and_i05_every_way_two_consumers_can_start(text: str) -> None:
    counts = holds(explore(group(text)))
    assert counts.known_again > counts.states  # reduction is what makes it end


def test_the_same_every_time() -> None:
    first, second = explore(group(ALONE, "crash=1")), explore(group(ALONE, "crash=1"))
    assert first.counts == second.counts
    assert first.parts == second.parts


def test_stopped_early_it_does_not_claim_to_be_exhaustive() -> None:
    explored = explore(group(EAGER), lambda counts: counts.states < 500)

    assert not explored.exhaustive
    assert explored.passed
    assert explored.counts.expanded < explored.counts.states


def ways(*steps: tuple[int, int]) -> Ways:
    made = Ways()
    for source, target in steps:
        made.add(source, target)
    return made


def test_where_all_ends_without_rest() -> None:
    """0 -> 1 -> 2 (rest), and 1 -> 3 -> 4 <-> 5, where nothing leads out."""
    steps = ways((0, 1), (1, 2), (1, 3), (3, 4), (4, 5), (5, 4))
    assert without_rest(6, array("q", [2]), steps) in (4, 5)
    assert without_rest(6, array("q", [2, 4]), steps) is None
    assert without_rest(6, array("q"), ways((0, 1), (1, 2), (2, 3), (3, 2))) is not None


def test_the_shortest_way_is_told_and_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that takes partitions over without ever telling is one that fails to settle."""
    from rebalance.member import reconcile

    monkeypatch.setattr(reconcile, "callback_done", lambda core, event: None)

    explored = explore(group(ALONE))

    assert explored.violation is not None
    assert explored.violation.rule == "I05"
    lines = list(story(explored))
    assert lines[0].endswith("A starts")
    assert any("A: is assigned t 0-1" in line for line in lines)
    trace = told(explored)
    assert trace.header.source == "explore"
    assert parse_trace(trace.lines()).events == trace.events
    assert "I05" in render_text(trace, options=TextOptions(width=100))
