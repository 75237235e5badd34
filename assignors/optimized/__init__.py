"""Assignment by an objective and constraints; see docs/optimized.md.

Names are loaded when first used, so that `assignors` stays quick to import.
"""

from __future__ import annotations

from assignors.optimized.assignor import CooperativeOptimizedAssignor, OptimizedAssignor
from assignors.optimized.constraints import (
    Apart,
    Ban,
    Capacity,
    Constraints,
    Limit,
    Pin,
    Together,
)
from assignors.optimized.errors import Cause, Infeasible, InvalidObjectiveError, UndecidedError
from assignors.optimized.objective import Objective
from assignors.optimized.selectors import What, Who
from assignors.optimized.solution import Solution
from assignors.optimized.weights import Lags, LiveLags, Weights

__all__ = [
    "Apart",
    "Ban",
    "Capacity",
    "Cause",
    "Constraints",
    "CooperativeOptimizedAssignor",
    "Infeasible",
    "InvalidObjectiveError",
    "Lags",
    "Limit",
    "LiveLags",
    "Objective",
    "OptimizedAssignor",
    "Pin",
    "Solution",
    "Together",
    "UndecidedError",
    "Weights",
    "What",
    "Who",
]
