"""Measures of a plan, on plans small enough to measure by eye."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.claims import Claim
from assignors.errors import PlanFault
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import (
    assess,
    imbalance,
    least_imbalance,
    load_range,
    loads,
    moved,
    movements,
    rack_misses,
    relative_loads,
    topic_skew,
    violations,
    weight_imbalance,
    weighted_loads,
    withheld,
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


# --- what weighs, what is spread, what is withheld ------------------------------------------------

WEIGHTS = {"a": [1.0, 2.0, 0.5]}  # a-3, beyond the end of the list, weighs 1


def test_weighted_loads() -> None:
    members = {"m1": Subscription(topics=["a"]), "m2": Subscription(topics=["a"])}

    assert weighted_loads(CLUSTER, members, PLAN, WEIGHTS) == {"m1": 3.5, "m2": 1.0}
    assert weighted_loads(CLUSTER, members, PLAN, {"a": 3, "b": 9}) == {"m1": 9.0, "m2": 3.0}
    assert weighted_loads(CLUSTER, members, PLAN) == loads(members, PLAN) == {"m1": 3, "m2": 1}
    assert loads(members, {}) == {"m1": 0, "m2": 0}


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), [1, 1, 1, float("nan")]])
def test_a_weight_that_is_none_is_named(weight: Any) -> None:
    members = {"m1": Subscription(topics=["a"])}
    with pytest.raises(ValueError, match="weight of the topic 'a' is negative or not finite"):
        weighted_loads(CLUSTER, members, PLAN, {"a": weight})


def test_weight_against_capacity() -> None:
    weighted = {"large": 6.0, "small": 2.0, "idle": 0.0}

    assert relative_loads(weighted) == {"large": 2.25, "small": 0.75, "idle": 0.0}
    assert relative_loads(weighted, {"large": 6, "small": 1}) == {
        "large": 1.0,
        "small": 2.0,
        "idle": 0.0,
    }
    assert weight_imbalance(weighted) == 40.0
    assert weight_imbalance(weighted, {"large": 6}) == 10.0
    assert relative_loads({"m": 0.0}) == {"m": 0.0}
    assert relative_loads({}) == {}


@pytest.mark.parametrize("share", [0, -1, float("nan"), float("inf")])
def test_a_capacity_that_is_none_is_named(share: float) -> None:
    with pytest.raises(ValueError, match=r"capacity of 'm' is .*: give a number above 0"):
        relative_loads({"m": 1.0}, {"m": share})
    with pytest.raises(ValueError, match="capacity of 'm'"):
        weight_imbalance({"m": 1.0}, {"m": share})


def test_topics_that_clump() -> None:
    cluster = ClusterMetadata({"a": 4, "b": 4, "c": 2, "nobodys": 3, "empty": 0})
    members = {
        "m1": Subscription(topics=["a", "b", "empty"]),
        "m2": Subscription(topics=["a", "b", "c", "gone"]),
    }
    plan = {
        "m1": PartitionSet({"a": range(4), "b": [0]}),
        "m2": PartitionSet({"b": [1, 2, 3], "c": [0, 1]}),
    }

    assert topic_skew(cluster, members, plan) == {"a": 4, "b": 2, "c": 0}
    assert topic_skew(cluster, members, {}) == {"a": 0, "b": 0, "c": 0}


def test_withheld() -> None:
    members = {"m1": Subscription(topics=["a", "gone"])}

    assert withheld(CLUSTER, members, {}) == PartitionSet({"a": range(4)})
    assert withheld(CLUSTER, members, PLAN) == PartitionSet({"a": [3]})


# --- all at once ---------------------------------------------------------------------------------


def test_an_account_of_a_plan() -> None:
    here, there = frozenset({"here"}), frozenset({"there"})
    cluster = ClusterMetadata({"a": 4}, racks={"a": [here, there, there, there]})
    members = {
        "m1": Subscription(
            topics=["a"], owned=PartitionSet({"a": [0, 3]}), generation_id=2, rack_id="here"
        ),
        "m2": Subscription(topics=["a"]),
    }

    quality = assess(cluster, members, PLAN, weights=WEIGHTS, capacity={"m1": 3})

    assert quality.valid
    assert (quality.imbalance, quality.least_imbalance, quality.balance_gap) == (10, 8, 2)
    assert (quality.settled, quality.movements) == (2, 1)
    assert (quality.rack_known, quality.rack_misses) == (3, 2)
    assert (quality.load_range, quality.worst_skew) == ((1, 3), 2)
    assert quality.withheld == PartitionSet()
    assert quality.weighted_loads == {"m1": 3.5, "m2": 1.0}
    assert quality.worst_relative_load == quality.relative_loads["m1"] == 3.5 / (4.5 * 3 / 4)


def test_an_account_of_nothing() -> None:
    quality = assess(ClusterMetadata({}), {}, {})

    assert quality.valid
    assert (quality.load_range, quality.worst_skew) == ((0, 0), 0)
    assert (quality.balance_gap, quality.worst_relative_load) == (0, 0)


def test_an_invalid_plan_is_measured_too() -> None:
    members = {"m1": Subscription(topics=["a"])}
    plan = {
        "m1": PartitionSet({"a": [0, 9], "b": [0]}),
        "stranger": PartitionSet({"a": [1]}),
    }

    quality = assess(CLUSTER, members, plan)

    assert not quality.valid
    assert quality.loads == {"m1": 3}
    assert quality.withheld == PartitionSet({"a": [1, 2, 3]})


@quick
@given(groups(), st.randoms(use_true_random=False))
def test_the_account_is_that_of_each_measure(group: Group, random: Random) -> None:
    cluster, members = group
    plan = a_plan(cluster, members, random)

    quality = assess(cluster, members, plan)

    assert quality.violations == ()
    assert quality.loads == loads(members, plan)
    assert quality.imbalance == imbalance(plan) == quality.weight_imbalance
    assert quality.least_imbalance == least_imbalance(cluster, members)
    assert quality.balance_gap >= 0
    assert quality.movements == movements(cluster, members, plan)
    assert quality.withheld == withheld(cluster, members, plan) == PartitionSet()
    assert quality.topic_skew == topic_skew(cluster, members, plan) == skew_by_hand(group, plan)


def a_plan(
    cluster: ClusterMetadata, members: Mapping[str, Subscription], random: Random
) -> dict[str, PartitionSet]:
    """Each partition to any of its subscribers."""
    given_to: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
    for topic, count in cluster.partitions.items():
        subscribers = sorted(m for m, each in members.items() if topic in each.topics)
        for partition in range(count if subscribers else 0):
            given_to[random.choice(subscribers)].append((topic, partition))
    return {member: PartitionSet(each) for member, each in given_to.items()}


def skew_by_hand(group: Group, plan: Mapping[str, PartitionSet]) -> dict[str, int]:
    found = {}
    for topic, count in group[0].partitions.items():
        held = [
            sum(each == topic for each, _ in plan[member])
            for member, subscription in group[1].items()
            if topic in subscription.topics
        ]
        if count and held:
            found[topic] = max(held) - min(held)
    return found
