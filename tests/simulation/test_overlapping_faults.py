"""Faults of one kind that overlap: each ends when its own time is over, and ends no other."""

from typing import Any

import pytest

from assignors.interface import resolve
from rebalance.member.config import MemberConfig
from rebalance.protocol.errors import ErrorCode
from rebalance.simulation import MemberSpec, Simulation, parse, run_scenario, settle
from rebalance.simulation.spells import Spells


def running(*names: str, brokers: int = 1) -> Simulation:
    """A stable group of consumers with sessions of a minute: faults come and go unnoticed."""
    simulation = Simulation(seed=5, nodes=brokers)
    simulation.topic("orders", 4)
    for name in names:
        config = MemberConfig(group_id="g", client_id=name, session_timeout_ms=60_000)
        simulation.define(
            MemberSpec(name=name, topics=("orders",), assignors=(resolve("range"),), config=config)
        )
        simulation.start(name)
    assert simulation.run_until_stable(), simulation.unrest()
    return simulation


def seen(simulation: Simulation, what: Any, seconds: int = 6) -> list[Any]:
    """What there is to be seen in the middle of each of so many seconds."""
    found = []
    for _ in range(seconds):
        simulation.run_for(500)
        found.append(what())
        simulation.run_for(500)
    return found


def begun_again(simulation: Simulation, begin: Any, end: Any) -> None:
    """One fault for 4 s, ended by hand after 1 s, and a new one that nobody ends, 1 s later."""
    begin(4_000)
    simulation.run_for(1_000)
    end()
    simulation.run_for(1_000)
    begin(None)


# --- what is on ----------------------------------------------------------------------------------


def test_spells_end_one_by_one_and_the_newest_counts() -> None:
    spells = Spells[str]()
    assert (spells.newest("usual"), bool(spells), list(spells)) == ("usual", False, [])
    one, two = spells.begin("one"), spells.begin("two")
    assert (spells.newest("usual"), bool(spells), list(spells)) == ("two", True, ["one", "two"])
    spells.end(two)
    spells.end(two)
    assert spells.newest("usual") == "one"
    spells.clear()
    three = spells.begin("three")
    spells.end(one)
    assert (list(spells), three not in (one, two)) == (["three"], True)


# --- disks ---------------------------------------------------------------------------------------


def test_a_slow_log_is_as_fast_as_before_once_all_slow_spells_are_over() -> None:
    simulation = running("a")
    simulation.faults.slow_log(1500, for_ms=2_000)
    simulation.run_for(1_000)
    simulation.faults.slow_log(100, for_ms=3_000)
    disk = simulation.node.disk
    assert seen(simulation, lambda: disk.write_ms) == [100, 100, 100, 0, 0, 0]


def test_a_slow_spell_inside_of_another_gives_way_to_it() -> None:
    simulation = running("a")
    simulation.faults.slow_log(1500, for_ms=4_000)
    simulation.faults.slow_log(100, for_ms=2_000)
    disk = simulation.node.disk
    assert seen(simulation, lambda: disk.write_ms) == [100, 100, 1500, 1500, 0, 0]


def test_how_long_writes_take_from_now_on_outlasts_every_spell_before() -> None:
    simulation = running("a")
    simulation.faults.slow_log(1500, for_ms=2_000)
    simulation.faults.slow_log(7)
    disk = simulation.node.disk
    assert seen(simulation, lambda: disk.write_ms) == [7] * 6


def test_s02_writes_fail_until_the_last_spell_is_over() -> None:
    simulation = running("a")
    disk = simulation.node.disk
    simulation.faults.fail_log(ErrorCode.KAFKA_STORAGE_ERROR, for_ms=4_000)
    simulation.faults.fail_log(ErrorCode.NOT_ENOUGH_REPLICAS, for_ms=2_000)
    assert [error.name for error in seen(simulation, disk.outcome, 5)] == [
        *["NOT_ENOUGH_REPLICAS"] * 2,
        *["KAFKA_STORAGE_ERROR"] * 2,
        "NONE",
    ]
    simulation.faults.fail_log(ErrorCode.KAFKA_STORAGE_ERROR, for_ms=1_000)
    simulation.faults.fail_log(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert {error.name for error in seen(simulation, disk.outcome)} == {"NOT_ENOUGH_REPLICAS"}


def test_what_is_mended_stays_so_when_spells_end_later() -> None:
    simulation = running("a")
    simulation.faults.fail_log(ErrorCode.KAFKA_STORAGE_ERROR, for_ms=40_000)
    simulation.faults.fail_log(ErrorCode.NOT_ENOUGH_REPLICAS, for_ms=20_000)
    settle(simulation)
    assert simulation.node.disk.outcome() is ErrorCode.NONE
    assert not simulation.violations


# --- the network ---------------------------------------------------------------------------------


def blocked(simulation: Simulation, broker: int = 1) -> Any:
    path = simulation.processes["a"].lines.path(broker)
    return lambda: (path.requests_blocked, path.answers_blocked)


def test_a_network_is_whole_once_nothing_holds_it_up_in_that_direction() -> None:
    simulation = running("a")
    simulation.faults.isolate("a", for_ms=2_000)
    simulation.faults.isolate("a", for_ms=4_000, answers=False)
    assert seen(simulation, blocked(simulation), 5) == [
        *[(True, True)] * 2,
        *[(True, False)] * 2,
        (False, False),
    ]


def test_brokers_that_are_cut_off_one_by_one_are_back_one_by_one() -> None:
    simulation = running("a", brokers=2)
    simulation.faults.isolate("a", for_ms=1_000, broker=1)
    simulation.faults.isolate("a", for_ms=2_000, broker=2)
    one, two = blocked(simulation, 1), blocked(simulation, 2)
    assert [each[0][0] for each in seen(simulation, lambda: (one(), two()), 3)] == [
        True,
        False,
        False,
    ]
    simulation.faults.isolate("a", for_ms=2_000)
    simulation.faults.isolate("a", for_ms=1_000, broker=2)
    assert [each[1][0] for each in seen(simulation, lambda: (one(), two()), 3)] == [
        True,
        True,
        False,
    ]


def test_a_network_that_was_healed_and_broke_again_is_not_whole_at_the_first_ones_end() -> None:
    simulation = running("a")
    faults = simulation.faults
    begun_again(
        simulation, lambda for_ms: faults.isolate("a", for_ms=for_ms), lambda: faults.heal("a")
    )
    assert seen(simulation, blocked(simulation)) == [(True, True)] * 6


def test_no_broker_can_be_reached_until_the_last_outage_is_over() -> None:
    simulation = running("a")
    simulation.faults.disconnect("a", for_ms=2_000)
    simulation.faults.disconnect("a", for_ms=4_000)
    simulation.faults.disconnect("a")
    lines = simulation.processes["a"].lines
    assert seen(simulation, lambda: bool(lines.outages)) == [True] * 4 + [False] * 2


# --- processes -----------------------------------------------------------------------------------


def test_a_process_stands_still_until_its_last_pause_is_over() -> None:
    simulation = running("a")
    simulation.faults.pause("a", for_ms=2_000)
    simulation.run_for(1_000)
    simulation.faults.pause("a", for_ms=3_000)
    process = simulation.processes["a"]
    assert seen(simulation, lambda: process.paused) == [True] * 3 + [False] * 3


def test_a_pause_that_was_ended_does_not_end_the_next_one() -> None:
    simulation = running("a")
    process = simulation.processes["a"]
    begun_again(
        simulation, lambda for_ms: simulation.faults.pause("a", for_ms=for_ms), process.resume
    )
    assert seen(simulation, lambda: process.paused) == [True] * 6
    process.resume()
    assert not process.paused


def test_a_pause_of_a_life_that_is_over_does_not_wake_the_next_one() -> None:
    simulation = running("a")
    simulation.faults.pause("a", for_ms=2_000)
    simulation.processes["a"].crash()
    simulation.start("a")
    simulation.faults.pause("a")
    assert seen(simulation, lambda: simulation.processes["a"].paused) == [True] * 6


# --- brokers -------------------------------------------------------------------------------------


def test_p04_each_crash_of_a_broker_has_a_failover_of_its_own() -> None:
    simulation = running("a", brokers=2)
    broker = simulation.cluster.coordinator_of("g")
    assert broker is not None
    simulation.faults.crash(broker, failover_ms=3_000)
    simulation.run_for(1_000)
    simulation.faults.start(broker)
    simulation.run_for(1_000)
    assert simulation.cluster.coordinator_of("g") == broker
    simulation.faults.crash(broker, failover_ms=3_000)
    found = seen(simulation, lambda: simulation.cluster.coordinator_of("g"))
    assert found == [None] * 3 + [3 - broker] * 3


# --- as a scenario -------------------------------------------------------------------------------

STORY = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=2
members A B topics=orders session.timeout.ms=10000
start A B
run until stable
{faults}
run for 11s
show ownership
"""


@pytest.mark.parametrize(
    "faults",
    [
        "pause B for 3s\nrun for 2s\npause B for 12s",
        "isolate B for 3s\nrun for 2s\nisolate B for 12s only=requests",
        "disconnect B for 3s\nrun for 2s\ndisconnect B for 12s",
        "pause B for 3s\nresume B\nrun for 2s\npause B",
    ],
)
def test_h06_who_is_gone_for_longer_than_its_session_is_out_however_often_it_was_gone(
    faults: str,
) -> None:
    outcome = run_scenario(parse(STORY.format(faults=faults)))
    assert not outcome.violations
    owners = outcome.outputs[-1]
    assert not any(line == "orders: A 0, B 1" for line in owners), owners
