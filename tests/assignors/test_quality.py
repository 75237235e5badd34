"""Measures of a plan, on plans small enough to measure by eye."""

from __future__ import annotations

from hypothesis import given

from assignors.claims import Claim
from assignors.errors import PlanFault
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import (
    imbalance,
    least_imbalance,
    load_range,
    moved,
    movements,
    rack_misses,
    violations,
)

from .groups import Group, best_by_brute_force, groups, quick

CLUSTER = ClusterMetadata({"a": 4})
PLAN = {"m1": PartitionSet({"a": [0, 1, 2]}), "m2": PartitionSet({"a": [3]})}


def test_loads() -> None:
    assert imbalance(PLAN) == 10
    assert load_range(PLAN) == (1, 3)
    assert load_range({}) == (0, 0)


def test_all_violations_are_listed_in_order() -> None:
    members = {"m1": Subscription(topics=["a"]), "m2": Subscription(topics=["b"])}

    faults = violations(CLUSTER, members, {**PLAN, "m1": PartitionSet({"a": [0, 9]})})

    assert [(each.fault, each.topic, each.partition) for each in faults] == [
        (PlanFault.UNKNOWN_PARTITION, "a", 9),
        (PlanFault.NOT_SUBSCRIBED, "a", 3),
        (PlanFault.FORGOTTEN, "a", 1),
        (PlanFault.FORGOTTEN, "a", 2),
    ]


def test_withheld_and_transferred_partitions() -> None:
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": [3]})),
        "m2": Subscription(topics=["a"]),
    }
    without = {**PLAN, "m2": PartitionSet()}

    assert len(violations(CLUSTER, members, without)) == 1
    assert violations(CLUSTER, members, without, may_withhold=True) == ()
    assert violations(CLUSTER, members, PLAN) == ()
    (fault,) = violations(CLUSTER, members, PLAN, refuse_transfers=True)
    assert (fault.fault, fault.partition) == (PlanFault.UNSAFE_TRANSFER, 3)


def test_movements_are_counted_from_the_settled_owner() -> None:
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": [0, 3]}), generation_id=2),
        "m2": Subscription(topics=["a"], owned=PartitionSet({"a": [1, 3]}), generation_id=3),
    }

    assert movements(CLUSTER, members, PLAN) == 1  # 1 leaves m2; 3 was never settled on m1
    assert movements(CLUSTER, members, PLAN, {}) == 0
    claims = {"m1": Claim(partitions=PartitionSet({"a": [3]}))}
    assert movements(CLUSTER, members, PLAN, claims) == 1


def test_moved_partitions_between_two_plans() -> None:
    after = {"m1": PartitionSet({"a": [0]}), "m3": PartitionSet({"a": [1, 2, 3]})}

    assert moved(PLAN, after) == PartitionSet({"a": [1, 2, 3]})
    assert moved(PLAN, PLAN) == PartitionSet()


def test_rack_misses() -> None:
    here, there = frozenset({"here"}), frozenset({"there"})
    cluster = ClusterMetadata({"a": 4, "b": 1}, racks={"a": [here, there, frozenset(), there]})
    members = {
        "m1": Subscription(topics=["a"], rack_id="here"),
        "m2": Subscription(topics=["a"]),
        "m3": Subscription(topics=["b"], rack_id="here"),
    }

    plan = {**PLAN, "m3": PartitionSet({"b": [0]})}

    assert rack_misses(cluster, members, plan) == 1


@quick
@given(groups(max_partitions=2, max_members=3))
def test_least_imbalance_is_the_least(group: Group) -> None:
    assert least_imbalance(*group) == best_by_brute_force(group)[0]
