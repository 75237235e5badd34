"""Whatever goes wrong around them, the machines find their way, and the trace says what was."""

import pytest

from assignors.interface import resolve
from rebalance.member.config import MemberConfig
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import GroupState, MemberState
from rebalance.simulation import Delay, MemberSpec, Simulation, settle
from rebalance.simulation.disk import APPEND_ERRORS
from rebalance.timeline import trace


def running(*names: str, brokers: int = 2, assignor: str = "range") -> Simulation:
    """A stable group of consumers with sessions of 10 s."""
    simulation = Simulation(seed=5, nodes=brokers)
    simulation.topic("orders", 6)
    for name in names:
        config = MemberConfig(group_id="g", client_id=name, session_timeout_ms=10_000)
        spec = MemberSpec(
            name=name, topics=("orders",), assignors=(resolve(assignor),), config=config
        )
        simulation.define(spec)
        simulation.start(name)
    assert simulation.run_until_stable(), simulation.unrest()
    return simulation


def steps(simulation: Simulation) -> list[str]:
    return [event.text for event in simulation.trace.events if isinstance(event, trace.Step)]


def other(simulation: Simulation) -> int:
    """The broker that does not coordinate the group."""
    return 3 - (simulation.cluster.coordinator_of("g") or 0)


def rebalances(simulation: Simulation) -> int:
    return len(simulation.views.rebalances)


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
@pytest.mark.parametrize("loading_ms", [0, 3000])
def test_p03_a_group_that_moves_stays_as_it_is(assignor: str, loading_ms: int) -> None:
    simulation = running("a", "b", assignor=assignor)
    before, generation = rebalances(simulation), simulation.views.groups["g"].generation_id
    simulation.cluster.loading_ms = loading_ms
    simulation.faults.move("g", other(simulation))
    simulation.run_for(30_000)
    group = simulation.cluster.group("g")
    assert group is not None
    assert (group.state, group.generation_id) == (GroupState.STABLE, generation)
    assert {p.member.coordinator for p in simulation.processes.values()} == {
        simulation.cluster.coordinator_of("g")
    }
    assert rebalances(simulation) == before
    assert simulation.views.groups["g"].state == "Stable"
    assert simulation.views.groups["g"].leader == group.leader
    settle(simulation)
    assert not simulation.violations


def test_p04_requests_meet_a_coordinator_that_is_none_any_more() -> None:
    simulation = running("a", "b")
    simulation.processes["a"].enforce("again")
    simulation.run_for(2)  # its JoinGroup is under way
    simulation.faults.move("g", other(simulation))
    assert simulation.run_until_stable()
    assert simulation.views.groups["g"].generation_id > 1
    assert not simulation.violations


def test_p02_committed_offsets_are_there_after_a_move() -> None:
    simulation = running("a", "b")
    simulation.run_for(10_000)
    committed = dict(simulation.offsets)
    simulation.faults.move("g", other(simulation))
    simulation.processes["a"].close()
    assert simulation.run_until_stable()
    simulation.run_for(10_000)
    assert all(simulation.offsets[key] >= offset for key, offset in committed.items())
    assert len(committed) == 6
    assert not simulation.violations


def test_p02_what_was_not_durable_dies_with_its_broker() -> None:
    simulation = running("a", brokers=1)
    simulation.node.disk.append_ms = 5_000
    simulation.run_for(3_000)  # a commit is being written
    simulation.faults.crash(1)
    simulation.node.disk.append_ms = 0
    assert simulation.offsets == {}
    simulation.run_for(3_000)
    simulation.faults.start(1)
    simulation.run_for(10_000)
    assert len(simulation.offsets) == 6
    assert simulation.processes["a"].state is MemberState.STABLE


@pytest.mark.parametrize("failover_ms", [0, 9_000])
def test_a_crashed_broker_is_replaced(failover_ms: int) -> None:
    simulation = running("a", "b", "c")
    crashed = simulation.cluster.coordinator_of("g")
    assert crashed is not None
    simulation.faults.crash(crashed, failover_ms=failover_ms)
    simulation.run_for(failover_ms + 2_000)
    assert simulation.cluster.coordinator_of("g") == 3 - crashed
    simulation.faults.start(crashed)
    settle(simulation)
    assert not simulation.violations
    assert steps(simulation) == [f"broker {crashed} crashes", f"broker {crashed} starts"]


def test_what_cannot_be_done_to_a_broker_is_refused_and_not_told() -> None:
    simulation = running("a")
    here = simulation.cluster.coordinator_of("g") or 0
    with pytest.raises(ValueError, match="coordinates g already"):
        simulation.faults.move("g", here)
    with pytest.raises(ValueError, match="not one that crashed"):
        simulation.faults.start(here)
    simulation.faults.crash(3 - here)
    with pytest.raises(ValueError, match="does not run"):
        simulation.faults.move("g", 3 - here)
    with pytest.raises(ValueError, match="does not run"):
        simulation.faults.crash(3 - here)
    with pytest.raises(ValueError, match="b is not running"):
        simulation.faults.isolate("b")
    assert steps(simulation) == [f"broker {3 - here} crashes"]


@pytest.mark.parametrize(
    ("requests", "answers", "leaves"),
    [(True, True, True), (True, False, True), (False, True, False)],
)
def test_h06_only_a_member_that_is_not_heard_is_out(
    requests: bool, answers: bool, leaves: bool
) -> None:
    simulation = running("a", "b")
    simulation.faults.isolate("b", for_ms=9_500, requests=requests, answers=answers)
    member_id = simulation.views.lanes["b"].member_id
    simulation.run_for(9_400)
    assert member_id in simulation.views.groups["g"].members
    simulation.run_for(20_000)
    assert simulation.processes["b"].state is MemberState.STABLE
    simulation.faults.isolate("b", for_ms=25_000, requests=requests, answers=answers)
    member_id = simulation.views.lanes["b"].member_id
    simulation.run_for(9_500 + 5_000)
    assert (member_id not in simulation.views.groups["g"].members) is leaves
    settle(simulation)
    assert not simulation.violations


def test_a_healed_network_is_whole_and_one_brokers_may_be_cut_off() -> None:
    simulation = running("a", "b")
    simulation.faults.isolate("a", broker=simulation.cluster.coordinator_of("g"))
    simulation.faults.heal("a")
    simulation.faults.isolate("b", broker=other(simulation))
    simulation.run_for(30_000)
    assert rebalances(simulation) <= 2
    assert {p.state for p in simulation.processes.values()} == {MemberState.STABLE}


def test_h04_a_leave_whose_answer_is_lost_had_its_effect() -> None:
    simulation = running("a", "b")
    simulation.faults.lose("b", "LeaveGroup", answers=True)
    simulation.processes["b"].close()
    simulation.run_for(100)
    assert len(simulation.views.groups["g"].members) == 1
    assert simulation.processes["b"].alive  # it waits for the answer
    simulation.faults.deliver("b", "LeaveGroup")
    settle(simulation)
    assert not simulation.violations


def test_s03_answers_that_get_lost_do_so_no_more_once_the_story_is_told() -> None:
    simulation = running("a", "b", "c")
    simulation.faults.lose("c", "SyncGroup", answers=True)
    settle(simulation)
    assert not simulation.violations


def test_a_far_consumer_takes_its_time_in_every_life() -> None:
    simulation = running("a")
    simulation.faults.delay("a", Delay(300, 300))
    simulation.processes["a"].crash()
    assert simulation.run_until_stable()
    began = simulation.now
    simulation.start("a")
    assert simulation.run_until_stable()
    assert simulation.now - began > 6 * 300  # it is found, joined twice and synced


@pytest.mark.parametrize("error", APPEND_ERRORS, ids=lambda error: error.name)
def test_s02_whatever_the_log_answers_the_group_comes_to_rest(error: ErrorCode) -> None:
    simulation = running("a", "b")
    simulation.faults.fail_appends(1, error)
    assert steps(simulation) == [f"the next write fails with {error.name}"]
    simulation.processes["a"].enforce("again")
    simulation.run_for(5)
    settle(simulation)
    assert not simulation.violations


def test_a_log_that_fails_for_a_while_works_again() -> None:
    simulation = running("a", brokers=1)
    simulation.faults.fail_log(ErrorCode.KAFKA_STORAGE_ERROR, for_ms=20_000)
    simulation.run_for(19_000)
    assert simulation.offsets == {}
    simulation.run_for(10_000)
    assert len(simulation.offsets) == 6
    assert simulation.processes["a"].positions.refused.keys() == {"NOT_COORDINATOR"}


def test_a_log_is_slow_for_a_while() -> None:
    simulation = running("a", brokers=1)
    simulation.faults.slow_log(4_000, for_ms=1_000)
    simulation.processes["a"].enforce("again")
    simulation.run_for(1_500)
    assert simulation.views.groups["g"].state == "CompletingRebalance"
    assert simulation.node.disk.append_ms == 0
    assert simulation.run_until_stable()


def test_h06_a_brokers_clock_that_jumps_ends_every_session() -> None:
    simulation = running("a", "b", brokers=1)
    simulation.faults.jump_broker(1, 10_000)
    simulation.run_for(1)
    assert simulation.views.groups["g"].members == {}
    settle(simulation)
    assert not simulation.violations


def test_m05_a_members_clock_that_jumps_makes_it_ask() -> None:
    simulation = running("a", "b", brokers=1)
    asked = simulation.processes["a"].member.last_heartbeat_ms
    simulation.faults.jump("a", 60_000)
    simulation.run_for(100)
    heard = simulation.processes["a"].member.last_heartbeat_ms
    assert heard is not None
    assert heard > 60_000
    assert heard != asked
    assert simulation.processes["a"].state is MemberState.STABLE
    assert rebalances(simulation) <= 2


def test_h06_a_clock_that_is_too_slow_costs_membership_and_a_fast_one_does_not() -> None:
    simulation = running("a", "b", brokers=1)
    for spec in simulation.members.values():
        spec.behaviour = spec.behaviour.with_changes({"commit_ms": 0})
    simulation.processes["a"].behave({"commit_ms": 0})
    simulation.faults.drift("a", 3000)
    before = rebalances(simulation)
    simulation.run_for(30_000)
    assert rebalances(simulation) == before
    simulation.faults.drift("a", 200)
    simulation.run_for(30_000)
    assert rebalances(simulation) > before
    simulation.faults.drift("a", 1000)
    simulation.faults.drift_broker(1, 2000)
    settle(simulation)
    assert not simulation.violations
