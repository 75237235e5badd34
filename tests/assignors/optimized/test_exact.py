"""Against every plan of tiny groups: each constraint alone, each soft term alone, and mixtures."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings

from assignors.optimized import Infeasible, OptimizedAssignor, UndecidedError
from assignors.plans import plan_faults
from assignors.sticky import StickyAssignor

from .oracle import Case, by_partition, cases, few

KINDS = ["weights", "capacity", "moves", "rack", "pins", "together", "apart"]
# A unit of cost is a thousandth; each move costs one more, and coefficients are rounded to it.
NEAR = 0.03


def check(case: Case, *, solver: bool = True) -> None:
    best = case.best()
    assignor = OptimizedAssignor(objective=case.objective, constraints=case.constraints)
    if best is None:
        # Without a solver it may stay open whether there is a plan.
        with pytest.raises(Infeasible if solver else (Infeasible, UndecidedError)):
            assignor.solve(case.cluster, case.members)
        return
    try:
        solution = assignor.solve(case.cluster, case.members)
    except UndecidedError:
        if solver:
            raise
        return
    plan = by_partition(solution.assignment)
    assert not list(plan_faults(solution.assignment, case.cluster, case.members, "optimized"))
    assert case.feasible(plan)
    costs = case.costs(plan)
    assert solution.objective == pytest.approx(float(sum(costs.values())), abs=NEAR)
    assert {k: v for k, v in solution.costs.items() if v > NEAR} == pytest.approx(
        {k: float(v) for k, v in costs.items() if v > NEAR}, abs=NEAR
    )
    assert solution.bound <= float(best) + NEAR
    assert solution.objective >= float(best) - NEAR
    if solution.proven:
        assert solution.objective <= float(best) + NEAR
    assert solution.proven or not solver, "tiny groups are always proven"
    moved = sum(plan[p] != m for p, m in case.owners.items())
    assert solution.moves == moved
    sticky = by_partition(StickyAssignor().assign(case.cluster, case.members))
    if case.feasible(sticky):
        assert solution.objective <= float(case.cost(sticky)) + NEAR


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_alone(kind: str) -> None:
    @settings(few, max_examples=25)
    @given(cases(kinds=[kind]))
    def each(case: Case) -> None:
        check(case)

    each()


@settings(few, max_examples=150)
@given(cases())
def test_mixtures(case: Case) -> None:
    check(case)


@settings(few, max_examples=80)
@given(cases(kinds=["capacity", "moves", "rack", "pins"]))
def test_what_flows(case: Case) -> None:
    check(case)


@settings(few, max_examples=100)
@given(cases())
def test_without_or_tools(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if n.partition(".")[0] == "ortools"]:
            patch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
        patch.setitem(sys.modules, "ortools", None)  # type: ignore[arg-type]
        check(case, solver=False)
