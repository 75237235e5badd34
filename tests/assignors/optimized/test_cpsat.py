"""CP-SAT's answers as they are read: exact where a double rounds, and no dearer than they count."""

from __future__ import annotations

import itertools
import subprocess
import sys
from random import Random

import numpy as np
import pytest

from assignors.model import ClusterMetadata, Subscription
from assignors.optimized import Constraints, Objective, OptimizedAssignor, cpsat
from assignors.optimized.evaluate import evaluate
from assignors.optimized.model import Model

from .models import model_of
from .oracle import Case


def case_of(seed: int, partitions: int, members: int = 3) -> Case:
    """Weights so far apart that costs go beyond the whole numbers that a double holds."""
    random = Random(seed)
    objective = Objective(weights={"a": [random.randint(0, 10**7) for _ in range(partitions)]})
    group = {f"m{at}": Subscription(topics=["a"]) for at in range(members)}
    return Case(ClusterMetadata({"a": partitions}), group, objective, Constraints())


def cheapest(model: Model) -> int:
    plans = itertools.product(range(model.members), repeat=model.units)
    return min(evaluate(model, np.array(plan)).cost for plan in plans)


@pytest.mark.parametrize("partitions", [5, 6, 7])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_cost_of_the_optimum_to_the_last_digit(seed: int, partitions: int) -> None:
    model = model_of(case_of(seed, partitions))
    answer = cpsat.solve(model, None, limit=5)
    best = cheapest(model)

    assert answer.optimal
    assert answer.to is not None
    assert evaluate(model, answer.to).cost == best == answer.bound
    assert best > 2**53


_INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
from assignors.optimized import cpsat
from tests.assignors.optimized.models import model_of
from tests.assignors.optimized.test_cpsat import case_of
assert cpsat.solve(model_of(case_of(0, 5)), None, limit=5).optimal
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
"""


def test_a_process_that_solved_can_be_interrupted_as_before() -> None:
    command = [sys.executable, "-c", _INTERRUPTED]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "KeyboardInterrupt\n", "")


@pytest.mark.parametrize("seed", range(6))
def test_a_tiny_group_is_proven_at_once_whatever_its_weights(seed: int) -> None:
    case = case_of(seed, 6)
    solution = OptimizedAssignor(objective=case.objective).solve(case.cluster, case.members)

    assert solution.proven
    assert solution.work <= 15


@pytest.mark.parametrize(
    ("weights", "fixed", "low", "high", "loads"),
    [
        ([3, 5], 0, 0, 99, [0, 3, 5, 8]),
        ([3, 5], 10, 11, 17, [13, 15]),
        ([2, 2, 2], 1, 0, 5, [1, 3, 5]),
        ([7], 0, 1, 6, []),
        ([1] * 200, 0, 0, 50, [*range(51)]),
        ([2**at for at in range(9)], 0, 100, 103, [100, 101, 102, 103]),
        ([2**at for at in range(9)], 0, 0, 511, None),
    ],
)
def test_loads_that_units_can_add_up_to(
    weights: list[int], fixed: int, low: int, high: int, loads: list[int] | None
) -> None:
    assert cpsat._reachable(np.array(weights), fixed, low, high) == loads
