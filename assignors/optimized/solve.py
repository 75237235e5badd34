"""The order in which the solvers are asked, and which of their plans is taken.

The rule kept here: every plan is judged by `evaluate`, every bound by `bounds`, and a plan replaces
another only if it is strictly better; what is there today comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assignors.optimized import bounds, cpsat
from assignors.optimized.evaluate import Value, defined_cost, evaluate
from assignors.optimized.flow import flow_plan, is_flow
from assignors.optimized.model import NO_LIMIT, Ints, Model
from assignors.optimized.neighbourhoods import improved
from assignors.optimized.relaxation import relaxed
from assignors.optimized.search import Search, Work, stay_and_place

FULL_MODEL = 100_000
"""Booleans up to which CP-SAT gets the whole model."""
UNIT = 1_000_000
"""Array elements looked at in a unit of work."""
DEFAULT_WORK = 60
"""Units of work: within a second for 10,000 partitions and 100 members."""


@dataclass(slots=True)
class Outcome:
    """The best plan so far and what is known of it."""

    model: Model
    work: Work
    to: Ints | None = None
    value: Value | None = None
    bound: int = 0
    method: str = "none"
    infeasible: bool = False
    prices: bounds.Prices | None = None
    bound_of_prices: int = 0

    def offer(self, to: Ints | None, method: str) -> bool:
        """Take a plan if it is strictly better."""
        if to is None:
            return False
        value = evaluate(self.model, to)
        if not value.better_than(self.value):
            return False
        self.to, self.value, self.method = to, value, method
        return True

    @property
    def feasible(self) -> bool:
        """There is a plan that breaks nothing."""
        return self.value is not None and self.value.broken == 0

    @property
    def proven(self) -> bool:
        """No plan is better."""
        return self.feasible and self.value is not None and self.value.cost <= self.bound


def solved(model: Model, sticky: Ints | None, work_units: int) -> Outcome:
    """The best plan found within the work limit, better than `sticky` or that itself."""
    outcome = Outcome(model, Work(limit=work_units * UNIT))
    _solve(outcome, sticky)
    _never_worse(outcome, sticky)
    return outcome


def followed_up(model: Model, sticky: Ints | None, work_units: int) -> Outcome:
    """The same for a rebalance that may be there only to place what the last one took away.

    What owners hold is left alone, unless it is proven that the best plan does better, or sticky
    does: a plan that is merely better would be followed by another one, and rebalances would not
    end. Where moves are limited the last rebalance may have left some for want of moves, and only
    sticky, which comes to rest at once, may go on.
    """
    outcome = Outcome(model, Work(limit=work_units * UNIT))
    if not model.moves_left:
        _solve(outcome, sticky)
        _never_worse(outcome, sticky)
        return outcome
    still = Outcome(replace(model, moves_left=0), outcome.work.part(3))
    _solve(still, None)
    _solve(outcome, sticky)
    limited = model.moves_left < NO_LIMIT
    if still.feasible and still.value is not None and outcome.value is not None:
        settled = outcome.proven and outcome.value.better_than(still.value) and not limited
        if outcome.value.moves and not settled:
            outcome.to, outcome.value = still.to, still.value
            outcome.method = f"{still.method}, owners left alone"
    _never_worse(outcome, sticky)
    return outcome


def _never_worse(outcome: Outcome, sticky: Ints | None) -> None:
    """By the definition of the objective, whatever rounding made of it: sticky's, if it is less."""
    if sticky is None or outcome.to is None or outcome.value is None:
        return
    model, value = outcome.model, evaluate(outcome.model, sticky)
    if value.broken or not outcome.feasible:
        return
    found, other = (defined_cost(model, to) for to in (outcome.to, sticky))
    if other < found - 1e-12 * abs(found):
        outcome.to, outcome.value, outcome.method = sticky, value, "sticky"


def _solve(outcome: Outcome, sticky: Ints | None) -> None:
    model = outcome.model
    if model.units == 0:
        outcome.offer(np.zeros(0, dtype=np.int64), "nothing to assign")
        return
    if model.members == 0 or (is_flow(model) and _by_flow(outcome)):
        return
    outcome.offer(stay_and_place(model, outcome.work), "greedy")
    outcome.offer(sticky, "sticky")
    # Our own flows take all that they may; those of OR-tools end, and are worth more than a search.
    advice = relaxed(model, outcome.work.part(1 if cpsat.available() else 2))
    for each in advice:
        search = Search(model, each.to, outcome.work)
        search.place_rest()
        outcome.offer(search.to, "flow")
    _search(outcome)
    _bound(outcome, [each.prices for each in advice])
    if cpsat.available() and not outcome.proven:
        _full(outcome)
        _neighbourhoods(outcome)


def _by_flow(outcome: Outcome) -> bool:
    """True if the flow's answer is the answer."""
    model = outcome.model
    plan, certain = flow_plan(model)
    if plan is None:
        outcome.infeasible = True
        return True
    if certain:
        outcome.bound = evaluate(model, plan).cost
    # Of plans that cost the same, the one that moves nothing.
    outcome.offer(flow_plan(model, still=True)[0], "flow")
    outcome.offer(plan, "flow")
    return outcome.proven


def _search(outcome: Outcome) -> None:
    assert outcome.to is not None
    search = Search(outcome.model, outcome.to, outcome.work)
    search.improve()
    outcome.offer(search.to, f"{outcome.method} and search")


def _bound(outcome: Outcome, more: list[bounds.Prices]) -> None:
    assert outcome.to is not None
    assert outcome.value is not None
    model = outcome.model
    kinds = bounds.kinds_of(model)
    starts = [bounds.level_prices(model), bounds.marginal_prices(model, outcome.to), *more]
    each = [bounds.bound_at(model, prices, kinds) for prices in starts]
    best = max(each, key=lambda dual: dual.bound)
    if outcome.feasible:
        best = bounds.climb(model, best, outcome.value.cost, outcome.work.part(4))
    outcome.bound = max(outcome.bound, best.bound)
    outcome.prices, outcome.bound_of_prices = best.prices, best.bound


def _full(outcome: Outcome) -> None:
    """The whole model, less what the bound rules out, if it is small enough."""
    model, most = outcome.model, 0
    if outcome.work.spent() or model.units * model.members > 10 * FULL_MODEL:
        return
    units = np.arange(model.units)
    may, loads = model.allowed[model.row], None
    if outcome.feasible and outcome.prices is not None and outcome.value is not None:
        most = outcome.value.cost
        slack = most - outcome.bound_of_prices
        may = may & (bounds.regrets(model, outcome.prices, units) <= slack)
        loads = bounds.load_range(model, outcome.prices, slack)
        outcome.work.done += 4 * may.size
    booleans = int(may.sum())
    if booleans > FULL_MODEL:
        return
    limit = cpsat.seconds(outcome.work.part(2), booleans, model.members)
    if limit <= 0:
        return
    answer = cpsat.solve(model, outcome.to, limit=limit, may=may, load_range=loads)
    outcome.work.done += cpsat.work_of(answer)
    if answer.infeasible:
        # Nothing is left that costs at most what the best plan does, or nothing at all.
        outcome.infeasible = not outcome.feasible
        outcome.bound = max(outcome.bound, most)
        return
    outcome.offer(answer.to, "cp-sat")
    if answer.optimal and answer.to is not None:
        outcome.bound = max(outcome.bound, evaluate(model, answer.to).cost)
    elif answer.bound is not None and outcome.value is not None:
        outcome.bound = max(outcome.bound, min(answer.bound, outcome.value.cost))


def _neighbourhoods(outcome: Outcome) -> None:
    if outcome.proven or outcome.infeasible or outcome.prices is None or outcome.to is None:
        return
    goal = outcome.bound
    to = improved(outcome.model, outcome.to, outcome.prices, goal, outcome.work)
    outcome.offer(to, "neighbourhood search")
