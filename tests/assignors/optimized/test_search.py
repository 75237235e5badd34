"""The search knows what each of its steps does, ends, and makes nothing worse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from assignors.optimized import relaxation
from assignors.optimized.evaluate import evaluate
from assignors.optimized.search import Search, Work, stay_and_place
from assignors.own_flow import OwnFlows

from .models import middling, model_of, random_plan
from .oracle import Case, cases, few


def watched(search: Search) -> list[str]:
    """Compares what the search says of each step with what `evaluate` says; the steps taken."""
    steps: list[str] = []
    for name in ("_best_hand_over", "_best_swap"):
        original = getattr(search, name)

        def wrapped(source: int, original: Any = original, name: str = name) -> Any:
            change = original(source)
            if change is not None:
                before = evaluate(search.model, search.to)
                to = search.to.copy()
                to[list(change.units)] = list(change.members)
                after = evaluate(search.model, to)
                real = (after.broken - before.broken, after.cost - before.cost)
                assert real == (change.broken, change.cost), name
                steps.append(name)
            return change

        setattr(search, name, wrapped)
    return steps


@settings(few, max_examples=150)
@given(cases())
def test_each_step_does_what_it_says(case: Case) -> None:
    model = model_of(case)
    if not model.units or not model.allowed.any(axis=1).all():
        return
    search = Search(model, random_plan(model, 1), Work(limit=3_000_000))
    steps = watched(search)
    before = evaluate(model, search.to)

    assert search.improve(), "a tiny group is done long before that much work"

    after = evaluate(model, search.to)
    assert (after.broken, after.cost) <= (before.broken, before.cost)
    assert bool(steps) == ((after.broken, after.cost) < (before.broken, before.cost))


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"max_moves": 10},
        {"capacity": [{"who": "m01", "max_partitions": 5}, {"who": "m02", "max_weight": 300}]},
        {"together": [{"what": ["a", "b"], "by_number": True, "cost": 2}]},
        {"together": [{"what": ["a", "b"], "by_number": True}], "max_moves": 30},
        {"apart": [{"what": [{"topic": "a", "partitions": "0-5"}], "each": True}]},
        {"apart": [{"what": ["a", "c"], "cost": 5}], "max_moves": 20},
    ],
    ids=lambda value: ", ".join(value) or "none",
)
def test_also_in_a_larger_group(constraints: dict[str, Any]) -> None:
    model = model_of(middling(3, constraints=constraints))
    search = Search(model, random_plan(model, 7), Work(limit=50_000_000))
    steps = watched(search)
    search.improve()

    assert {"_best_hand_over", "_best_swap"} == set(steps)
    assert np.array_equal(search.loads, model.loads(search.to))
    for amount, now, _ in search._limits:
        held = np.bincount(search.to, weights=amount, minlength=model.members)
        assert np.array_equal(now, held)
    assert search.moves == model.moved(search.to)


def test_work_is_a_limit_even_where_every_step_looks_at_little() -> None:
    model = model_of(middling(5))
    work = Work(limit=20_000)
    search = Search(model, random_plan(model, 2), work)

    assert not search.improve()
    assert work.done < 200_000


def test_swaps_that_may_break_a_limit_count_for_more() -> None:
    model = model_of(middling(3))
    plan = random_plan(model, 7)
    loads = model.loads(plan)
    spent = []
    for most in (model.most_mass, loads):
        work = Work(limit=10**9)
        limited = replace(model, mass=model.weight, most_mass=most)
        Search(limited, random_plan(model, 7), work)._best_swap(int(loads.argmax()))
        spent.append(work.done)

    assert spent[0] < spent[1]


def test_what_our_own_flows_look_at_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[OwnFlows] = []

    def own(budget: int) -> OwnFlows:
        made.append(OwnFlows(budget))
        return made[-1]

    monkeypatch.setattr(relaxation, "kernel", own)
    model = model_of(middling(3, constraints={"max_moves": 10}))
    spent = []
    for limit in (10_000, 10**9):
        made.clear()
        work = Work(limit=limit)
        relaxation.relaxed(model, work)
        spent.append(work.done)
        assert work.done > sum(each.steps for each in made) > 0

    assert spent[0] < spent[1] / 4


def test_a_part_of_the_work_counts_for_the_whole() -> None:
    whole = Work(limit=100)
    part = whole.part(4)
    part.done += 25

    assert part.limit == 25
    assert part.spent()
    assert whole.done == 25
    assert not whole.spent()
    assert whole.part(3).limit == 25


def test_owners_keep_what_they_hold_and_the_rest_is_placed() -> None:
    model = model_of(middling(9, partitions=30))
    to = stay_and_place(model, Work(limit=10**9))

    assert evaluate(model, to).moves == 0
    assert evaluate(model, to).broken == 0
