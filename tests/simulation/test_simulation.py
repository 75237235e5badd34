"""The cluster in virtual time as a library: what it can do, and that its two views are true."""

import pytest

from assignors.interface import resolve
from rebalance.member.config import MemberConfig
from rebalance.protocol.states import GroupState, MemberState
from rebalance.simulation import Behaviour, MemberSpec, Simulation, settle
from rebalance.simulation.views import flattened
from rebalance.timeline import trace


def cluster(*names: str, assignor: str = "range", partitions: int = 6) -> Simulation:
    """Consumers of one topic, not started."""
    simulation = Simulation(seed=3)
    simulation.topic("orders", partitions)
    for name in names:
        simulation.define(
            MemberSpec(
                name=name,
                topics=("orders",),
                assignors=(resolve(assignor),),
                config=MemberConfig(group_id="g", client_id=name, session_timeout_ms=10_000),
            )
        )
    return simulation


def running(*names: str, assignor: str = "range", partitions: int = 6) -> Simulation:
    """The same, started and stable."""
    simulation = cluster(*names, assignor=assignor, partitions=partitions)
    for name in names:
        simulation.start(name)
    assert simulation.run_until_stable(), simulation.unrest()
    return simulation


def owned(simulation: Simulation, name: str) -> set[tuple[str, int]]:
    return simulation.views.lanes[simulation.processes[name].name].owned


def test_everybody_gets_a_share_and_reads_it() -> None:
    simulation = running("a", "b", "c")
    assert {len(owned(simulation, name)) for name in "abc"} == {2}
    simulation.run_for(20_000)
    assert len(simulation.offsets) == 6
    assert min(simulation.offsets.values()) > 1000
    assert not simulation.violations


def test_views_say_what_the_machines_say() -> None:
    simulation = running("a", "b", "c", assignor="cooperative-sticky")
    simulation.processes["b"].crash()
    assert simulation.run_until_stable()
    simulation.start("b")
    assert simulation.run_until_stable()
    view, group = simulation.views.groups["g"], simulation.node.coordinator.group("g")
    assert group is not None
    assert group.state is GroupState.STABLE
    assert (view.state, view.generation_id) == (group.state.value, group.generation_id)
    assert (view.leader, view.protocol_name) == (group.leader, group.protocol_name)
    assert list(view.members) == [member.member_id for member in group.members]
    for process in simulation.processes.values():
        lane = simulation.views.lanes[process.name]
        assert (lane.member_id, lane.generation_id) == (
            process.member.member_id,
            process.member.generation_id,
        )
        assert lane.owned == set(process.member.owned)
        assert view.sent[lane.member_id][1] == lane.owned


def test_a_snapshot_is_made_once_and_never_old() -> None:
    simulation = running("a", "b")
    node = simulation.node
    assert node.group("g") is node.group("g")
    before = node.group("g")
    simulation.processes["b"].close()
    simulation.run_until_stable()
    assert node.group("g") == node.coordinator.group("g") != before


def test_i06_nobody_reads_twice_or_leaves_a_gap() -> None:
    """Between a close and the next owner: the committed offset is where the next one reads."""
    simulation = running("a", "b")
    simulation.run_for(10_000)
    simulation.processes["a"].close()
    assert simulation.run_until_stable()
    at_handover = dict(simulation.offsets)
    simulation.run_for(10_000)
    assert all(simulation.offsets[key] >= offset for key, offset in at_handover.items())
    assert not simulation.violations


def test_paused_process_does_nothing_and_catches_up() -> None:
    simulation = running("a", "b")
    process = simulation.processes["a"]
    process.pause()
    process.pause()
    before = len(simulation.trace.events)
    simulation.run_for(5_000)
    assert len(simulation.trace.events) == before
    process.resume()
    process.resume()
    simulation.run_for(5_000)
    assert process.state is MemberState.STABLE
    assert simulation.views.groups["g"].generation_id == 1


def test_what_a_script_tells_a_paused_process_waits() -> None:
    simulation = running("a", "b")
    process = simulation.processes["a"]
    process.pause()
    process.close()
    simulation.run_for(1_000)
    assert simulation.views.lanes["a"].ended == ""
    process.resume()
    simulation.run_for(1_000)
    assert simulation.views.lanes["a"].ended == "closed"


def test_crash_cuts_connections_and_says_nothing() -> None:
    simulation = running("a", "b")
    simulation.processes["a"].crash()
    simulation.processes["a"].crash()
    assert [e.how for e in simulation.trace.events if isinstance(e, trace.MemberStopped)] == [
        "crashed"
    ]
    assert simulation.views.groups["g"].members.keys() >= {simulation.views.lanes["a"].member_id}
    assert simulation.run_until_stable()
    assert len(owned(simulation, "b")) == 6


def test_second_life_has_a_lane_of_its_own() -> None:
    simulation = running("a", "b")
    with pytest.raises(ValueError, match="a is running"):
        simulation.start("a")
    simulation.processes["a"].close()
    simulation.run_for(1_000)
    simulation.start("a")
    assert simulation.run_until_stable()
    assert list(simulation.views.lanes) == ["a", "b", "a.2"]


def test_busy_thread_makes_its_listener_wait() -> None:
    simulation = cluster("a", "b")
    simulation.start("a")
    assert simulation.run_until_stable()
    start = simulation.now
    simulation.processes["a"].occupy(8_000)
    simulation.start("b")
    assert simulation.run_until_stable()
    revoked = next(e for e in simulation.trace.events if isinstance(e, trace.Revoked))
    assert start + 8_000 <= revoked.t < start + 8_050  # the commit before it takes its time


def test_raising_listener_does_not_stall_the_group() -> None:
    simulation = cluster("a", "b")
    for spec in simulation.members.values():
        spec.behaviour = Behaviour(failing=frozenset({"revoke", "assign"}), revoke_ms=50)
    for name in "ab":
        simulation.start(name)
    assert simulation.run_until_stable()
    simulation.processes["a"].enforce("again")
    simulation.run_for(10)
    assert simulation.run_until_stable()
    assert simulation.views.groups["g"].generation_id == 2


def test_unrest_says_why() -> None:
    simulation = cluster("a")
    assert simulation.unrest() == []
    simulation.start("a")
    assert simulation.unrest() == ["a is FindingCoordinator"]
    assert not simulation.run_until_stable(within_ms=1_000)
    assert simulation.unrest() == ["a is Joining"]
    assert simulation.run_until_stable()
    simulation.processes["a"].crash()
    assert simulation.unrest() == ["group g is Stable"]


def test_group_that_never_comes_to_rest_violates_i05() -> None:
    simulation = running("a", "b")
    simulation.node.disk.append_ms = 10**9  # the log takes for ever: no assignment can be stored
    simulation.processes["a"].enforce("again")
    settle(simulation)
    assert [violation.rule for violation in simulation.violations] == ["I05"]


def test_faults_end_before_a_group_must_come_to_rest() -> None:
    simulation = running("a", "b")
    simulation.processes["a"].lines.lost_requests.begin("JoinGroup", 0)
    simulation.processes["b"].pause()
    simulation.topic("orders", 8)  # the leader looks every five minutes
    assert not simulation.run_until_stable(within_ms=1_000)
    settle(simulation)
    assert not simulation.violations


def test_what_settles_is_not_part_of_the_trace() -> None:
    simulation = running("a", "b")
    simulation.processes["a"].crash()
    told = len(simulation.trace.events)
    settle(simulation)
    assert len(simulation.trace.events) == told
    assert not simulation.violations


def test_lost_connection_is_made_again() -> None:
    simulation = running("a", "b")
    simulation.run_for(1_000)
    simulation.processes["a"].lines.cut()
    simulation.run_for(20_000)
    assert simulation.views.groups["g"].generation_id == 1
    assert simulation.processes["a"].state is MemberState.STABLE


def test_events_are_counted() -> None:
    simulation = running("a")
    before = simulation.events_processed
    simulation.run_for(60_000)
    assert simulation.events_processed - before > 100


def test_partitions_of_an_event() -> None:
    assert list(flattened({"a": (0, 2), "b": (1,)})) == [("a", 0), ("a", 2), ("b", 1)]


def test_the_trace_runs_until_the_story_ends() -> None:
    simulation = running("a")
    simulation.run_until(60_000)
    simulation.end()
    assert simulation.trace.events[-1] == trace.TraceEnded(t=60_000)
    simulation.processes["a"].close()
    settle(simulation)
    assert simulation.trace.last_t == 60_000
