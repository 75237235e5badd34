"""Weights, shares and coefficients that no whole number of 64 bits can hold as they are.

What is told is held against the definition of the objective, in fractions, over every plan.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.model import ClusterMetadata, Subscription
from assignors.optimized import (
    Capacity,
    Constraints,
    Infeasible,
    Limit,
    Objective,
    OptimizedAssignor,
    UndecidedError,
    Who,
)
from assignors.optimized.definition import Definition
from assignors.optimized.solution import ROUNDING
from assignors.sticky import StickyAssignor

from .oracle import TOPICS, Case, by_partition, cases, few

_KEPT = 1 + Fraction(1, 10**9)
"""A limit on weight is kept to that."""


@st.composite
def hard_cases(draw: st.DrawFn) -> Case:
    """Fractions, lags, outliers, shares and coefficients far apart, limits that just fit."""
    case = draw(cases(kinds=["moves", "rack", "pins"], max_partitions=5))
    one = st.one_of(
        st.floats(0, 1),
        st.integers(0, 10**7),
        st.sampled_from([0.1, 0.7, 10.0**9, 89, 1e-9, 1e15]),
    )
    weights = {topic: draw(st.lists(one, min_size=3, max_size=3)) for topic in TOPICS}
    objective = Objective(
        weights=weights,
        balance=draw(st.sampled_from([0, 1, 1, 3.3])),
        movement=draw(st.sampled_from([0, 0.01, 1000, 1e6])),
        movement_by_weight=draw(st.sampled_from([0, 0, 0.3])),
        rack=draw(st.sampled_from([0, 0.7, 1e5])),
    )
    share = st.sampled_from([1, 1.1, 0.01, 700, 3])
    limits = [
        Limit(who=Who(member=f"m{at}"), capacity=Capacity(share=draw(share))) for at in range(3)
    ]
    drawn = replace(case, objective=objective)
    there = [float(drawn.weight(partition)) for partition in drawn.partitions]
    if there and draw(st.booleans()):
        most = sum(draw(st.lists(st.sampled_from(there), min_size=1, max_size=4, unique=True)))
        limits.append(Limit(who=Who(member="m0"), capacity=Capacity(max_weight=min(most, 1e15))))
    return replace(drawn, constraints=replace(case.constraints, capacity=tuple(limits)))


def feasible(case: Case, plan: dict[Any, str]) -> bool:
    """As the oracle says, with limits on weight kept to a part in a thousand million."""
    eased = [
        replace(
            each,
            capacity=Capacity(
                **each.capacity.to_data()
                | {"max_weight": float(Fraction(each.capacity.max_weight) * _KEPT)}
            ),
        )
        if each.capacity.max_weight is not None and each.capacity.max_weight < 9e14
        else each
        for each in case.constraints.capacity
    ]
    constraints = replace(case.constraints, capacity=tuple(eased))
    return replace(case, constraints=constraints).feasible(plan)


@pytest.mark.parametrize("solver", [True, False])
def test_what_is_told_holds_by_the_definition(
    solver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not solver:
        for name in ("ortools", "ortools.graph.python", "ortools.sat.python"):
            monkeypatch.setitem(sys.modules, name, None)

    @settings(few, max_examples=60)
    @given(hard_cases())
    def each(case: Case) -> None:
        check(case)

    each()


def test_a_share_below_a_thousandth_of_the_largest_counts_as_that() -> None:
    shares = {"m0": 1, "m1": 0.01, "m2": 700}
    limits = [
        Limit(who=Who(member=member), capacity=Capacity(share=share))
        for member, share in shares.items()
    ]
    members = {member: Subscription(topics=["c"]) for member in shares}
    objective = Objective(weights={"c": [1, 1]})
    check(Case(ClusterMetadata({"c": 2}), members, objective, Constraints(capacity=tuple(limits))))


def check(case: Case) -> None:
    plans = [plan for plan in case.plans() if case.feasible(plan, may=True)]
    assignor = OptimizedAssignor(objective=case.objective, constraints=case.constraints)
    solution = None
    with contextlib.suppress(UndecidedError):
        try:
            solution = assignor.solve(case.cluster, case.members)
        except Infeasible:
            assert plans == []
    if solution is None:
        return
    plan = by_partition(solution.assignment)
    assert feasible(case, plan)
    cost = float(case.cost(plan))
    assert solution.objective == pytest.approx(cost, rel=1e-9, abs=1e-9)
    assert sum(solution.costs.values()) == pytest.approx(cost, rel=1e-9, abs=1e-9)
    if not plans:
        return
    best = float(min(case.cost(each) for each in plans))
    assert solution.floor <= best * (1 + 1e-9) + 1e-9
    slack = ROUNDING if solution.proven else 1e-9
    assert solution.bound <= best * (1 + slack) + 1e-9
    sticky = by_partition(StickyAssignor().assign(case.cluster, case.members))
    if case.feasible(sticky):
        assert solution.objective <= float(case.cost(sticky)) * (1 + 1e-9)


def solved(weights: list[float], **more: Any) -> Any:
    cluster = ClusterMetadata({"a": len(weights)})
    members = {f"m{at}": Subscription(topics=["a"]) for at in range(more.pop("members", 3))}
    objective = {"weights": {"a": weights}, **more.pop("objective", {})}
    return OptimizedAssignor(objective=objective, **more).solve(cluster, members)


def limited(**limits: float) -> dict[str, Any]:
    return {"capacity": [{"who": who, "max_weight": most} for who, most in limits.items()]}


def test_a_limit_on_weight_counts_what_is_light_beside_an_outlier() -> None:
    weights = [10**9, *[89] * 999]
    solution = solved(weights, constraints=limited(m1=20_000))
    load = sum(weights[partition] for _, partition in solution.assignment["m1"])
    assert 0 < load <= 20_000


@pytest.mark.parametrize(
    ("weights", "limits"),
    [
        ([0.7, 0.7, 0.6], {"m0": 0.7, "m1": 0.7, "m2": 0.7}),
        ([6463344, 7056021, 679216, 4343903], {"m0": 6463344, "m1": 7056021, "m2": 5023119}),
        ([0.1] * 30, {"m0": 1.0, "m1": 1.0, "m2": 1.0}),
    ],
)
def test_what_just_fits_is_feasible(weights: list[float], limits: dict[str, float]) -> None:
    solution = solved(weights, constraints=limited(**limits))
    for member, most in limits.items():
        load = sum(weights[partition] for _, partition in solution.assignment[member])
        assert load <= most * (1 + 1e-9)


def test_a_hot_partition_does_not_make_the_bound_weak() -> None:
    solution = solved([10**9, *[89] * 999])
    assert solution.gap < 1e-6
    rest = sorted(len(each) for each in solution.assignment.values())
    assert rest[0] == 1
    assert rest[2] - rest[1] <= 10


@pytest.mark.parametrize("seed", range(200))
def test_the_floor_is_below_every_plan(seed: int) -> None:
    chance = np.random.default_rng(seed)
    members, units = int(chance.integers(1, 5)), int(chance.integers(1, 6))
    weight = chance.choice([0, 1, 5, 100], units) * chance.random(units)
    share = np.ones(members) if seed % 2 else chance.choice([0.5, 1, 3], members)
    definition = Definition(
        weight=weight,
        home_weight=np.zeros(0),
        share=share,
        balance=1,
        movement=0,
        movement_by_weight=0,
        rack=0,
        groups=(),
    )
    best = min(
        float((np.bincount(to, weights=weight, minlength=members) ** 2 / share).sum())
        for to in itertools.product(range(members), repeat=units)
    )
    assert definition.floor <= best * (1 + 1e-12)
