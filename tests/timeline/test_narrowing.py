"""Narrowed to members and topics, cut to a window: what is left is right, what is gone is gone."""

import pytest

from rebalance.timeline.cutting import around, cut, since
from rebalance.timeline.events import Header, MemberStarted, TopicKnown
from rebalance.timeline.lanes import read_group
from rebalance.timeline.model import GroupModel, models
from rebalance.timeline.narrowing import ALL, Narrowing, UnknownNameError, narrowed, shown_lanes
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace
from tests.timeline.stories import Story, cooperative_scale_out, eager_churn, split


def two_topics() -> Trace:
    """Orders for A and B; the second story's member has payments."""
    story = Story(partitions=4)
    story.topic_known()
    story.start(0, "A", "B")
    story.begin(8, "member joined", "A")
    story.complete(1_000, split(["A", "B"], 4))
    story.topic = "payments"
    story.topic_known(2_000)
    story.owned = {"A": (), "B": ()}
    story.complete(3_000, {"A": (0,), "B": ()})
    return story.trace(until=5_000)


def test_nothing_asked_is_all() -> None:
    group = read_group(eager_churn(), "billing")
    assert narrowed(group, ALL) == group
    assert shown_lanes(group, ALL) == group.lanes


def test_a_member_s_partitions_are_those_that_it_ever_had() -> None:
    (model,) = models(eager_churn(), by=Narrowing(members=("C",)))
    assert [member.name for member in model.members if member.shown] == ["C"]
    assert {id_ for lane in model.partitions for id_ in lane.partitions} == set(range(6, 12))
    owners = {owner for lane in model.partitions for run in lane.runs for owner in run.owners}
    assert owners == {0, 1, 2}, "whom it had them from stays known"


@pytest.mark.parametrize("name", ["C", "C-1", "[C]", "C*"])
def test_a_member_is_named_by_lane_id_or_pattern(name: str) -> None:
    group = read_group(eager_churn(), "billing")
    assert [lane.name for lane in shown_lanes(group, Narrowing(members=(name,)))] == ["C"]


def test_a_topic_s_members_are_those_that_have_to_do_with_it() -> None:
    (model,) = models(two_topics(), by=Narrowing(topics=("pay*",)))
    assert [member.name for member in model.members if member.shown] == ["A"]
    assert {lane.topic for lane in model.partitions} == {"payments"}
    assert model.metrics["member_view"]["partitions"] == 1


def test_what_is_not_known_is_said_with_what_is() -> None:
    group = read_group(eager_churn(), "billing")
    with pytest.raises(UnknownNameError, match="no member 'Z' in group billing; it has: A, B, C"):
        narrowed(group, Narrowing(members=("A", "Z")))
    with pytest.raises(UnknownNameError, match="no topic 'x' in group billing; it has: orders"):
        shown_lanes(group, Narrowing(topics=("x",)))


def window(from_ms: int, to_ms: int) -> GroupModel:
    (model,) = models(eager_churn())
    return cut(model, from_ms, to_ms)


def test_a_window_holds_what_touches_it_and_cuts_what_goes_beyond() -> None:
    model = window(14_000, 17_000)
    assert (model.start_ms, model.end_ms) == (14_000, 17_000)
    runs = [run for lane in model.partitions for run in lane.runs]
    assert min(run.start_ms for run in runs) == 14_000
    assert max(run.end_ms for run in runs) == 17_000
    assert [entry.number for entry in model.rebalances] == [3]
    assert model.states[0] == (14_000, "Stable")
    assert all(14_000 <= t <= 17_000 for lane in model.partitions for t, _, _ in lane.moves)


def test_a_window_before_or_behind_the_trace_is_its_start_or_end() -> None:
    (model,) = models(eager_churn())
    assert cut(model, None, None) is model
    assert cut(model, 0, 99_000) is model
    with pytest.raises(ValueError, match=r"nothing to draw from 40.000 s on; the trace goes from"):
        cut(model, 40_000, None)
    with pytest.raises(ValueError, match=r"nothing to draw from 9.000 s to 8.000 s"):
        cut(model, 9_000, 8_000)


def test_a_close_up_has_a_margin() -> None:
    (model,) = models(cooperative_scale_out())
    entry = model.rebalances[2]
    close = around(model, 3)
    assert close.start_ms < entry.start_ms
    assert entry.until_ms < close.end_ms
    with pytest.raises(ValueError, match="no rebalance 9 of group 'billing'; it has 1 to"):
        around(model, 9)


def two_groups() -> Trace:
    """`billing` with A, B, C and orders, and a group in which Z reads payments."""
    events = [
        TopicKnown(t=0, topic="payments", partitions=2),
        MemberStarted(t=1, group_id="other", member="Z", topics=("payments",)),
        *eager_churn().events,
    ]
    return Trace(Header(source="test"), sorted(events, key=lambda event: event.t))


@pytest.mark.parametrize(
    ("by", "left"),
    [
        (Narrowing(members=("Z",)), ["other"]),
        (Narrowing(members=("A", "Z")), ["billing", "other"]),
        (Narrowing(topics=("orders",)), ["billing"]),
        (Narrowing(topics=("*",)), ["billing", "other"]),
        (ALL, ["billing", "other"]),
    ],
)
def test_of_several_groups_those_are_left_that_know_it(by: Narrowing, left: list[str]) -> None:
    assert [model.group_id for model in models(two_groups(), by=by)] == left
    picture = render_text(two_groups(), options=TextOptions(only=by))
    assert [name for name in ("billing", "other") if f"{name}: " in picture] == left


def test_what_no_group_knows_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no member 'X' in groups billing, other; they have"):
        models(two_groups(), by=Narrowing(members=("A", "X")))
    with pytest.raises(UnknownNameError, match="no topic 'x' in groups billing, other; they have"):
        models(two_groups(), by=Narrowing(topics=("x",)))
    with pytest.raises(UnknownNameError, match="no group knows both"):
        models(two_groups(), by=Narrowing(members=("Z",), topics=("orders",)))


def test_since_a_moment_all_is_told_as_if_it_were_the_first() -> None:
    (whole,) = models(cooperative_scale_out())
    at = whole.rebalances[1].start_ms - 100
    part = since(whole, at)
    assert (part.start_ms, part.end_ms) == (0, whole.end_ms - at)
    assert [entry.number for entry in part.rebalances] == [1, 2, 3]
    assert part.rebalances[0].start_ms == 100
    assert part.rebalances[0].stages[0].start_ms == 100
    for lane, before in zip(part.partitions, cut(whole, at, None).partitions, strict=True):
        assert [run.start_ms + at for run in lane.runs] == [run.start_ms for run in before.runs]
        assert [t + at for t, *_ in lane.moves] == [t for t, *_ in before.moves]
