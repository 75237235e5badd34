"""600 random groups with arbitrary subscriptions: every plan balanced, none with a move too many.

Six kinds of rebalances, a hundred each. Kafka's own assignors and those of other clients miss the
optimum in one group out of ten of this kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import get_args

import pytest

from assignors.interface import run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import imbalance, movements
from assignors.soft import Soft
from assignors.solver import Solver
from assignors.sticky import Spread, StickyAssignor

from .groups import Group, own

pytest.importorskip("networkx")

from .oracles import best_by_network_simplex, least_soft_cost

SOLVERS: tuple[Solver, ...] = ("flow", "own")
SPREADS = get_args(Spread)


def fresh(random: Random) -> Group:
    """Nobody owns anything yet."""
    topics = [f"t{n}" for n in range(random.randint(2, 6))]
    cluster = ClusterMetadata({topic: random.choice([1, 2, 3, 5, 9]) for topic in topics})
    members = {
        f"m{n}": Subscription(topics=random.sample(topics, random.randint(1, min(3, len(topics)))))
        for n in range(random.randint(2, 7))
    }
    return cluster, members


def _after(change: Callable[[Random, Group], Group]) -> Callable[[Random], Group]:
    """A group that was assigned, and then changed."""

    def group(random: Random) -> Group:
        cluster, members = fresh(random)
        plan = StickyAssignor(random.choice(SPREADS), solver="own").assign(cluster, members)
        return change(random, (cluster, own(members, plan)))

    return group


def _join(random: Random, group: Group) -> Group:
    cluster, members = group
    topics = sorted(cluster.partitions)
    joined = {
        f"n{n}": Subscription(topics=random.sample(topics, random.randint(1, len(topics))))
        for n in range(random.randint(1, 3))
    }
    return cluster, {**members, **joined}


def _leave(random: Random, group: Group) -> Group:
    cluster, members = group
    left = random.sample(sorted(members), random.randint(1, len(members) - 1))
    return cluster, {member: members[member] for member in left}


def _change(random: Random, group: Group) -> Group:
    cluster, members = group
    topics = sorted(cluster.partitions)
    changed = {
        member: replace(members[member], topics=random.sample(topics, random.randint(1, 2)))
        for member in random.sample(sorted(members), random.randint(1, 2))
    }
    return cluster, {**members, **changed}


def _grow(random: Random, group: Group) -> Group:
    cluster, members = group
    grown = {t: n + random.choice([0, 0, 1, 4, 8]) for t, n in cluster.partitions.items()}
    return ClusterMetadata(grown), members


def random_prior(random: Random) -> Group:
    """Owned by anybody who is subscribed, or by nobody."""
    cluster, members = fresh(random)
    owned: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
    for topic, count in cluster.partitions.items():
        subscribers = [m for m, each in members.items() if topic in each.topics][:3]
        for partition in range(count):
            if subscribers and random.random() < 0.9:
                owned[random.choice(subscribers)].append((topic, partition))
    return cluster, own(members, {m: PartitionSet(each) for m, each in owned.items()})


KINDS: Mapping[str, Callable[[Random], Group]] = {
    "fresh": fresh,
    "join": _after(_join),
    "leave": _after(_leave),
    "subscription change": _after(_change),
    "new partitions": _after(_grow),
    "random prior": random_prior,
}


def assignor(solver: Solver, random: Random, soft: Soft | None = None) -> StickyAssignor:
    if solver == "flow":
        pytest.importorskip("ortools")
    return StickyAssignor(random.choice(SPREADS), solver=solver, soft=soft)


@pytest.mark.parametrize("tens", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_is_optimal(kind: str, tens: int) -> None:
    for seed in range(10 * tens, 10 * tens + 10):
        cluster, members = KINDS[kind](Random(seed))
        best = best_by_network_simplex(cluster, members)
        for solver in SOLVERS:
            sticky = assignor(solver, Random(seed))
            plan = run_assignor(sticky, cluster, members)
            said = sticky.plan(cluster, members)

            assert (imbalance(plan), movements(cluster, members, plan)) == best, (seed, sticky)
            assert (said.assignment, said.moves, said.fewest_moves) == (plan, best[1], True)
            assert said.method in (solver, "quotas")


@pytest.mark.parametrize("kind", KINDS)
def test_soft_costs_least(kind: str) -> None:
    for seed in range(20):
        random = Random(seed)
        cluster, members = KINDS[kind](random)
        soft = Soft(balance=random.randint(1, 3), move=random.choice([0, 1, 2, 5, 12, 40]))
        best = least_soft_cost(cluster, members, balance=soft.balance, move=soft.move)
        for solver in SOLVERS:
            sticky = assignor(solver, random, soft)
            plan = run_assignor(sticky, cluster, members)
            again = sticky.plan(cluster, own(members, plan))

            cost = soft.cost(imbalance(plan), movements(cluster, members, plan))
            assert cost == best, (seed, sticky)
            assert sticky.plan(cluster, members).fewest_moves
            assert (again.assignment, again.moves) == (plan, 0)
