"""Clients differ in when they beat and how soon they join again; the rules are the same."""

import pytest

from assignors.interface import resolve
from rebalance.member.config import MemberConfig
from rebalance.member.profile import AIOKAFKA, JAVA, LIBRDKAFKA, PROFILES, ClientProfile
from rebalance.simulation import MemberSpec, Simulation, settle
from rebalance.timeline import trace

INTERVAL_MS = 3000


def running(
    profile: ClientProfile, *names: str, assignor: str = "range", **behaviour: int
) -> Simulation:
    """A stable group of one client."""
    simulation = Simulation(seed=2)
    simulation.topic("orders", 6)
    for name in names:
        config = MemberConfig(
            group_id="g", client_id=name, profile=profile, heartbeat_interval_ms=INTERVAL_MS
        )
        spec = MemberSpec(
            name=name, topics=("orders",), assignors=(resolve(assignor),), config=config
        )
        spec.behaviour = spec.behaviour.with_changes(behaviour)
        simulation.define(spec)
        simulation.start(name)
    assert simulation.run_until_stable(), simulation.blockers()
    return simulation


def beats(simulation: Simulation, name: str, for_ms: int) -> list[int]:
    """When it sends heartbeats."""
    seen: list[int] = []
    for _ in range(for_ms):
        simulation.run_for(1)
        at = simulation.processes[name].member.last_heartbeat_ms
        if at is not None and at not in seen:
            seen.append(at)
    return seen


def joins(simulation: Simulation, name: str) -> list[int]:
    """When it sends JoinGroups."""
    events = simulation.trace.events
    return [e.t for e in events if isinstance(e, trace.Joining) and e.member == name]


@pytest.mark.parametrize(
    ("profile", "while_assigning"), [(JAVA, True), (AIOKAFKA, False), (LIBRDKAFKA, False)]
)
def test_m05_only_javas_members_beat_while_the_leader_assigns(
    profile: ClientProfile, while_assigning: bool
) -> None:
    simulation = running(profile, "a", "b", assignor_ms=2 * INTERVAL_MS)
    began = simulation.now
    simulation.processes["a"].enforce("again")
    simulation.processes["b"].enforce("again")
    simulation.run_for(100)
    assert simulation.views.groups["g"].state == "CompletingRebalance"
    seen = [at for at in beats(simulation, "b", 2 * INTERVAL_MS - 200) if at > began + 10]
    assert bool(seen) is while_assigning


@pytest.mark.parametrize("profile", [JAVA, AIOKAFKA])
def test_m05_the_beat_starts_anew_with_a_generation(profile: ClientProfile) -> None:
    simulation = running(profile, "a", "b")
    simulation.run_for(1000)
    simulation.processes["a"].enforce("again")
    simulation.processes["b"].enforce("again")
    simulation.run_for(50)
    began = simulation.now
    (first,) = beats(simulation, "a", INTERVAL_MS + 50)[-1:]
    assert began - 50 + INTERVAL_MS <= first <= began + INTERVAL_MS


def test_m05_librdkafkas_beat_goes_on_as_before() -> None:
    simulation = running(LIBRDKAFKA, "a", "b")
    last = beats(simulation, "a", INTERVAL_MS + 50)[-1]
    simulation.run_until(last + 2000)
    simulation.processes["a"].enforce("again")
    simulation.processes["b"].enforce("again")
    simulation.run_for(50)
    assert beats(simulation, "a", 1000)[-1] == last + INTERVAL_MS


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_only_librdkafka_waits_before_it_joins_again(profile: ClientProfile) -> None:
    simulation = running(profile, "a", assignor="cooperative-sticky")
    simulation.run_for(1_000)
    simulation.processes["a"].enforce("one")
    simulation.run_for(100)
    simulation.processes["a"].enforce("two")
    assert simulation.run_until_stable()
    simulation.run_for(3_000)
    one, two = joins(simulation, "a")[-2:]
    if profile is LIBRDKAFKA:
        assert two - one == 1000
    else:
        assert 90 <= two - one <= 110


@pytest.mark.parametrize("leaves", [True, False])
def test_h04_who_does_not_leave_on_close_is_counted_on(leaves: bool) -> None:
    simulation = running(ClientProfile(name="streams", leaves_on_close=leaves), "a", "b")
    simulation.processes["b"].close()
    simulation.run_for(100)
    assert not simulation.processes["b"].alive
    assert len(simulation.views.groups["g"].members) == (1 if leaves else 2)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_i05_every_clients_group_comes_to_rest(profile: ClientProfile) -> None:
    simulation = running(profile, "a", "b", "c")
    simulation.processes["a"].crash()
    simulation.run_for(5_000)
    simulation.start("a")
    simulation.processes["b"].close()
    settle(simulation)
    assert not simulation.violations


def test_profiles_are_no_property_of_kafka() -> None:
    assert "profile" not in MemberConfig.properties().values()
    assert MemberConfig(group_id="g").profile is JAVA
