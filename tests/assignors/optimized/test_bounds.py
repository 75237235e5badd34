"""A bound is below every plan, at any prices; what it rules out is no better plan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.optimized import bounds, cpsat
from assignors.optimized.bounds import Prices
from assignors.optimized.evaluate import evaluate
from assignors.optimized.model import Ints, Model
from assignors.optimized.relaxation import relaxed
from assignors.optimized.search import Search, Work

from .models import middling, model_of
from .oracle import Case, cases, few


def best_by_trying(case: Case, model: Model) -> tuple[int, Ints] | None:
    """The cheapest feasible plan in the model's own units, and that plan."""
    found = None
    index = model.settled.index
    ids = list(model.settled.member_ids)
    for plan in case.plans():
        owner = np.array(
            [ids.index(plan[index.partition(n)]) for n in range(index.size)], dtype=np.int32
        )
        to = model.units_of(owner)
        if to is None:
            continue
        value = evaluate(model, to)
        if value.broken == 0 and (found is None or value.cost < found[0]):
            found = value.cost, to
    return found


@settings(few, max_examples=60)
@given(cases(max_partitions=5), st.data())
def test_a_bound_holds_at_any_prices(case: Case, data: st.DataObject) -> None:
    model = model_of(case)
    found = best_by_trying(case, model)
    if not model.units or found is None:
        return
    most = int(2 * model.curvature.max() * model.total_weight) + 10
    price = st.integers(0, most)
    prices = Prices(
        load=np.array([data.draw(price) for _ in range(model.members)], dtype=np.int64),
        place=np.array([data.draw(price) for _ in range(model.members)], dtype=np.int64),
        move=data.draw(price),
    )
    best, to = found
    start = bounds.bound_at(model, prices)
    assert start.bound <= best
    assert bounds.climb(model, start, best, Work(limit=100_000)).bound <= best
    slack = best - start.bound
    units = np.arange(model.units)
    assert (bounds.regrets(model, prices, units)[units, to] <= slack).all()
    low, high = bounds.load_range(model, prices, slack)
    loads = model.loads(to)
    assert ((low <= loads) & (loads <= high)).all()
    assert (bounds.load_regrets(model, prices, loads) <= slack).all()


@pytest.mark.parametrize("constraints", [{}, {"max_moves": 12}], ids=["free", "few moves"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_relaxation_gives_a_close_bound(seed: int, constraints: dict[str, int]) -> None:
    model = model_of(middling(seed, partitions=90, members=6, constraints=constraints))
    advice = relaxed(model, Work(limit=10**10))
    search = Search(model, advice[0].to, Work(limit=10**9))
    search.place_rest()
    search.improve()
    value = evaluate(model, search.to)
    best = max(bounds.bound_at(model, each.prices).bound for each in advice)

    assert value.broken == 0
    assert best <= value.cost
    assert value.cost - best < value.cost // 100


@settings(few, max_examples=60)
@given(cases(max_partitions=5))
def test_cp_sat_finds_the_best_plan(case: Case) -> None:
    model = model_of(case)
    if not model.units:
        return
    found = best_by_trying(case, model)
    answer = cpsat.solve(model, None, limit=10)

    assert answer.infeasible == (found is None)
    if found is not None:
        assert answer.to is not None
        assert answer.optimal
        assert answer.bound == found[0] == evaluate(model, answer.to).cost


def test_cp_sat_squares_large_loads_exactly() -> None:
    model = model_of(middling(4, partitions=12, members=3, objective={"rack": 0}))
    answer = cpsat.solve(model, None, limit=30)

    assert answer.to is not None
    assert answer.optimal
    assert answer.bound == evaluate(model, answer.to).cost


@settings(few, max_examples=60)
@given(cases(), st.data())
def test_a_part_solved_again_changes_that_part_alone(case: Case, data: st.DataObject) -> None:
    model = model_of(case)
    if not model.units or not model.allowed.any(axis=1).all():
        return
    whole = cpsat.solve(model, None, limit=10)
    if whole.to is None:
        return
    member = data.draw(st.integers(0, model.members - 1))
    other = data.draw(st.integers(0, model.members - 1))
    chosen = np.unique([member, other])
    units = np.flatnonzero(np.isin(whole.to, chosen))
    part = cpsat.solve(model, whole.to, limit=10, units=units, members=chosen)

    assert part.to is not None
    rest = np.setdiff1d(np.arange(model.units), units)
    assert np.array_equal(part.to[rest], whole.to[rest])
    assert evaluate(model, part.to).cost == evaluate(model, whole.to).cost
