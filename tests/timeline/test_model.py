"""The model that renderers draw: complete, consistent with the metrics, and plain JSON."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.events import Revoked
from rebalance.timeline.model import DESERTED, NOBODY, NOT_WANTED, GroupModel, Run, models
from rebalance.timeline.trace import Trace
from tests.timeline.stories import (
    cooperative_scale_out,
    eager_churn,
    listeners_only,
    outage,
    zombie,
)
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces

STORIES = (eager_churn, cooperative_scale_out, listeners_only, outage, zombie)


def unavailable(model: GroupModel) -> int:
    return sum(
        len(lane.partitions) * (run.end_ms - run.start_ms)
        for lane in model.partitions
        for run in lane.runs
        if run.who == NOBODY
    )


def holds_together(model: GroupModel) -> None:
    """What every model promises."""
    numbers = model.metrics["member_view"] or model.metrics["coordinator_view"]
    if numbers is not None:
        assert unavailable(model) == numbers["unavailable_partition_ms"]
        moved = sum(len(lane.partitions) * len(lane.moves) for lane in model.partitions)
        assert moved == numbers["partitions_moved"]
    for lane in model.partitions:
        assert list(lane.partitions) == sorted(lane.partitions)
        for before, after in pairwise(lane.runs):
            assert before.start_ms < before.end_ms <= after.start_ms
    for member in model.members:
        lived = [span for span in member.states if span.state != "gone"]
        for first, second in pairwise(lived):
            assert first.start_ms <= first.end_ms <= second.start_ms
    for entry in model.rebalances:
        at = entry.start_ms
        for stage in entry.stages:
            assert stage.start_ms == at < stage.end_ms
            at = stage.end_ms
    assert json.loads(json.dumps(model.to_dict()))["group_id"] == model.group_id


@pytest.mark.parametrize("story", STORIES)
def test_a_story_s_model_holds_together(story: object) -> None:
    for model in models(story()):  # type: ignore[operator]
        holds_together(model)


@settings(max_examples=80, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)))
def test_the_model_of_any_trace_holds_together(trace: Trace) -> None:
    for model in models(trace):
        holds_together(model)


def test_the_stages_of_a_rebalance_name_who_was_waited_for() -> None:
    (model,) = models(eager_churn())
    third = model.rebalances[2]
    assert [stage.name for stage in third.stages] == ["revoke", "join", "sync", "settle"]
    assert {waited.stage: waited.member for waited in third.waited_for}["join"] == "C"
    assert third.stages[0].start_ms == third.start_ms


def test_a_member_s_states_tell_joins_ownership_and_what_nobody_noticed() -> None:
    (model,) = models(eager_churn())
    killed = next(member for member in model.members if member.name == "C")
    states = [span.state for span in killed.states]
    assert states[:3] == ["idle", "joining", "owns"]
    assert states[-1] == "gone"
    assert "owns" in states
    assert {happening.kind for happening in killed.happenings} >= {"started", "crashed"}


def test_a_zombie_is_no_owner_and_is_told_beside_the_owner() -> None:
    (model,) = models(zombie())
    runs = [run for lane in model.partitions for run in lane.runs if run.zombies]
    assert runs
    assert all(not set(run.owners) & set(run.zombies) for run in runs)
    listed = [r for lane in model.to_dict()["partitions"] for r in lane["runs"]]
    assert any(len(run) == 5 for run in listed)
    assert all(len(run) in (3, 5) for run in listed)


def test_without_members_words_there_is_a_join_phase_and_nobody_revokes() -> None:
    (model,) = models(eager_churn(members=False))
    names = {stage.name for entry in model.rebalances for stage in entry.stages}
    assert names == {"join", "sync"}
    assert model.view == "coordinator"


def test_nobody_and_not_wanted_differ() -> None:
    (model,) = models(eager_churn())
    who = {run.who for lane in model.partitions for run in lane.runs}
    assert NOBODY in who
    assert NOT_WANTED not in who


def test_while_no_member_lives_a_partition_is_deserted_and_told_as_such() -> None:
    (model,) = models(outage())
    for lane in model.partitions:
        (gone,) = (run for run in lane.runs if run.deserted)
        assert gone == Run(7_000, 20_000, (), (), wanted=False, deserted=True)
        assert (gone.who, gone.unowned) == (DESERTED, True)
    assert sum(len(lane.partitions) for lane in model.partitions) == 4
    told = model.to_dict()["partitions"][0]["runs"]
    assert [7_000, 20_000, DESERTED] in told


def test_who_gives_up_nothing_ends_no_stage() -> None:
    events = list(eager_churn().events)
    (before,) = models(eager_churn())
    (end,) = (stage.end_ms for stage in before.rebalances[2].stages if stage.name == "revoke")
    (join,) = (stage.end_ms for stage in before.rebalances[2].stages if stage.name == "join")
    assert end < join
    late = Revoked(t=join, group_id="billing", member="A", partitions={})
    events.insert(next(i for i, e in enumerate(events) if e.t > join), late)
    (after,) = models(Trace(eager_churn().header, events))
    assert after.rebalances[2].stages == before.rebalances[2].stages
