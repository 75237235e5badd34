"""What the page is told can be read back, and is what the model says."""

from collections.abc import Iterator
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
from rebalance.timeline.html.budget import Budget
from rebalance.timeline.html.data import STATES, group_data
from rebalance.timeline.lanes import read_group
from rebalance.timeline.model import GroupModel, Run, StateSpan, group_model, models
from rebalance.timeline.trace import Trace
from tests.timeline import stories

STORIES = (stories.eager_churn(), stories.cooperative_scale_out(), stories.zombie())
SMALL = Budget(runs=200, states=100, events=50, rebalances=3, members=4, lanes=5, asides=2)


def _model(trace: Trace) -> GroupModel:
    (model,) = models(trace)
    return model


def _runs(data: dict[str, Any], flat: list[int]) -> Iterator[Run]:
    t = 0
    for wait, length, index in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        owners, zombies, wanted = data["owners"][index]
        yield Run(t + wait, t + wait + length, tuple(owners), tuple(zombies), bool(wanted))
        t += wait + length


def _lanes(data: dict[str, Any]) -> dict[tuple[str, int], tuple[Run, ...]]:
    result: dict[tuple[str, int], tuple[Run, ...]] = {}
    for lane in data["lanes"]:
        for topic, *ranges in lane["of"]:
            for first, count in zip(ranges[::2], ranges[1::2], strict=True):
                for id_ in range(first, first + count):
                    result[data["topics"][topic], id_] = tuple(_runs(data, lane["runs"]))
    return result


def _states(flat: list[int]) -> Iterator[StateSpan]:
    t = 0
    for wait, length, state, owned in zip(*(flat[i::4] for i in range(4)), strict=True):
        yield StateSpan(t + wait, t + wait + length, STATES[state], owned)  # type: ignore[arg-type]
        t += wait + length


@pytest.mark.parametrize("trace", STORIES)
def test_every_partition_and_member_is_told_as_the_model_has_it(trace: Trace) -> None:
    model = _model(trace)
    data = group_data(model, Budget())
    expected = {(p.topic, id_): p.runs for p in model.partitions for id_ in p.partitions}
    assert _lanes(data) == expected
    for member, told in zip(model.members, data["members"], strict=True):
        assert tuple(_states(told["states"])) == member.states
    assert data["left_out"] == {}
    assert data["step_ms"] == 0


def test_events_stand_beside_their_members_and_say_in_which_generation() -> None:
    lanes = read_group(stories.eager_churn(), "billing")
    data = group_data(group_model(lanes), Budget(), lanes)
    t, told = 0, []
    for wait, kind, member, number in zip(*(data["events"][i::4] for i in range(4)), strict=True):
        t += wait
        told.append((t, data["kinds"][kind], data["members"][member]["name"], number))
    assert (3_023, "assigned", "A", 1) in told
    assert (3_023, "joined", "A", 1) in told
    assert (20_000, "member_stopped", "C", -1) in told
    assert not any(kind == "step" for _, kind, _, _ in told)


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
    assert len(data["events"]) == 4 * 50
    assert data["step_ms"] > 0
    assert data["metrics"] == model.metrics


def test_a_member_that_was_left_out_is_still_an_owner() -> None:
    data = group_data(_model(stories.rolling_restart(6, 24)), SMALL)
    owners = {owner for owners, _, _ in data["owners"] for owner in owners}
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
    data = group_data(group_model(lanes), Budget(requests=20, marks=20, events=20), lanes)
    requests = [each for member in data["members"] for each in member["requests"]]
    assert len(requests) == 20
    assert {(sent, error) for sent, _, _, error, _ in requests} >= {
        (4_500, "UNKNOWN_MEMBER_ID"),
        (5_000, ""),
    }
    marks = [kind for member in data["members"] for _, kind, _ in member["marks"]]
    assert len(marks) == 20
    assert {"refused", "crashed"} <= set(marks)
    assert {"commit_refused", "member_stopped"} <= set(data["kinds"])
    left_out = data["left_out"]
    assert left_out["requests"] == 502 - 20
    assert left_out["marks"] == 1_003 - 20
