"""Rebalances and their causes: the coordinator's word, a script's step, or unknown."""

from typing import Literal

import pytest

from rebalance.timeline.events import (
    Assigned,
    Event,
    GroupStateChanged,
    JoinCompleted,
    Joined,
    Joining,
    MemberJoined,
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    Partitions,
    RebalanceStarted,
    Revoked,
    Step,
)
from rebalance.timeline.lanes import read_group
from rebalance.timeline.metrics import measure
from rebalance.timeline.rebalances import Rebalance, find_rebalances
from rebalance.timeline.text import render_text
from rebalance.timeline.trace import Trace
from tests.timeline.stories import cooperative_scale_out, eager_churn, listeners_only
from tests.timeline.test_lanes import trace_of

G = "g"


def started(t: int, generation_id: int, cause: str, member_id: str = "") -> RebalanceStarted:
    return RebalanceStarted(
        t=t, group_id=G, generation_id=generation_id, cause=cause, member_id=member_id
    )


def state(t: int, name: str, generation_id: int) -> GroupStateChanged:
    return GroupStateChanged(t=t, group_id=G, previous="?", state=name, generation_id=generation_id)


def found(*events: Event) -> tuple[Rebalance, ...]:
    return find_rebalances(read_group(trace_of(*events), G))


def test_the_coordinator_s_word() -> None:
    all_ = find_rebalances(read_group(eager_churn(), "billing"))
    assert [
        (r.number, r.start_ms, r.time_to_stable_ms, r.generation_from, r.generation_to)
        for r in all_
    ] == [(1, 8, 3012, 0, 1), (2, 8008, 315, 1, 2), (3, 15004, 415, 2, 3), (4, 26000, 315, 3, 4)]
    assert [(r.cause, r.member, r.cause_source) for r in all_] == [
        ("member joined", "A", "coordinator"),
        ("member joined", "C", "coordinator"),
        ("member left", "B", "coordinator"),
        ("session expired", "C", "coordinator"),
    ]
    assert all_[0].joined == ("A", "B")


def test_one_that_never_completed_is_overtaken_and_one_change_with_the_next() -> None:
    first, second = found(
        started(0, 0, "member joined"),
        JoinCompleted(
            t=5, group_id=G, generation_id=1, protocol_name="range", leader="a", members=("a",)
        ),
        started(7, 1, "member joined"),
        state(20, "Stable", 2),
    )
    assert (first.outcome, first.end_ms, first.generation_to) == ("overtaken", None, 1)
    assert (second.outcome, second.end_ms, second.generation_to) == ("stable", 20, 2)
    assert first.change == second.change == 1


def test_one_that_is_not_over_when_the_trace_ends() -> None:
    (only,) = found(started(0, 0, "member joined"), Step(t=9, text="end"))
    assert (only.outcome, only.end_ms, only.generation_to) == ("unfinished", None, None)


def test_the_last_member_leaves_the_group_empty() -> None:
    (only,) = found(started(0, 4, "member left"), state(0, "Empty", 5))
    assert (only.outcome, only.time_to_stable_ms, only.generation_to) == ("empty", 0, 5)


def test_the_second_half_of_a_cooperative_change() -> None:
    all_ = find_rebalances(read_group(cooperative_scale_out(), "billing"))
    assert [r.change for r in all_] == [1, 2, 2, 3]


def test_states_alone_give_rebalances_without_a_cause() -> None:
    first, second = found(
        state(0, "PreparingRebalance", 3),
        state(4, "CompletingRebalance", 4),
        state(6, "Stable", 4),
        state(10, "PreparingRebalance", 4),
        state(15, "Stable", 5),
    )
    assert (first.start_ms, first.end_ms, first.generation_to, first.cause) == (0, 6, 4, "unknown")
    assert (second.generation_from, second.generation_to) == (4, 5)


def test_a_step_gives_a_cause_where_the_coordinator_has_none() -> None:
    (only,) = found(
        Step(t=0, text="add partitions", cause="metadata changed"),
        started(4, 1, "unknown"),
    )
    assert (only.cause, only.cause_source) == ("metadata changed", "script")


def test_a_step_never_overrules_the_coordinator_and_explains_one_rebalance_only() -> None:
    first, second = found(
        Step(t=0, text="add partitions", cause="metadata changed"),
        started(4, 1, "metadata changed"),
        state(5, "Stable", 2),
        started(8, 2, "unknown"),
    )
    assert (first.cause, first.cause_source) == ("metadata changed", "coordinator")
    assert (second.cause, second.cause_source) == ("unknown", "unknown")


def test_a_crash_keeps_its_step_while_others_come_and_go() -> None:
    first, second = found(
        Step(t=0, text="C is killed", cause="session expired"),
        Step(t=5, text="D starts", cause="member joined"),
        started(6, 1, "unknown"),
        state(9, "Stable", 2),
        started(30, 2, "unknown"),
    )
    assert (first.cause, second.cause) == ("member joined", "session expired")


def test_steps_without_a_cause_and_of_other_groups_explain_nothing() -> None:
    (only,) = found(
        Step(t=0, text="look away"),
        Step(t=0, text="C is killed", cause="session expired", group_id="other"),
        Step(t=0, text="Z starts", member="Z", cause="member joined"),
        started(4, 1, "unknown"),
    )
    assert only.cause == "unknown"


def test_members_that_joined_meanwhile_are_named_but_not_blamed() -> None:
    (only,) = found(
        MemberJoined(t=0, group_id=G, member_id="a-1", client_id="a"),
        started(0, 0, "member joined", "a-1"),
        MemberJoined(t=2, group_id=G, member_id="b-1", client_id="b"),
    )
    assert (only.member, only.joined) == ("a", ("a", "b"))


def test_listeners_alone_take_the_script_s_word_or_none() -> None:
    all_ = find_rebalances(read_group(listeners_only(), "billing"))
    assert [(r.cause, r.cause_source, r.seen_by) for r in all_] == [
        ("member joined", "script", "members"),
        ("member joined", "script", "members"),
        ("unknown", "unknown", "members"),
    ]
    assert all_[2].reason == "first seen: A gave up partitions"


def by_listeners(*, how: Literal["closed", "crashed"], cause: str) -> Trace:
    """A and B on a real cluster; A ends at 1.9 s, B notices at 2.235 s."""
    share: Partitions = {"t": (0, 1)}
    whole: Partitions = {"t": (0, 1, 2, 3)}
    rest: Partitions = {"t": (2, 3)}
    return trace_of(
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        MemberStarted(t=0, group_id=G, member="B", topics=("t",)),
        Joining(t=5, group_id=G, member="A"),
        Joining(t=5, group_id=G, member="B"),
        Joined(t=100, group_id=G, member="A", member_id="a", generation_id=1),
        Assigned(t=100, group_id=G, member="A", partitions=rest, generation_id=1),
        Joined(t=100, group_id=G, member="B", member_id="b", generation_id=1),
        Assigned(t=100, group_id=G, member="B", partitions=share, generation_id=1),
        Step(t=1_890, text="A ends", member="A", cause=cause),
        MemberStopped(t=1_900, group_id=G, member="A", how=how),
        Revoked(t=2_235, group_id=G, member="B", partitions=share),
        Joining(t=2_235, group_id=G, member="B", member_id="b"),
        Joined(t=2_244, group_id=G, member="B", member_id="b", generation_id=2),
        Assigned(t=2_245, group_id=G, member="B", partitions=whole, generation_id=2),
        Step(t=3_000, text="end"),
    )


def test_a_rebalance_that_a_script_caused_by_closing_a_member_begins_with_its_end() -> None:
    trace = by_listeners(how="closed", cause="member left")
    last = find_rebalances(read_group(trace, G))[-1]
    assert (last.start_ms, last.time_to_stable_ms, last.removed) == (1_900, 345, ("A",))
    assert "#2   1.900 s  +345 ms" in render_text(trace)


def test_after_a_crash_it_begins_when_a_survivor_moves_and_says_since_when_all_stood_still() -> (
    None
):
    trace = by_listeners(how="crashed", cause="session expired")
    group = read_group(trace, G)
    last = find_rebalances(group)[-1]
    assert (last.start_ms, last.time_to_stable_ms) == (2_235, 10)
    assert measure(group).per_rebalance[-1].unavailable_since_ms == 1_900
    assert "unavailable 710 partition-ms since 1.900 s" in render_text(trace)


def test_who_caused_it_by_coming_or_going_is_among_those_who_came_or_went() -> None:
    first, second = found(
        MemberJoined(t=0, group_id=G, member_id="a-1", client_id="a"),
        started(1, 0, "member joined", "a-1"),
        state(5, "Stable", 1),
        MemberRemoved(t=10, group_id=G, member_id="a-1", cause="session expired"),
        started(11, 1, "session expired", "a-1"),
    )
    assert (first.joined, first.removed) == (("a",), ())
    assert (second.joined, second.removed) == ((), ("a",))


def test_members_that_came_before_do_not_join_a_later_rebalance() -> None:
    _, second = found(
        started(0, 0, "member joined"),
        state(5, "Stable", 1),
        MemberJoined(t=8, group_id=G, member_id="a-2", client_id="a", group_instance_id="pod"),
        started(10, 1, "metadata changed"),
    )
    assert second.joined == ()


def test_a_step_of_long_ago_explains_nothing() -> None:
    late, in_time = (
        found(
            MemberStarted(t=0, group_id=G, member="C", session_timeout_ms=6_000),
            Step(t=0, text="C is killed", member="C", cause="session expired"),
            started(t, 1, "unknown"),
        )[0]
        for t in (12_001, 12_000)
    )
    assert (late.cause, in_time.cause) == ("unknown", "session expired")


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("rebalance enforced by the user", "unknown"),
        ("Heartbeat answered REBALANCE_IN_PROGRESS", "session expired"),
        ("", "session expired"),
    ],
)
def test_a_member_s_own_reason_stands_above_a_step_about_another(words: str, cause: str) -> None:
    last = found(
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        MemberStarted(t=0, group_id=G, member="B", topics=("t",)),
        Step(t=10, text="B is killed", cause="session expired", member="B"),
        Joining(t=5_000, group_id=G, member="A", member_id="a", reason=words),
        Joined(t=5_010, group_id=G, member="A", member_id="a", generation_id=2),
    )[-1]
    assert last.cause == cause
    assert last.reason.startswith("first seen: A ")


def test_a_step_about_another_does_not_explain_what_the_coordinator_heard_from_a_member() -> None:
    """C was killed, and B joins again of its own will before anybody misses C."""
    for member, cause in (("b-1", "unknown"), ("c-1", "session expired")):
        last = found(
            MemberStarted(t=0, group_id=G, member="B", session_timeout_ms=30_000),
            MemberStarted(t=0, group_id=G, member="C", session_timeout_ms=30_000),
            Joined(t=1, group_id=G, member="B", member_id="b-1", generation_id=1),
            Joined(t=1, group_id=G, member="C", member_id="c-1", generation_id=1),
            Step(t=6_000, text="C crashes", member="C", cause="session expired"),
            RebalanceStarted(
                t=8_000,
                group_id=G,
                generation_id=1,
                cause="unknown",
                member_id=member,
                reason="rebalance enforced by the user",
            ),
        )[-1]
        assert last.cause == cause


def test_who_is_busy_leaves_when_its_poll_interval_is_over_and_not_before() -> None:
    def cause(begins: int, limit: int | None) -> str:
        (only,) = found(
            MemberStarted(t=0, group_id=G, member="A", rebalance_timeout_ms=limit),
            Step(t=1_000, text="A is busy", member="A", cause="poll interval exceeded"),
            state(begins, "PreparingRebalance", 1),
            state(begins + 100, "Stable", 2),
        )
        return only.cause

    assert cause(20_000, 300_000) == cause(20_000, None) == "unknown"
    assert cause(20_000, 18_000) == cause(301_010, None) == "poll interval exceeded"
    assert cause(360_000, 300_000) == "unknown"
