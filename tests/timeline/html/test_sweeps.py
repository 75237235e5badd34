"""What a page counts over time is counted from the whole model."""

import pytest

from rebalance.timeline.html.sweeps import (
    Steps,
    coarser_steps,
    live_steps,
    loads,
    ownership_steps,
    rests,
)
from rebalance.timeline.model import GroupModel, models
from rebalance.timeline.trace import Trace
from tests.timeline import stories


def _model(trace: Trace) -> GroupModel:
    (model,) = models(trace)
    return model


@pytest.mark.parametrize(
    "trace", [stories.eager_churn(), stories.cooperative_scale_out(), stories.zombie()]
)
def test_what_is_swept_adds_up_to_the_metrics(trace: Trace) -> None:
    model = _model(trace)
    steps = ownership_steps(model.partitions)
    times = [t for t, _ in steps]
    assert times == sorted(set(times))
    owned = model.metrics["member_view"]
    for kind, name in enumerate(
        ("unavailable_partition_ms", "double_owned_partition_ms", "zombie_partition_ms")
    ):
        total = sum(
            levels[kind] * (end - t) for (t, levels), end in zip(steps, times[1:], strict=False)
        )
        assert total == owned[name]
    assert steps[-1][1] == (0, 0, 0)


def test_while_no_member_lives_nobody_owns_anything() -> None:
    model = _model(stories.outage())
    assert (7_000, (4, 0, 0)) in ownership_steps(model.partitions)
    assert live_steps(model) == [
        (0, (2,)),
        (4_000, (1,)),
        (7_000, (0,)),
        (20_000, (1,)),
        (25_000, (0,)),
    ]


def test_between_rebalances_a_crash_changes_the_load_and_the_generation_stays() -> None:
    model = _model(stories.outage())
    found = rests(model)
    assert found == [(1_025, 20_008, 1), (21_023, 25_000, 2)]
    assert loads(model, found) == [
        (1_025, 4_000, 2, 2, 2, 4),
        (4_000, 7_000, 1, 2, 2, 2),
        (7_000, 20_000, 0, 0, 0, 0),
        (20_000, 20_008, 1, 0, 0, 0),
        (21_023, 25_000, 1, 4, 4, 4),
    ]


def test_a_zombie_has_no_load() -> None:
    model = _model(stories.zombie())
    during = next(load for load in loads(model, rests(model)) if load.start_ms > 9_000)
    assert during[2:] == (1, 6, 6, 6)


def test_no_rest_lies_within_a_rebalance() -> None:
    model = _model(stories.rolling_restart(6, 24))
    found = rests(model)
    for entry in model.rebalances:
        assert not any(
            rest.start_ms < entry.until_ms and rest.end_ms > entry.start_ms for rest in found
        )
    assert {rest.generation for rest in found} == {e.generation_to for e in model.rebalances}


def test_of_merged_steps_the_highest_is_told_and_no_longer_than_the_step() -> None:
    row: Steps = [(t, (t % 7,)) for t in range(0, 10_000, 3)]
    row.append((10_000, (0,)))
    ((merged,), step) = coarser_steps([row], 100_000, 100)
    assert len(merged) <= 100
    assert max(levels for _, levels in merged) == (6,)
    assert merged[-1][1] == (0,)
    assert merged[-1][0] <= 10_000 + step
    assert coarser_steps([row], 100_000, 10_000) == ([row], 0)
