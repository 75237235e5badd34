"""M06: a plan held against the rules, wherever it comes from, as a leader does once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.columns import Subscriptions
from assignors.cooperative import CooperativeStickyAssignor
from assignors.errors import InvalidPlanError, PlanFault
from assignors.flat import FlatIndex
from assignors.interface import Promise, RebalanceProtocol, checked_plan, run_assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.owners import OwnerColumn, assignment
from assignors.plans import plan_faults, validated

from .groups import Group, groups, quick

COOPERATIVE = RebalanceProtocol.COOPERATIVE
CLUSTER = ClusterMetadata({"t": 2})


class Safe:
    """Cooperative, and may withhold what is still claimed."""

    name = "safe"
    protocols = (COOPERATIVE,)
    promises = frozenset({Promise.COOPERATIVE_SAFE})

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Any:
        return {"a": [("t", 0)], "b": [("t", 1)]}


def parts(*ids: int) -> PartitionSet:
    return PartitionSet({"t": ids})


def owns(*ids: int) -> Subscription:
    """A subscriber of t that owns these."""
    return Subscription(topics=("t",), owned=parts(*ids))


@pytest.mark.parametrize(
    ("claims", "plan", "moved"),
    [
        ({"a": owns(0, 1), "b": owns()}, {"a": parts(0), "b": parts(1)}, [1]),
        ({"a": owns(0, 1), "b": owns()}, {"a": parts(0), "b": parts()}, []),
        ({"a": owns(0), "b": owns(1)}, {"a": parts(1), "b": parts(0)}, [0, 1]),
        ({"a": owns(0), "b": owns()}, {"a": parts(0), "b": parts(1)}, []),
        ({"a": owns(0), "b": owns(0)}, {"a": parts(0), "b": parts()}, []),
        ({"a": owns(0), "b": owns(0), "c": owns()}, {"c": parts(0)}, [0, 0]),
        ({}, {}, []),
    ],
)
def test_m06_what_is_still_owned_may_not_move(
    claims: dict[str, Subscription], plan: dict[str, PartitionSet], moved: list[int]
) -> None:
    faults = plan_faults(plan, CLUSTER, claims, "x", may_withhold=True, refuse_transfers=True)
    unsafe = [each for each in faults if each.fault is PlanFault.UNSAFE_TRANSFER]
    assert sorted(each.partition for each in unsafe if each.partition is not None) == moved


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        ({"a": parts(0), "b": parts(0)}, PlanFault.ASSIGNED_TWICE),
        ({"a": parts(0, 1), "b": parts(7)}, PlanFault.UNKNOWN_PARTITION),
        ({"a": parts(0), "ghost": parts(1)}, PlanFault.UNKNOWN_MEMBER),
        ({"a": parts(0), "b": parts()}, PlanFault.FORGOTTEN),
        ({"a": parts(), "b": parts(0, 1)}, PlanFault.UNSAFE_TRANSFER),
    ],
)
def test_a_plan_that_came_from_elsewhere_is_checked_alike(
    plan: dict[str, PartitionSet], fault: PlanFault
) -> None:
    members = {"a": owns(0), "b": owns()}
    with pytest.raises(InvalidPlanError) as caught:
        checked_plan(Safe(), CLUSTER, members, GroupAssignment(plan), protocol=COOPERATIVE)
    assert caught.value.fault is fault


def test_what_run_assignor_returns_passes_as_it_is() -> None:
    members = {"a": owns(0), "b": owns()}
    plan = run_assignor(Safe(), CLUSTER, members, protocol=COOPERATIVE)
    assert checked_plan(Safe(), CLUSTER, members, plan, protocol=COOPERATIVE) is plan


@quick
@given(groups(), st.data(), st.booleans(), st.booleans())
def test_a_column_is_judged_as_any_plan(
    group: Group, data: st.DataObject, may_withhold: bool, refuse_transfers: bool
) -> None:
    cluster, members = group
    columns = Subscriptions.of(members)
    index = columns.topics(cluster).index
    numbers = st.integers(-1, len(members) - 1)
    owner = data.draw(st.lists(numbers, min_size=index.size, max_size=index.size))
    if data.draw(st.booleans()):  # mostly right: random owners are hardly ever
        good = run_assignor(CooperativeStickyAssignor(), cluster, members)
        kept = OwnerColumn.of(good, index).owner.tolist()
        change = data.draw(st.integers(0, index.size))
        owner = [*kept[:change], *owner[change : change + 1], *kept[change + 1 :]]
    plan = assignment(index, columns.member_ids, np.array(owner, dtype=np.int32))
    plain = GroupAssignment({member: [*partitions] for member, partitions in plan.items()})

    def verdict(each: GroupAssignment) -> str:
        try:
            valid = validated(
                each,
                cluster,
                members,
                "x",
                may_withhold=may_withhold,
                refuse_transfers=refuse_transfers,
            )
        except InvalidPlanError as error:
            return str(error)
        assert valid is each
        return "valid"

    assert verdict(plan) == verdict(plain)


def test_a_column_of_another_cluster_is_not_believed() -> None:
    members = {"a": owns(), "b": owns()}
    grown = FlatIndex(ClusterMetadata({"t": 3}), ["t"])
    plan = assignment(grown, ["a", "b"], np.zeros(3, dtype=np.int32))

    with pytest.raises(InvalidPlanError) as caught:
        checked_plan(Safe(), CLUSTER, members, plan)
    assert caught.value.fault is PlanFault.UNKNOWN_PARTITION
    shrunk = FlatIndex(ClusterMetadata({"t": 1}), ["t"])
    with pytest.raises(InvalidPlanError) as caught:
        checked_plan(
            Safe(), CLUSTER, members, assignment(shrunk, ["a", "b"], np.zeros(1, np.int32))
        )
    assert caught.value.fault is PlanFault.FORGOTTEN
