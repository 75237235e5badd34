"""Lanes: whose life is whose, and how a member id finds its name."""

import pytest

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    AssignorReplaced,
    Event,
    Header,
    Joined,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    Step,
)
from rebalance.timeline.lanes import UnknownGroupError, group_ids, read_group
from rebalance.timeline.spans import Span
from rebalance.timeline.text import render_text
from rebalance.timeline.trace import Trace
from tests.timeline.stories import eager_churn


def trace_of(*events: Event) -> Trace:
    trace = Trace(Header(source="test"))
    for event in events:
        trace.add(event)
    return trace


def added(t: int, member_id: str, client_id: str, instance: str | None = None) -> MemberJoined:
    return MemberJoined(
        t=t, group_id="g", member_id=member_id, client_id=client_id, group_instance_id=instance
    )


def test_groups_are_listed_in_order_of_appearance() -> None:
    trace = trace_of(
        MemberStarted(t=0, group_id="b", member="A"), MemberStarted(t=1, group_id="a", member="B")
    )
    assert group_ids(trace) == ("b", "a")
    with pytest.raises(UnknownGroupError, match="no group 'c' in this trace; it has: b, a"):
        read_group(trace, "c")


def test_an_id_has_the_name_that_its_member_gives_itself() -> None:
    group = read_group(
        trace_of(
            added(0, "client-1-uuid", "client-1"),
            Joined(t=5, group_id="g", member="A", member_id="client-1-uuid", generation_id=1),
        ),
        "g",
    )
    (lane,) = group.lanes
    assert (lane.name, lane.member_ids, lane.client_id) == ("A", ("client-1-uuid",), "client-1")
    assert lane.counted == (Span(0, 5),)


def test_an_id_without_a_member_is_named_by_what_is_known_and_free() -> None:
    group = read_group(
        trace_of(
            added(0, "app-0a1b2c", "app"),
            added(1, "app-3d4e5f", "app"),
            added(2, "app-6f7a8b", "app", "pod-7"),
            AssignmentSent(t=3, group_id="g", generation_id=1, member_id="x", partitions={}),
        ),
        "g",
    )
    assert [lane.name for lane in group.lanes] == ["app", "app-3d4e", "pod-7", "x"]


def test_a_life_goes_from_the_first_word_to_the_end() -> None:
    group = read_group(eager_churn(), "billing")
    a, b, c = group.lanes
    assert a.alive == (Span(0, 32_000),)
    assert b.alive == (Span(0, 15_005),)
    assert c.alive == (Span(8_000, 20_000),)
    assert c.counted == (Span(8_008, 26_000),)
    assert [mark.kind for mark in c.marks] == ["started", "crashed", "removed"]


def test_what_comes_after_the_end_wakes_nobody() -> None:
    group = read_group(
        trace_of(
            Assigned(t=0, group_id="g", member="A", partitions={"t": (0,)}),
            MemberFailed(t=4, group_id="g", member="A", error="FENCED_INSTANCE_ID"),
            Lost(t=5, group_id="g", member="A", partitions={"t": (0,)}),
            MemberStopped(t=6, group_id="g", member="A", how="closed"),
            Step(t=9, text="end"),
        ),
        "g",
    )
    (lane,) = group.lanes
    assert lane.alive == (Span(0, 4),)
    assert [mark.kind for mark in lane.marks] == ["failed", "lost"]


def test_a_removal_of_an_unknown_id_is_no_reason_to_stop() -> None:
    group = read_group(
        trace_of(MemberRemoved(t=0, group_id="g", member_id="ghost", cause="member left")), "g"
    )
    assert [lane.name for lane in group.lanes] == ["ghost"]
    assert group.member is None
    assert group.coordinator is None


def test_a_lane_may_come_back_under_a_new_id_while_the_old_one_is_counted() -> None:
    group = read_group(
        trace_of(
            added(0, "b-1", "b"),
            Joined(t=1, group_id="g", member="B", member_id="b-1", generation_id=1),
            MemberStopped(t=10, group_id="g", member="B", how="crashed"),
            MemberStarted(t=15, group_id="g", member="B"),
            added(16, "b-2", "b"),
            Joined(t=17, group_id="g", member="B", member_id="b-2", generation_id=2),
            MemberRemoved(t=20, group_id="g", member_id="b-1", cause="session expired"),
            Step(t=30, text="end"),
        ),
        "g",
    )
    (lane,) = group.lanes
    assert lane.alive == (Span(1, 10), Span(15, 30))
    assert lane.counted == (Span(0, 30),)
    assert lane.member_ids == ("b-1", "b-2")


def test_an_assignor_that_was_replaced_is_in_the_story() -> None:
    trace = trace_of(
        MemberStarted(t=0, group_id="g", member="A", topics=("t",)),
        AssignorReplaced(
            t=40, group_id="g", member="A", assignor="mine", replaced_by="sticky", reason="late"
        ),
    )
    (lane,) = read_group(trace, "g").lanes
    assert [(mark.kind, mark.text) for mark in lane.marks if mark.t == 40] == [
        ("assignor", "mine replaced by sticky")
    ]
    assert "A assignor mine replaced by sticky" in render_text(trace)
