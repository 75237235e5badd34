"""What a script did is told of the group that it was done to, and every life has one lane."""

import pytest

from rebalance.simulation import parse, run_scenario
from rebalance.timeline.events import MemberStarted, Step
from rebalance.timeline.facts import facts_of
from rebalance.timeline.lanes import group_ids, read_groups
from rebalance.timeline.trace import Trace

TWO_GROUPS = """\
topic orders partitions=4
members A B group=one topics=orders
members X Y group=two topics=orders
start A B X Y
run until stable
listener A revoke=2s
restart Y away 3s
run until stable
log append=5ms for 1s
crash B
run until stable
stranger Z sends JoinGroup group=two
run for 1s
"""


def test_a_step_is_told_in_the_story_of_its_group_alone() -> None:
    trace = run_scenario(parse(TWO_GROUPS)).trace
    steps = {e.text: e.group_id for e in trace.events if isinstance(e, Step)}
    assert steps["Y is restarted"] == steps["Y is back"] == "two"
    assert steps["Z sends JoinGroup"] == "two"
    assert steps["B crashes"] == "one"
    told = {
        group.group_id: " ".join(aside.text for aside in facts_of(group).asides)
        for group in read_groups(trace)
    }
    assert "B crashes" in told["one"]
    assert "B crashes" not in told["two"]
    assert "Y" not in told["one"]
    everybody_s = [text for text, group_id in steps.items() if not group_id]
    assert len(everybody_s) == 1
    assert all(everybody_s[0] in words for words in told.values())


@pytest.mark.parametrize("static", ["yes", "no"])
def test_wherever_a_trace_ends_a_life_has_one_lane(static: str) -> None:
    """A static member is known to the coordinator before it knows its own id."""
    text = TWO_GROUPS.replace("group=two", "group=one").replace("stranger Z sends", "#")
    text = text.replace("topics=orders", f"topics=orders static={static}")
    trace = run_scenario(parse(text)).trace
    lives = 0
    for end, event in enumerate(trace.events, start=1):
        lives += isinstance(event, MemberStarted)
        for group in read_groups(Trace(trace.header, trace.events[:end])):
            assert len(group.lanes) == lives


def test_a_script_s_word_alone_makes_no_group() -> None:
    text = "stranger Z sends Heartbeat group=nowhere\nrun for 1s\n"
    trace = run_scenario(parse(TWO_GROUPS + text)).trace
    assert group_ids(trace) == ("one", "two")
    assert [group.group_id for group in read_groups(trace)] == ["one", "two"]
