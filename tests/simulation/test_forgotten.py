"""Offsets that end: their topic is deleted (O08), nobody came for a week (O05), or it never was."""

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetCommitRequest, OffsetToCommit
from rebalance.protocol.responses import OffsetCommitResponse
from rebalance.simulation import Simulation, parse, run_scenario

HERE = TopicPartition("t", 0)


FORGOTTEN = """
set group.initial.rebalance.delay.ms=0 offsets.retention.minutes=10080
topic orders partitions=2
produce orders rate=10
members A topics=orders assignors=range commit=1s
start A
run for 10s
close A
run until stable
clock broker jumps 170h
run for 11m
start A
run for 20s
"""


def test_o05_who_comes_back_after_a_week_reads_everything_again() -> None:
    outcome = run_scenario(parse(FORGOTTEN))
    assert outcome.violations == ()
    simulation = outcome.simulation
    assert simulation.checkers.records.counts("g").duplicates > 100
    assert simulation.checkers.records.counts("g").gaps == 0


DELETED = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=2
produce orders rate=10
members A topics=orders assignors=range commit=1s metadata.max.age.ms=20000
start A
run for 9900ms
{before}
partitions orders 0
{between}
partitions orders 2
produce orders rate=10
run for 10s
"""


@pytest.mark.parametrize("before", ["", "pause A", "crash A", "network delay=600ms"])
@pytest.mark.parametrize("between", ["", "run for 5s"])
@pytest.mark.parametrize("log", ["", "log fail=1\n", "log append=500ms\n"])
def test_o08_a_new_topic_is_read_from_its_beginning(before: str, between: str, log: str) -> None:
    end = {"pause A": "resume A\nrun for 5s\n", "crash A": "start A\nrun for 5s\n"}
    text = DELETED.format(before=log + before, between=between) + end.get(before, "")
    assert [str(each) for each in run_scenario(parse(text)).violations] == []


def test_o03_and_o09_a_commit_to_what_does_not_exist_reaches_no_coordinator() -> None:
    simulation = Simulation(seed=3)
    simulation.topic("t", 4)
    stranger = simulation.stranger()
    here, gone = (
        OffsetToCommit(partition=HERE, offset=3),
        OffsetToCommit(partition=TopicPartition("u", 0), offset=4),
    )
    for group_id, offsets in (("h", (here, gone)), ("i", (gone,))):
        stranger.send(
            OffsetCommitRequest(group_id=group_id, generation_id=-1, member_id="", offsets=offsets)
        )
    simulation.run_for(1000)
    both, one = (each.answer for each in stranger.exchanges)
    assert isinstance(both, OffsetCommitResponse)
    assert isinstance(one, OffsetCommitResponse)
    missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert [each.error for each in both.partitions] == [ErrorCode.NONE, missing]
    assert [each.error for each in one.partitions] == [missing]
    assert simulation.offsets["h", HERE] == 3
    assert simulation.cluster.group("i") is None
