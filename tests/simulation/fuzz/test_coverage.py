"""What was reached is counted as it happens, and by how many seeds."""

from rebalance.simulation import parse, run_scenario
from rebalance.simulation.fuzz.batch import Batch, play_batch
from rebalance.simulation.fuzz.coverage import reached
from rebalance.simulation.fuzz.generator import written
from rebalance.timeline.trace import GroupStateChanged

STORY = """\
topic orders partitions=2
members A topics=orders
start A
run until stable
"""
REBALANCES = ("group", "Stable", "PreparingRebalance")


def test_g01_what_happens_while_all_come_to_rest_counts_although_no_trace_has_it() -> None:
    simulation = run_scenario(parse(STORY)).simulation
    traced = [
        (event.previous, event.state)
        for event in simulation.trace.events
        if isinstance(event, GroupStateChanged)
    ]
    assert REBALANCES[1:] not in traced
    assert reached(simulation)[REBALANCES] >= 1


def test_every_fault_and_client_of_a_story_is_counted() -> None:
    batch = play_batch([3])
    story = written(3)
    assert story.faults
    for name, times in story.faults.items():
        assert batch.reached["fault", name, "happens"] == times
        assert batch.reached_in["fault", name, "happens"] == 1
    clients = {each.client for each in story.consumers.values()}
    assert all(batch.reached["client", client, "is there"] for client in clients)


def test_times_and_seeds_are_counted_apart_and_kept() -> None:
    one, two = play_batch([0]), play_batch([0, 1])
    assert one.reached[REBALANCES] > one.reached_in[REBALANCES] == 1
    assert two.reached_in[REBALANCES] == 2
    assert Batch.from_json(two.to_json()) == two
