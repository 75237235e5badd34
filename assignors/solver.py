"""The sticky problem from settled claims to an owner's number per partition.

The rule kept here: which way leads to the plan depends on the group alone, so that the same group
always gets the same plan; every way is exact, or says that it is not sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assignors.balance import balanced, one_group
from assignors.claims import Settled
from assignors.classes import Counts, Problem, problem_of
from assignors.flat import lengths_of
from assignors.moves import fewest_moves, without_moves
from assignors.network import Kernel
from assignors.ortools_flow import OrToolsFlows
from assignors.own_flow import DEFAULT_BUDGET, OwnFlows
from assignors.placing import Owners, Spread, chosen, placed
from assignors.soft import Soft, softened

Solver: TypeAlias = Literal["auto", "flow", "own"]
Method: TypeAlias = Literal["quotas", "flow", "own"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """`owner`: per partition of the index, the number of the member that gets it.

    `moves`: partitions taken from a live settled owner. `proven`: no plan is better. `method`: how
    it was found, "quotas" where all subscribe to the same, "flow" by OR-tools, "own" without.
    """

    owner: Owners
    moves: int
    proven: bool
    method: Method


def solve(
    settled: Settled,
    *,
    spread: Spread = "auto",
    soft: Soft | None = None,
    solver: Solver = "auto",
    budget: int = DEFAULT_BUDGET,
) -> Solved:
    """The balanced plan with the fewest moves; or, with a soft objective, the cheapest plan.

    `solver` and `budget` as for `sticky.StickyAssignor`. Raises ImportError if the solver is "flow"
    and OR-tools is not installed.
    """
    if settled.index.size == 0:
        return Solved(owner=settled.owner.copy(), moves=0, proven=True, method="quotas")
    problem, spread = problem_of(settled), chosen(spread, settled)
    method: Method = "quotas"
    if problem.classes == 1 and soft is None:
        x, proven = _quotas(problem), True
    else:
        kernel, method = _kernel(solver, budget)
        x, proven = _flows(problem, _start(problem, spread), soft, kernel)
    return Solved(
        owner=placed(problem, x, settled, spread),
        moves=problem.lost(x),
        proven=proven,
        method=method,
    )


def least_imbalance_of(settled: Settled, *, solver: Solver = "auto") -> int:
    """The least sum of squared loads that the subscriptions allow."""
    if settled.index.size == 0:
        return 0
    problem = problem_of(settled)
    kernel, _ = _kernel(solver, DEFAULT_BUDGET)
    return balanced(problem, problem.keep, kernel).imbalance()


def _quotas(problem: Problem) -> Counts:
    """One class: floor or ceiling for everybody, the ceiling for those who own more than the floor.

    Each of those saves one move, so that no balanced plan has fewer.
    """
    share, extra = divmod(int(problem.sizes[0]), problem.edge_member.size)
    x = np.full(problem.edge_member.size, share, dtype=np.int64)
    more = problem.keep > share
    x[more.nonzero()[0][:extra]] += 1
    left = extra - int(np.count_nonzero(more))
    if left > 0:
        x[(~more).nonzero()[0][:left]] += 1
    return x


def _kernel(solver: Solver, budget: int) -> tuple[Kernel, Method]:
    if solver != "own":
        try:
            return OrToolsFlows(budget), "flow"
        except ImportError:
            if solver == "flow":
                raise
    return OwnFlows(budget), "own"


def _start(problem: Problem, spread: Spread) -> Counts:
    """What to start from: what is owned; to spread topics, also an even share of all that is free.

    Flows change as much of that as balance needs.
    """
    if spread == "contiguous":
        return problem.keep
    degree = lengths_of(problem.edge_start)
    share, extra = np.divmod(problem.unowned(problem.keep), degree)
    class_ = problem.edge_class
    place = np.arange(class_.size) - problem.edge_start[class_]
    # Each class begins where the one before it ended, so that not the same members get more.
    turn = (place - (extra.cumsum() - extra)[class_]) % degree[class_]
    return np.asarray(problem.keep + share[class_] + (turn < extra[class_]))


def _flows(problem: Problem, x: Counts, soft: Soft | None, kernel: Kernel) -> tuple[Counts, bool]:
    """The plan for the objective, and whether it is certain that none is better."""
    # Most rebalances find everybody on one level and take nothing from anybody.
    x, enough = without_moves(problem, one_group(problem, x), x, kernel)
    if enough:
        return x, True
    levels = balanced(problem, x, kernel)
    if soft is not None:
        return softened(problem, soft, levels, x, kernel)
    return fewest_moves(problem, levels, x, kernel)
