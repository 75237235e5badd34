"""A few members solved again make a plan better, never worse, within the work that is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assignors.optimized import bounds, cpsat
from assignors.optimized.evaluate import evaluate
from assignors.optimized.neighbourhoods import _again, _regrets, improved
from assignors.optimized.search import Search, Work

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


@pytest.mark.parametrize("members", [2, 3, 6])
def test_a_neighbourhood_never_holds_everybody(
    members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(middling(6, partitions=30, members=members))
    start, sizes, solve = random_plan(model, 3), [], cpsat.solve

    def listening(*given: Any, **more: Any) -> Any:
        sizes.append(more["members"].size)
        return solve(*given, **more)

    monkeypatch.setattr(cpsat, "solve", listening)
    prices = bounds.level_prices(model)
    improved(model, start, prices, 0, Work(limit=30_000_000))

    assert all(size < members for size in sizes)
    assert bool(sizes) == (members > 2)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_better_plan_regrets_too_much_is_left_out_without_loss(seed: int) -> None:
    """Some members solved again, with loads and choices ruled out and without: as good."""
    model = model_of(middling(seed, partitions=36, members=5))
    search = Search(model, random_plan(model, seed), Work(limit=10**8))
    search.improve()
    to, chosen = search.to, np.array([0, 1, 2])
    prices = bounds.climb(
        model,
        bounds.bound_at(model, bounds.marginal_prices(model, to)),
        evaluate(model, to).cost,
        Work(limit=10**7),
    ).prices
    of_units, of_members = _regrets(model, to, prices, Work(limit=10**9))
    others = of_units[~np.isin(to, chosen)].sum() + of_members[3:].sum()
    slack = evaluate(model, to).cost - bounds.bound_at(model, prices).bound - int(others)
    pruned = _again(model, to, prices, chosen, slack, Work(limit=10**10))
    whole = _again(model, to, prices, chosen, None, Work(limit=10**10))

    assert pruned is not None
    assert whole is not None
    assert pruned.optimal
    assert whole.optimal
    assert pruned.booleans < whole.booleans
    assert pruned.to is not None
    assert whole.to is not None
    assert evaluate(model, pruned.to).cost == evaluate(model, whole.to).cost
