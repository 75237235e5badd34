"""The headline: what a group cost altogether, from a moment on, and what is still to come."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.cutting import around, cut, since
from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    Header,
    Joined,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    Revoked,
    Step,
    Subscribed,
    TopicKnown,
    TraceEnded,
)
from rebalance.timeline.facts import Facts, facts_of
from rebalance.timeline.lanes import read_group, read_groups
from rebalance.timeline.model import DESERTED, group_model
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace
from tests.timeline.stories import eager_churn, zombie
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, G, _traces


def told(events: list[Event], since_ms: int = 0) -> Facts:
    trace = Trace(Header(source="test"), sorted(events, key=lambda event: event.t))
    return facts_of(read_group(trace, G), since_ms=since_ms)


def life(name: str, topic: str, start: int, end: int, how: str = "closed") -> list[Event]:
    """It owns partition 0 of its topic from 100 ms after its start on."""
    owned = {topic: (0,)}
    return [
        MemberStarted(t=start, group_id=G, member=name, topics=(topic,)),
        Assigned(t=start + 100, group_id=G, member=name, partitions=owned),
        MemberStopped(t=end, group_id=G, member=name, how=how),  # type: ignore[arg-type]
    ]


@settings(max_examples=150, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)), st.integers(0, 60))
def test_rebalances_never_cost_more_than_the_headline(trace: Trace, since_ms: int) -> None:
    for group in read_groups(trace):
        facts = facts_of(group, since_ms=min(since_ms, group.end_ms))
        head = facts.headline
        lost = sum(entry.unavailable_partition_ms for entry in facts.rebalances)
        moved = sum(entry.partitions_moved for entry in facts.rebalances)
        assert lost + head.unavailable_outside_partition_ms == head.unavailable_partition_ms
        assert moved + head.moved_outside == head.partitions_moved
        assert head.unavailable_outside_partition_ms >= 0 <= head.moved_outside


def test_a_gap_that_began_before_is_charged_from_there_on() -> None:
    events = [TopicKnown(t=0, topic="t", partitions=1), *life("A", "t", 0, 9_000)]
    events += [
        Revoked(t=1_000, group_id=G, member="A", partitions={"t": (0,)}),
        Assigned(t=5_000, group_id=G, member="A", partitions={"t": (0,)}),
    ]
    facts = told(events, since_ms=4_000)
    (entry, *_) = [e for e in facts.rebalances if e.unavailable_partition_ms]
    assert entry.unavailable_partition_ms == facts.headline.unavailable_partition_ms == 1_000
    assert entry.unavailable_since_ms == 4_000
    assert facts.headline.longest_unavailable_ms == 1_000
    assert facts.headline.duration_ms == 5_000


def test_an_outage_of_one_topic_costs_while_others_live() -> None:
    events = [
        *life("A", "orders", 0, 2_000),
        *life("B", "pay", 0, 9_000),
        *life("A2", "orders", 6_000, 9_000),
    ]
    facts = told(events)
    assert facts.headline.deserted_partition_ms == 4_000
    assert told(events, since_ms=5_000).headline.deserted_partition_ms == 1_000
    assert "nobody alive 4,000 partition-ms" in [fact.words for fact in facts.headline.costs()]
    model = group_model(read_group(Trace(Header(source="test"), events), G))
    (orders, pay) = model.partitions
    assert [(r.start_ms, r.end_ms) for r in orders.runs if r.who == DESERTED] == [(2_000, 6_000)]
    assert not any(run.deserted for run in pay.runs)


@pytest.mark.parametrize("how", ["crashed", "closed"])
def test_an_outage_from_which_nobody_returns_costs_unless_the_last_one_closed(how: str) -> None:
    events = [*life("A", "orders", 0, 2_000, how), *life("B", "pay", 0, 9_000)]
    head = told(events).headline
    assert head.deserted_partition_ms == (7_000 if how == "crashed" else 0)
    waits = "1 partition without owner" in head.to_come
    assert waits == (how == "crashed")


def test_the_crash_of_one_that_had_turned_away_or_was_not_the_last_is_no_outage() -> None:
    turned: list[Event] = [
        TopicKnown(t=0, topic="pay", partitions=1),
        *life("A", "orders", 0, 4_000, "crashed"),
        Subscribed(t=2_000, group_id=G, member="A", topics=("pay",)),
        *life("B", "orders", 0, 3_000),
        TraceEnded(t=9_000),
    ]
    turned.sort(key=lambda event: event.t)
    model = group_model(read_group(Trace(Header(source="test"), turned), G))
    found = {lane.topic: any(run.deserted for run in lane.runs) for lane in model.partitions}
    assert found == {"orders": False, "pay": True}


def test_a_topic_that_is_deleted_after_its_last_consumer_crashed_is_over() -> None:
    events: list[Event] = [
        TopicKnown(t=0, topic="orders", partitions=1),
        *life("A", "orders", 0, 2_000, "crashed"),
        TopicKnown(t=5_000, topic="orders", partitions=0),
        TopicKnown(t=7_000, topic="orders", partitions=1),
        TraceEnded(t=9_000),
    ]
    head = told(events).headline
    assert head.deserted_partition_ms == 3_000
    assert head.to_come == ()


@pytest.mark.parametrize("cause", ["session expired", "member left"])
def test_the_coordinator_alone_tells_an_outage_by_whom_it_gave_up(cause: str) -> None:
    events: list[Event] = [
        MemberJoined(t=0, group_id=G, member_id="m", client_id="c"),
        AssignmentSent(t=100, group_id=G, member_id="m", generation_id=1, partitions={"t": (0, 1)}),
        MemberRemoved(t=1_000, group_id=G, member_id="m", cause=cause),
        TraceEnded(t=5_000),
    ]
    lost = told(events).headline.deserted_partition_ms
    assert lost == (2 * 4_000 if cause == "session expired" else 0)


def test_a_static_member_that_closed_is_not_lost_when_its_session_expires() -> None:
    events: list[Event] = [
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        MemberJoined(t=0, group_id=G, member_id="m", client_id="c", group_instance_id="i"),
        Joined(t=50, group_id=G, member="A", member_id="m", generation_id=1),
        AssignmentSent(t=100, group_id=G, member_id="m", generation_id=1, partitions={"t": (0,)}),
        MemberStopped(t=1_000, group_id=G, member="A", how="closed"),
        MemberRemoved(t=3_000, group_id=G, member_id="m", cause="session expired"),
        TraceEnded(t=5_000),
    ]
    view = read_group(Trace(Header(source="test"), events), G).coordinator
    assert view is not None
    assert view.deserted == {}


def test_a_topic_that_its_members_turned_away_from_is_not_deserted() -> None:
    events = [
        *life("A", "orders", 0, 9_000),
        Subscribed(t=2_000, group_id=G, member="A", topics=("pay",)),
        Subscribed(t=6_000, group_id=G, member="A", topics=("orders",)),
    ]
    assert told(events).headline.deserted_partition_ms == 0


TO_COME = [
    (
        [
            MemberStarted(t=0, group_id=G, member="A", topics=("t",), rebalance_timeout_ms=300_000),
            Step(t=1_000, text="A is busy", member="A", cause="poll interval exceeded"),
        ],
        200_000,
        ("A busy beyond max.poll.interval.ms",),
    ),
    (
        [*life("A", "t", 0, 3_000), MemberStarted(t=1, group_id=G, member="B", topics=("t",))],
        3_500,
        ("1 partition without owner",),
    ),
    (life("A", "t", 0, 3_000), 5_000, ()),
    (
        [*life("A", "t", 0, 9_000), MemberPaused(t=2_000, group_id=G, member="A")],
        5_000,
        ("A standing still",),
    ),
    (
        [
            *life("A", "t", 0, 5_000),
            MemberPaused(t=2_000, group_id=G, member="A"),
            MemberResumed(t=3_000, group_id=G, member="A"),
        ],
        4_000,
        (),
    ),
    (
        [
            MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
            MemberJoined(t=0, group_id=G, member_id="m", client_id="c"),
            Joined(t=50, group_id=G, member="A", member_id="m", generation_id=1),
            MemberPaused(t=100, group_id=G, member="A"),
            MemberRemoved(t=2_000, group_id=G, member_id="m", cause="session expired"),
        ],
        5_000,
        (),
    ),
]


@pytest.mark.parametrize(("events", "end", "expected"), TO_COME)
def test_what_the_end_cuts_off_is_still_to_come(
    events: list[Event], end: int, expected: tuple[str, ...]
) -> None:
    head = told([*events, TraceEnded(t=end)]).headline
    assert head.to_come == expected
    costs = {fact.words: fact.wrong for fact in head.costs()}
    assert all(costs[f"still to come: {words}"] for words in expected)


def test_what_is_got_at_the_very_end_is_not_missing() -> None:
    events: list[Event] = [
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        Assigned(t=500, group_id=G, member="A", partitions={"t": (0,)}),
    ]
    assert told([TopicKnown(t=0, topic="t", partitions=1), *events]).headline.to_come == ()


def test_a_crash_that_nobody_noticed_is_still_to_come() -> None:
    crash = [event for event in eager_churn().events if event.t < 24_000]
    (group,) = read_groups(Trace(eager_churn().header, [*crash, TraceEnded(t=24_000)]))
    assert "C gone, not noticed yet" in facts_of(group).headline.to_come


def test_text_model_and_json_tell_one_headline() -> None:
    trace = zombie()
    (group,) = read_groups(trace)
    words = facts_of(group).headline.to_dict()
    assert group_model(group).to_dict()["headline"] == words
    text = render_text(trace, options=TextOptions(width=200))
    for fact, wrong in words["costs"]:
        assert fact in text
        assert wrong == fact.startswith("zombie")
    assert all(fact in text for fact in (*words["extent"], *words["origin"]))


def test_measured_from_is_said_where_the_whole_is_drawn() -> None:
    (group,) = read_groups(eager_churn())
    assert "measured from 14.000 s on" in facts_of(group, since_ms=14_000).headline.extent()
    moved = since(group_model(group, since_ms=14_000), 14_000)
    assert not [words for words in moved.headline.extent() if "measured" in words]
    assert moved.headline.rebalances == 2 == len(moved.rebalances)


WHOLE = "numbers of the whole trace"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (TextOptions(width=200), False),
        (TextOptions(width=200, from_ms=0), False),
        (TextOptions(width=200, from_ms=14_000), True),
        (TextOptions(width=200, to_ms=14_000), True),
        (TextOptions(width=200, rebalance=3), True),
        (TextOptions(width=200, from_ms=14_000, since_ms=14_000), False),
    ],
)
def test_a_cut_picture_says_that_its_numbers_are_of_the_whole(
    window: TextOptions, said: bool
) -> None:
    head = render_text(eager_churn(), options=window).split("\n\n")[0]
    assert (WHOLE in head) == said


def test_a_cut_model_says_that_its_numbers_are_of_the_whole() -> None:
    (group,) = read_groups(eager_churn())
    model = group_model(group)
    assert WHOLE not in model.headline.extent()
    assert WHOLE not in cut(model, None, None).headline.extent()
    assert WHOLE in cut(model, 14_000, None).headline.extent()
    assert WHOLE in around(model, 3).headline.extent()
    measured = group_model(group, since_ms=14_000)
    assert WHOLE not in since(measured, 14_000).headline.extent()


@pytest.mark.parametrize("width", [80, 200])
def test_a_headline_fits_and_colour_only_repeats(width: int) -> None:
    unfinished = [event for event in zombie().events if event.t < 10_000]
    trace = Trace(zombie().header, unfinished)
    plain = render_text(trace, options=TextOptions(width=width, since_ms=5_000))
    painted = render_text(trace, options=TextOptions(width=width, since_ms=5_000, color=True))
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain
    head = plain.split("\n\n")[0]
    assert all(len(line) <= width for line in head.splitlines())
    words = " ".join(head.split())
    for fact in ("measured from 5.000 s on", "zombie 954", "traced by story · virtual time"):
        assert fact in words
    assert len(head.splitlines()) == (5 if width == 80 else 3)
