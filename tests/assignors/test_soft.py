"""Balance against movement at a price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.cooperative import CooperativeStickyAssignor
from assignors.interface import Promise, run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import imbalance, load_range, movements
from assignors.soft import Soft
from assignors.sticky import Solver, StickyAssignor

from .groups import Group, best_by_brute_force, every_plan, groups, own, quick, tiny

both_solvers = pytest.mark.parametrize("solver", ["flow", "own"])


@both_solvers
@quick
@given(groups(max_partitions=3, max_members=4), st.integers(1, 4), st.integers(0, 20))
def test_soft_costs_least_on_tiny_groups(
    solver: Solver, group: Group, balance: int, move: int
) -> None:
    cluster, members = tiny(group)
    soft = Soft(balance=balance, move=move)

    plan = run_assignor(StickyAssignor(solver=solver, soft=soft), cluster, members)

    found = (imbalance(plan), movements(cluster, members, plan))
    assert soft.cost(*found) == min(soft.cost(*each) for each in every_plan((cluster, members)))
    if move == 0:
        assert found == best_by_brute_force((cluster, members))


@pytest.mark.parametrize(
    "wrong", [{"balance": 0}, {"move": -1}, {"move": 1.5}, {"balance": True}, {"move": 10**7}]
)
def test_refuses_costs_that_are_none(wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is .*: give a whole number from"):
        Soft(**wrong)


def test_a_soft_objective_promises_less() -> None:
    everything = frozenset(Promise) - {Promise.COOPERATIVE_SAFE}

    assert StickyAssignor().promises == everything
    soft = StickyAssignor(soft=Soft(move=16)).promises
    assert soft == everything - {Promise.BALANCED, Promise.MINIMAL_MOVES}
    assert Promise.BALANCED not in CooperativeStickyAssignor(soft=Soft(move=16)).promises


def test_soft_moves_what_pays() -> None:
    # From 6 and 0: the first move saves 2 * (6 - 0 - 1) = 10, the next 6, the next 2.
    cluster = ClusterMetadata({"a": 6})
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(6)}), generation_id=1),
        "m2": Subscription(topics=["a"]),
    }

    moves = {
        price: StickyAssignor(soft=Soft(move=price)).plan(cluster, members).moves
        for price in (0, 1, 2, 5, 6, 9, 10, 11)
    }

    # At the very price nothing moves.
    assert moves == {0: 3, 1: 3, 2: 2, 5: 2, 6: 1, 9: 1, 10: 0, 11: 0}


def test_a_chain_moves_much_less_for_a_little_less_balance() -> None:
    """Each member shares a topic with the next one only, and a tenth of them leaves."""
    cluster = ClusterMetadata({f"t{n:03}": 100 for n in range(100)})
    members = {
        f"m{n:03}": Subscription(topics=[f"t{n:03}", f"t{(n + 1) % 100:03}"]) for n in range(100)
    }
    fresh = StickyAssignor("contiguous").assign(cluster, members)
    gone = {f"m{n:03}" for n in range(4, 100, 10)}
    left = {m: each for m, each in own(members, fresh).items() if m not in gone}

    strict = StickyAssignor().plan(cluster, left)
    soft = StickyAssignor(soft=Soft(move=16)).plan(cluster, left)

    assert load_range(strict.assignment) == (111, 112)
    assert strict.fewest_moves
    assert soft.fewest_moves
    assert soft.moves < strict.moves / 3
    assert load_range(soft.assignment)[1] < 140
    cost = [Soft(move=16).cost(imbalance(p.assignment), p.moves) for p in (strict, soft)]
    assert cost[1] < cost[0]
