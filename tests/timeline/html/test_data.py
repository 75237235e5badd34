"""What the page is told can be read back, and is what the model says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rebalance.timeline.events import (
    CommitRefused,
    Event,
    Header,
    MemberPaused,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    RequestAnswered,
    RequestSent,
)
from rebalance.timeline.html.budget import STATES, Budget
from rebalance.timeline.html.data import group_data
from rebalance.timeline.html.partitions import DOUBLE, NOBODY, NOTHING, OWNED, ZOMBIE
from rebalance.timeline.html.told import MARKS
from rebalance.timeline.html.told import told as all_told
from rebalance.timeline.lanes import read_group
from rebalance.timeline.model import GroupModel, Run, StateSpan, group_model, models
from rebalance.timeline.trace import Trace
from tests.timeline import stories

STORIES = (
    stories.eager_churn(),
    stories.cooperative_scale_out(),
    stories.outage(),
    stories.zombie(),
)
SMALL = Budget(runs=200, states=100, events=50, rebalances=3, members=4, lanes=5, asides=2)


def _model(trace: Trace) -> GroupModel:
    (model,) = models(trace)
    return model


Piece = tuple[int, int, Any]


def _pieces(flat: list[int], values: list[Any]) -> Iterator[Piece]:
    t = 0
    for wait, length, index in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        yield t + wait, t + wait + length, values[index]
        t += wait + length


def _expected(run: Run) -> Piece:
    """Kind, first owner, all owners and zombies."""
    all_ = [*run.owners, *run.zombies]
    kind = NOBODY if run.unowned else NOTHING
    if run.owners:
        kind = OWNED
    if run.zombies:
        kind = ZOMBIE
    if len(run.owners) > 1:
        kind = DOUBLE
    return run.start_ms, run.end_ms, (kind, all_[0] if run.owners else -1, all_)


def _lanes(data: dict[str, Any]) -> dict[tuple[str, int], list[Piece]]:
    owners = [tuple(each[:3]) for each in data["owners"]]
    result: dict[tuple[str, int], list[Piece]] = {}
    for lane in data["lanes"]:
        for topic, *ranges in lane["of"]:
            for first, count in zip(ranges[::2], ranges[1::2], strict=True):
                for id_ in range(first, first + count):
                    where = data["topics"][topic]["name"], id_
                    result[where] = list(_pieces(lane["runs"], owners))
    return result


@pytest.mark.parametrize("trace", STORIES)
def test_every_partition_and_member_is_told_as_the_model_has_it(trace: Trace) -> None:
    model = _model(trace)
    data = group_data(model, Budget())
    expected = {
        (p.topic, id_): [_expected(run) for run in p.runs]
        for p in model.partitions
        for id_ in p.partitions
    }
    assert _lanes(data) == expected
    for member, told in zip(model.members, data["members"], strict=True):
        states = [
            StateSpan(start, end, STATES[rank], owned)  # type: ignore[arg-type]
            for start, end, (rank, owned, _) in _pieces(told["states"], data["states"])
        ]
        assert tuple(states) == member.states
    assert data["left_out"] == {}
    assert data["step_ms"] == 0


def _rows(flat: list[int], width: int) -> Iterator[tuple[int, ...]]:
    return zip(*(flat[i::width] for i in range(width)), strict=True)


def test_events_stand_beside_their_members_and_say_in_which_generation() -> None:
    lanes = read_group(stories.eager_churn(), "billing")
    data = group_data(group_model(lanes), Budget(), lanes)
    t, told = 0, []
    for wait, _, text, member, mark in _rows(data["events"], 5):
        t += wait
        told.append((t, data["members"][member]["name"], data["texts"][text], MARKS[mark]))
    assert (3_023, "A", "assigned, generation 1", "") in told
    assert (3_023, "A", "in the generation, generation 1", "") in told
    assert (20_000, "C", "stopped", "") in told
    assert (20_000, "C", "", "cross") in told
    assert not any("is killed" in text for _, _, text, _ in told), "a step is no member's event"


def test_what_is_beyond_the_budget_is_counted_and_the_numbers_stay() -> None:
    lanes = read_group(stories.rolling_restart(6, 24), "payments")
    model = group_model(lanes)
    data = group_data(model, SMALL, lanes)
    assert len(data["members"]) == 4
    assert data["left_out"]["members"] == len(model.members) - 4
    assert data["left_out"]["rebalances"] == len(model.rebalances) - 3
    costs = [r["unavailable_partition_ms"] for r in data["rebalances"]]
    assert min(costs) >= sorted(r.unavailable_partition_ms for r in model.rebalances)[-3]
    assert [r["number"] for r in data["rebalances"]] == sorted(
        r["number"] for r in data["rebalances"]
    )
    shown = sum(sum(of[2::2]) for lane in data["lanes"] for of in lane["of"])
    assert shown + data["left_out"].get("partitions", 0) == 24
    assert len(data["events"]) == 5 * 50
    assert data["step_ms"] > 0
    assert set(data["costs"]) == {fact.words for fact in model.headline.costs()}


def test_a_member_that_was_left_out_is_still_an_owner() -> None:
    data = group_data(_model(stories.rolling_restart(6, 24)), SMALL)
    owners = {member for _, _, members, _ in data["owners"] for member in members}
    assert -1 in owners
    assert owners <= {-1, 0, 1, 2, 3}


def test_what_went_wrong_stays_where_requests_marks_and_events_are_left_out() -> None:
    about = {"group_id": "g", "member": "A"}
    events: list[Event] = [MemberStarted(t=0, **about)]
    for number in range(500):
        t = 10 * number
        error = "UNKNOWN_MEMBER_ID" if number == 450 else ""
        events.append(RequestSent(t=t, api="OffsetCommit", number=number, **about))
        events.append(RequestAnswered(t=t + 1, number=number, error=error, **about))
        events.append(MemberPaused(t=t + 2, **about))
        events.append(MemberResumed(t=t + 3, **about))
        if number == 450:
            refused = {"member_id": "A-1", "error": "UNKNOWN_MEMBER_ID", "generation_id": 1}
            events.append(CommitRefused(t=t + 4, group_id="g", **refused))
    events.append(RequestSent(t=5_000, api="Heartbeat", number=500, **about))
    events.append(RequestSent(t=5_000, api="OffsetCommit", number=501, **about))
    events.append(RequestAnswered(t=5_001, number=501, error="", **about))
    events.append(MemberStopped(t=5_001, how="crashed", **about))
    lanes = read_group(Trace(Header(source="test"), events), "g")
    model = group_model(lanes)
    data = group_data(model, Budget(events=20), lanes)
    assert len(data["events"]) == 5 * 20
    t, told = 0, []
    for wait, _, text, _, mark in _rows(data["events"], 5):
        t += wait
        told.append((t, data["texts"][text], MARKS[mark]))
    assert (4_500, "sent OffsetCommit: UNKNOWN_MEMBER_ID", "dot") in told
    assert (5_000, "sent Heartbeat: never answered in this trace", "dot") in told
    assert (4_504, "refused: UNKNOWN_MEMBER_ID", "dot") in told
    assert (5_001, "", "cross") in told
    assert data["left_out"] == {"events": len(all_told(model, lanes)) - 20}


def test_what_a_long_trace_did_not_keep_is_left_out_of_the_page_too() -> None:
    model = replace(_model(stories.eager_churn()), left_out={"events": 7, "requests": 3})
    data = group_data(model, Budget())
    assert data["left_out"] == {"events": 7, "requests": 3}
    assert data["notes"] == ["Left out of this page: 7 events, 3 requests. The numbers count them."]


def test_generations_and_loads_are_of_all_rebalances_though_most_are_left_out() -> None:
    trace = stories.rolling_restart(6, 24)
    whole, few = (group_data(_model(trace), budget) for budget in (Budget(), Budget(rebalances=2)))
    assert len(whole["rebalances"]) > len(few["rebalances"]) == 2
    assert few["rests"] == whole["rests"]
    assert few["loads"] == whole["loads"]


def test_loads_are_told_of_however_many_members_and_rebalances() -> None:
    model = _model(stories.rolling_restart(60, 120))
    many = replace(model, rebalances=model.rebalances * 400, members=model.members * 2)
    assert len(many.rebalances) * len(many.members) > 2_000_000
    assert group_data(many, Budget())["loads"]
