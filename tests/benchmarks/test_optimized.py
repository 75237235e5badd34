"""The instances of the optimisation benchmark are what they are said to be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from assignors import PartitionSet, StickyAssignor
from assignors.optimized.solve import DEFAULT_WORK
from benchmarks.optimized import (
    INSTANCES,
    MOVEMENT,
    RACK_MISS,
    RACKS,
    Group,
    Instance,
    flow_hint,
    made,
    promises,
    sticky_plan,
)


@pytest.mark.parametrize("name", ["300x20", "3000x100"])
def test_an_instance(name: str) -> None:
    instance = INSTANCES[name]
    group = made(instance)
    again = made(instance)
    assert (group.cluster, group.members) == (again.cluster, again.members)
    assert sum(group.cluster.partitions.values()) == instance.partitions
    assert len(group.members) == instance.members
    owned = [partition for each in group.members.values() for partition in each.owned]
    assert len(owned) == len(set(owned)) == instance.partitions
    assert {each.rack_id for each in group.members.values()} == set(RACKS)
    weights = group.objective.to_data()["weights"]
    flat = [weight for topic in weights for weight in weights[topic]]
    assert (len(flat), min(flat), max(flat)) == (instance.partitions, 1, 100)
    assert group.constraints.max_moves == instance.partitions // 10
    assert len(group.constraints.capacity) == instance.members


def test_promises_are_kept_or_missed() -> None:
    found = {
        "seconds": 9.0,
        "peak_kib": 1024,
        "objective": 10.0,
        "bound": 9.0,
        "gap": 0.1,
        "proven": False,
        "hint": 10.0,
    }
    kept = dict(promises(INSTANCES["300x20"], found))
    assert kept == {
        "within 10 s": True,
        "under 4 GiB": True,
        "no worse than the hint": True,
        "proven, or within 0.1%": False,
    }
    assert dict(promises(INSTANCES["10000x1000"], found))["better than the hint"] is False


def cost_by_definition(group: Group, plan: Mapping[str, PartitionSet]) -> float:
    """Load by load, move by move, miss by miss, with no solver's code."""
    weights = group.objective.to_data()["weights"]
    flat = [weight for topic in weights for weight in weights[topic]]
    average = sum(flat) / len(flat)
    shares = {each.who.member: each.capacity.share for each in group.constraints.capacity}
    mean = sum(shares.values()) / len(shares)
    cost = 0.0
    for member, mine in plan.items():
        load = sum(weights[topic][number] for topic, number in mine) / average
        cost += load**2 / (shares[member] / mean)
        cost += MOVEMENT * len(mine - group.members[member].owned)
        rack = group.members[member].rack_id
        cost += RACK_MISS * sum(rack not in group.cluster.racks[t][n] for t, n in mine)
    return cost


def test_the_column_sticky_is_what_stickys_own_plan_costs() -> None:
    group = made(Instance(partitions=300, members=20, work=None, seconds=0))
    plan = StickyAssignor().assign(group.cluster, group.members)
    flow_start = group.assignor(0).solve(group.cluster, group.members).objective

    assert sticky_plan(group) == pytest.approx(cost_by_definition(group, plan), rel=1e-4)
    assert sticky_plan(group) > 1.1 * flow_start


def test_the_default_limit_is_enough_to_be_as_good_as_the_hint() -> None:
    group = made(INSTANCES["10000x100-default"])
    found = group.assignor(None).solve(group.cluster, group.members)

    assert found.objective <= flow_hint(group)
    assert found.work <= DEFAULT_WORK + 5
