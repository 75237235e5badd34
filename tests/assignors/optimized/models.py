"""Models for the tests of solvers: of the oracle's tiny cases, and of groups of middling size."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from assignors.claims import settle
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.optimized import Constraints, Objective
from assignors.optimized.compile import Compiler
from assignors.optimized.member_data import decode, holding
from assignors.optimized.model import Ints, Model
from assignors.optimized.people import members_of

from .oracle import Case


def model_of(case: Case) -> Model:
    """As `OptimizedAssignor.solve` makes it."""
    said = {member: decode(each.user_data) for member, each in case.members.items()}
    settled = settle(case.cluster, {m: holding(each) for m, each in case.members.items()})
    people = members_of(case.members, said, case.constraints)
    return Compiler(case.cluster, settled, people, case.objective, case.constraints).model()


def middling(
    seed: int,
    *,
    partitions: int = 60,
    members: int = 6,
    objective: dict[str, Any] | None = None,
    constraints: dict[str, Any] | None = None,
) -> Case:
    """Three topics, three racks, random owners and subscriptions; weights 1 to 100 by default."""
    random = Random(seed)
    each = partitions // 3
    topics = ["a", "b", "c"]
    racks = {t: [frozenset(random.sample("xyz", 2)) for _ in range(each)] for t in topics}
    weights = {t: [random.randint(1, 100) for _ in range(each)] for t in topics}
    ids = [f"m{number:02d}" for number in range(members)]
    held: dict[str, list[tuple[str, int]]] = {member: [] for member in ids}
    for topic in topics:
        for number in range(each):
            held[random.choice(ids)].append((topic, number))
    group = {
        member: Subscription(
            topics=topics if number % 3 else random.sample(topics, 2),
            owned=PartitionSet(held[member]),
            generation_id=4,
            rack_id="xyz"[number % 3],
        )
        for number, member in enumerate(ids)
    }
    return Case(
        ClusterMetadata(dict.fromkeys(topics, each), racks),
        group,
        Objective.from_data({"weights": weights, "movement": 0.2, "rack": 1} | (objective or {})),
        Constraints.from_data(constraints or {}),
    )


def random_plan(model: Model, seed: int) -> Ints:
    """Each unit with somebody who may take it."""
    random = Random(seed)
    return np.array(
        [random.choice(np.flatnonzero(model.allowed[row]).tolist()) for row in model.row.tolist()],
        dtype=np.int64,
    )
