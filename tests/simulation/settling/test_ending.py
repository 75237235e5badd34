"""I05: a story's end is chosen by its seed, and is no part of its trace."""

from pathlib import Path

import pytest

from rebalance.simulation import run_scenario
from rebalance.simulation.fuzz import play
from rebalance.simulation.scenario import parse
from rebalance.simulation.settling.gathering import gathering
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.settling.table import EXPERIMENTS, chosen
from rebalance.timeline.trace import TraceEnded
from tests.simulation.settling.groups import at_rest


def test_i05_the_seed_chooses_a_few_in_their_order() -> None:
    ground = at_rest()
    picked = set()
    for seed in range(40):
        ground.simulation.seed = seed
        few = chosen(ground)
        assert len(few) == 3
        assert few == chosen(ground)
        assert list(few) == sorted(few, key=EXPERIMENTS.index)
        picked |= {experiment.name for experiment in few}
    able = {experiment.name for experiment in EXPERIMENTS if experiment.on(ground)}
    assert picked == able


def test_i05_what_happens_at_the_end_is_no_part_of_the_trace() -> None:
    text = "topic orders partitions=2\nmembers A B topics=orders\nstart A B\nrun until stable"
    outcome = run_scenario(parse(text))
    last = outcome.trace.events[-1]
    assert isinstance(last, TraceEnded)
    assert outcome.simulation.now > last.t
    assert outcome.violations == ()


def test_i05_those_who_are_gone_come_back_for_experiments() -> None:
    ground = at_rest(static=True)
    for name in "AB":
        ground.process(name).crash()
    assert ground.rests("two crashed")
    assert ground.members("g") == ["C"]
    gathering(ground)
    assert ground.members("g") == ["A", "B", "C"]
    assert ground.problems == []


def test_i05_what_never_comes_to_rest_is_told_with_what_was_before() -> None:
    ground = at_rest()
    ground.process("A").lines.outages.begin(None)
    ground.process("A").enforce("nobody hears it")
    assert not ground.rests("A was cut off")
    (problem,) = ground.problems
    assert str(problem).endswith("(after A was cut off)")
    assert problem.code == "member FindingCoordinator A was cut off"
    assert [str(each.rule) for each in ground.simulation.violations] == ["I05"]


FAR = """
seed {seed}
set group.min.session.timeout.ms=1000 group.initial.rebalance.delay.ms=0
topic orders partitions=4
topic payments partitions=3
members A B C topics=orders,payments assignors=cooperative-sticky session.timeout.ms=6000 \
heartbeat.interval.ms=500 max.poll.interval.ms=9000 request.timeout.ms=5000 metadata.max.age.ms=4000
network B delay=700..900ms
start A B C
run until stable
"""


@pytest.mark.parametrize("seed", [0, 3])
def test_i05_experiments_have_patience_with_who_is_far_away(seed: int) -> None:
    outcome = run_scenario(parse(FAR.format(seed=seed)))
    assert Ground(outcome.simulation).round_trip_ms() == 2 * 900
    assert outcome.violations == ()


FOUND = Path(__file__).parents[2] / "testdata" / "found"
FAILS_WITH_AN_ID = FOUND / "who_fails_leaves_a_little_later.txt"


def test_h06_rest_is_what_follows_the_leave_of_who_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    rests, waited = Ground.rests, []

    def rests_indeed(ground: Ground, after: str, *, extra_ms: int = 0) -> bool:
        rested = rests(ground, after, extra_ms=extra_ms)
        waited.append(rested and ground.simulation.unrest() == [])
        return rested

    monkeypatch.setattr(Ground, "rests", rests_indeed)
    assert play(FAILS_WITH_AN_ID.read_text()).failures == ()
    assert waited
    assert all(waited)
