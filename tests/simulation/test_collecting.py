"""How often Python looks for cycles is changed for the time of a story, and only to seldomer."""

import gc
from collections.abc import Iterator

import pytest

from rebalance.simulation.collecting import seldom_collected
from rebalance.simulation.run import run_scenario
from rebalance.simulation.scenario import ScenarioError, parse


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """What Python starts with, whatever a test leaves behind."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_cycles_are_looked_for_seldom_and_never_not_at_all() -> None:
    with seldom_collected():
        assert gc.isenabled()
        assert 700 < gc.get_threshold()[0] <= 100_000
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [(0, 10, 10), (1_000_000, 5, 5)], ids=["never", "more seldom"])
def test_who_set_it_rarer_keeps_that(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    with seldom_collected():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own


def test_a_story_that_cannot_be_played_leaves_it_as_it_was() -> None:
    with pytest.raises(ScenarioError):
        run_scenario(parse("topic t partitions=1\nmembers A topics=t\npause A\n"))
    assert gc.get_threshold() == (700, 10, 10)
