"""A few members solved again make a plan better, never worse, within the work that is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assignors.optimized import bounds
from assignors.optimized.evaluate import evaluate
from assignors.optimized.neighbourhoods import improved
from assignors.optimized.search import Work

from .models import middling, model_of, random_plan


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"max_moves": 12},
        {"together": [{"what": ["a", "b"], "by_number": True, "cost": 1}]},
        {"apart": [{"what": ["a", "c"], "cost": 2}]},
    ],
    ids=lambda value: ", ".join(value) or "none",
)
def test_neighbourhoods_improve_even_a_random_plan(constraints: dict[str, Any]) -> None:
    model = model_of(middling(6, partitions=45, members=8, constraints=constraints))
    start = random_plan(model, 3)
    prices = bounds.level_prices(model)
    before = evaluate(model, start)
    bound = bounds.bound_at(model, prices).bound
    work = Work(limit=80_000_000)
    to = improved(model, start, prices, bound, work)
    after = evaluate(model, to)

    assert after.better_than(before)
    if not before.broken:
        assert after.cost - bound < (before.cost - bound) // 2
    assert bound <= after.cost or after.broken
    assert work.done < work.limit + 40_000_000
    again = improved(model, start, prices, bound, Work(limit=80_000_000))
    assert np.array_equal(to, again)


def test_without_work_nothing_changes() -> None:
    model = model_of(middling(6, partitions=30))
    start = random_plan(model, 3)

    assert np.array_equal(
        improved(model, start, bounds.level_prices(model), 0, Work(limit=0)), start
    )


def test_a_plan_at_its_goal_is_left_alone() -> None:
    model = model_of(middling(6, partitions=30))
    start = random_plan(model, 3)
    goal, work = evaluate(model, start).cost, Work(limit=10**9)

    assert np.array_equal(improved(model, start, bounds.level_prices(model), goal, work), start)
    assert work.done == 0
