"""Under the cooperative protocol: two rebalances, moves that count once, and then the best plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings

from assignors.errors import AssignorError
from assignors.interface import Promise, RebalanceProtocol, resolve, run_assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.optimized import CooperativeOptimizedAssignor, Infeasible, OptimizedAssignor
from assignors.optimized.member_data import decode

from .models import middling
from .oracle import Case, by_partition, cases, few
from .test_exact import NEAR


def speaking(members: Mapping[str, Subscription]) -> dict[str, Subscription]:
    """Members that say what they own in the subscription, as cooperative ones do."""
    result = {}
    for member, each in members.items():
        said = decode(each.user_data)
        owned = each.owned or (said.held if said is not None else PartitionSet())
        result[member] = replace(each, owned=owned)
    return result


def rejoined(
    members: Mapping[str, Subscription], plan: GroupAssignment, generation_id: int
) -> dict[str, Subscription]:
    """The members after the plan: what it takes away is revoked, what it gives is theirs."""
    return {
        member: replace(each, owned=plan[member], generation_id=generation_id)
        for member, each in members.items()
    }


def played(
    case: Case, assignor: CooperativeOptimizedAssignor, rounds: int
) -> list[GroupAssignment]:
    members, plans = dict(case.members), []
    for number in range(rounds):
        plan = run_assignor(assignor, case.cluster, members, protocol=RebalanceProtocol.COOPERATIVE)
        members = rejoined(members, plan, 5 + number)
        plans.append(plan)
    return plans


def cooperative(case: Case, **more: int) -> CooperativeOptimizedAssignor:
    return CooperativeOptimizedAssignor(
        objective=case.objective, constraints=case.constraints, **more
    )


@settings(few, max_examples=150)
@given(cases())
def test_two_rebalances_lead_to_the_best_plan(drawn: Case) -> None:
    case = replace(drawn, members=speaking(drawn.members))
    assignor = cooperative(case)
    try:
        first = assignor.solve(case.cluster, case.members)
    except AssignorError:
        return
    if not first.proven:
        return
    plans = played(case, assignor, 2)
    final = by_partition(plans[1])

    assert set(final) == set(case.partitions), "nothing is withheld any more"
    assert case.feasible(by_partition(first.assignment))
    assert first.objective == pytest.approx(float(case.best() or 0), abs=NEAR)
    after = replace(case, members=rejoined(case.members, plans[0], 5))
    assert after.cost(final) <= (after.best() or 0) + NEAR
    moved = sum(final[p] != member for p, member in case.owners.items())
    planned = by_partition(first.assignment)
    assert moved <= sum(planned[p] != member for p, member in case.owners.items())
    if case.constraints.max_moves is not None:
        assert moved <= case.constraints.max_moves


@pytest.mark.parametrize("moves", [None, 7])
@pytest.mark.parametrize("seed", range(3))
def test_also_where_nothing_is_proven(seed: int, moves: int | None) -> None:
    case = middling(
        seed,
        constraints={
            "max_moves": moves,
            "together": [{"what": ["a", "b"], "by_number": True, "cost": 1}],
        },
    )
    assignor = cooperative(case, work_limit=5)
    target = by_partition(assignor.solve(case.cluster, case.members).assignment)
    plans = played(case, assignor, 2)
    final = by_partition(plans[1])

    assert len(final) == 60, "nothing is withheld any more"
    moved = {p for p, member in case.owners.items() if final[p] != member}
    assert moved <= {p for p, member in case.owners.items() if target[p] != member}
    assert moves is None or len(moved) <= moves


def test_a_moved_partition_counts_once_not_in_both_rebalances() -> None:
    cluster = ClusterMetadata({"a": 12})
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(12)}), generation_id=1),
        "m2": Subscription(topics=["a"]),
    }
    assignor = CooperativeOptimizedAssignor(constraints={"max_moves": 4})
    first = run_assignor(assignor, cluster, members)
    second = run_assignor(assignor, cluster, rejoined(members, first, 2))
    third = run_assignor(assignor, cluster, rejoined(members, second, 3))

    assert {member: len(each) for member, each in first.items()} == {"m1": 8, "m2": 0}
    assert {member: len(each) for member, each in second.items()} == {"m1": 8, "m2": 4}
    assert second["m1"] == first["m1"]
    # Whatever brings the next rebalance, it has four moves of its own.
    assert {member: len(each) for member, each in third.items()} == {"m1": 6, "m2": 4}


def test_it_is_found_by_name_and_promises_what_it_keeps() -> None:
    assignor = resolve("cooperative-optimized")

    assert isinstance(assignor, CooperativeOptimizedAssignor)
    assert assignor.name == "cooperative-optimized"
    assert assignor.protocols == (RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER)
    inner = OptimizedAssignor()
    assert assignor.promises == inner.promises | {Promise.COOPERATIVE_SAFE}
    said = decode(assignor.user_data(["a"], PartitionSet({"a": [1]}), 3))
    assert said is not None
    assert said.fingerprint == inner.fingerprint


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cooperative", [False, True])
@pytest.mark.parametrize("limited", [False, True])
def test_bundles_that_must_move_have_no_price_that_stops_them(
    seed: int, cooperative: bool, limited: bool
) -> None:
    # Partitions tied together belong to several owners, so some move whatever a move costs.
    chance = Random(seed)
    counts = {"a": chance.randrange(4, 40), "b": chance.randrange(4, 40)}
    names = [f"m{at}" for at in range(chance.randrange(2, 6))]
    owned: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    for topic, count in counts.items():
        for partition in range(count):
            if chance.random() < 0.8:
                owned[chance.choice(names)].append((topic, partition))
    members = {
        name: Subscription(topics=["a", "b"], owned=PartitionSet(held), generation_id=1)
        for name, held in owned.items()
    }
    kind = CooperativeOptimizedAssignor if cooperative else OptimizedAssignor
    assignor = kind(
        objective={
            "weights": {
                topic: [chance.randrange(1, 100) for _ in range(count)]
                for topic, count in counts.items()
            }
        },
        constraints={
            "together": [{"what": ["a", "b"], "by_number": True}],
            "max_moves": chance.randrange(60) if limited else None,
        },
        work_limit=3,
    )
    try:
        solution = assignor.solve(ClusterMetadata(counts), members)
    except Infeasible:
        if limited:
            return
        raise
    holder = {each: m for m, held in solution.assignment.items() for each in held}
    for number in range(min(counts.values())):
        assert holder["a", number] == holder["b", number]
