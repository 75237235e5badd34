"""What a story does to a consumer's network or permissions outlives its process: a restart is no
repair."""

import pytest

from rebalance.protocol.states import MemberState
from rebalance.simulation import Simulation, parse, run_scenario
from rebalance.timeline import trace

STAGE = """
set group.initial.rebalance.delay.ms=0
brokers 2
topic orders partitions=4
members A B topics=orders session.timeout.ms=6000 request.timeout.ms=2000
start A B
run until stable
"""
AGAIN = "run for 1s\ncrash B\nrun for 1s\nstart B\n"


def played(story: str) -> Simulation:
    outcome = run_scenario(parse(f"{STAGE}{story}"))
    assert not outcome.violations
    return outcome.simulation


def owned_from(simulation: Simulation, lane: str) -> int | None:
    """When this life of a consumer got partitions (ms), in the story."""
    assigned = (e for e in simulation.trace.events if isinstance(e, trace.Assigned))
    return next((e.t for e in assigned if e.member == lane and e.partitions), None)


@pytest.mark.parametrize("fault", ["isolate", "disconnect"])
def test_m02_a_consumer_that_is_started_anew_stays_out_of_reach(fault: str) -> None:
    simulation = played(f"{fault} B for 30s\n{AGAIN}run for 60s\n")
    owned = owned_from(simulation, "B.2")
    assert owned is not None
    assert 30_000 < owned < 45_000


def test_m02_until_it_is_healed() -> None:
    simulation = played(f"isolate B\n{AGAIN}run for 20s\nheal B\nrun for 30s\n")
    owned = owned_from(simulation, "B.2")
    assert owned is not None
    assert 22_000 < owned < 32_000


def test_m02_one_split_ends_and_another_goes_on() -> None:
    splits = "isolate B for 5s\nisolate B for 30s only=requests\n"
    owned = owned_from(played(f"{splits}{AGAIN}run for 60s\n"), "B.2")
    assert owned is not None
    assert owned > 30_000


def test_i05_at_the_end_all_of_it_is_over_also_for_who_comes_back_later() -> None:
    faults = "isolate B\nlose B JoinGroup\nforbid B\ndisconnect B for 900s\n"
    simulation = played(f"{faults}restart B away 20s\nrun for 1s\n")
    assert owned_from(simulation, "B.2") is None
    assert simulation.processes["B"].state is MemberState.STABLE


@pytest.mark.parametrize(
    ("before", "state"),
    [
        ("close B\nrun for 5s\nforbid B\nstart B\nrun for 1s", "FindingCoordinator"),
        ("forbid B\nrun for 5s", "Stable"),
    ],
)
def test_m08_who_may_not_use_its_group_fails_wherever_it_is(before: str, state: str) -> None:
    simulation = played(f"{before}\n")
    assert simulation.world.seen["member", state, "Failed"] == 1
    assert simulation.processes["B"].state is MemberState.FAILED


def test_m08_a_refusal_that_no_story_explains_is_a_violation() -> None:
    outcome = run_scenario(parse(f"{STAGE}run for 1s\n"))
    simulation = outcome.simulation
    simulation.processes["B"].lines.forbid(True)
    simulation.run_for(10_000)
    assert [str(each) for each in simulation.violations if each.rule == "M08"]


@pytest.mark.parametrize("api", ["FindCoordinator", "Metadata"])
@pytest.mark.parametrize("answers", ["", " answers"])
def test_i05_nobody_gets_anything_while_lookups_get_lost(api: str, answers: str) -> None:
    lost = "\n".join(f"lose {name} {api}{answers}" for name in "AB")
    arrives = "\n".join(f"deliver {name} {api}" for name in "AB")
    away = f"close A B\nrun until 5s\n{lost}\nstart A B\nrun until 15s\n"
    simulation = played(f"{away}{arrives}\nrun for 20s\n")
    for lane in ("A.2", "B.2"):
        owned = owned_from(simulation, lane)
        assert owned is not None
        assert 15_000 < owned < 20_000
