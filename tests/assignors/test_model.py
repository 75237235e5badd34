"""The vocabulary: immutable, checked once, comparable, and plain to read."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription


def test_cluster_metadata_is_sorted_frozen_and_hashable() -> None:
    cluster = ClusterMetadata({"b": 2, "a": 1}, racks={"a": [frozenset({"r1"})]})

    assert list(cluster.partitions) == ["a", "b"]
    assert cluster == ClusterMetadata({"a": 1, "b": 2}, racks={"a": (frozenset({"r1"}),)})
    assert hash(cluster) == hash(pickle.loads(pickle.dumps(cluster)))
    assert cluster != ClusterMetadata({"a": 1, "b": 2})
    with pytest.raises(TypeError):
        cluster.partitions["a"] = 3  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        cluster.partitions = {}  # type: ignore[misc]


def test_cluster_metadata_does_not_follow_its_source() -> None:
    counts = {"a": 1}
    cluster = ClusterMetadata(counts)
    counts["a"] = 5

    assert cluster.partitions["a"] == 1


@pytest.mark.parametrize(
    ("partitions", "racks", "error"),
    [
        ({"a": -1}, {}, ValueError),
        ({"a": 2**31}, {}, ValueError),
        ({"a": 1.5}, {}, TypeError),
        ({"a": True}, {}, TypeError),
        ({"": 1}, {}, ValueError),
        ({1: 1}, {}, TypeError),
        ({"a": 1}, {"b": []}, ValueError),
        ({"a": 2}, {"a": [frozenset()]}, ValueError),
    ],
)
def test_cluster_metadata_refuses_nonsense(
    partitions: Any, racks: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"topic|count|racks"):
        ClusterMetadata(partitions, racks)


def test_subscription_drops_duplicate_topics_and_keeps_their_order() -> None:
    subscription = Subscription(topics=["b", "a", "b"])

    assert subscription.topics == ("b", "a")
    assert subscription == Subscription(topics=("b", "a"))
    assert hash(subscription) == hash(Subscription(topics=("b", "a")))


def test_subscription_takes_any_partitions_and_bytes() -> None:
    subscription = Subscription(
        topics=["a"],
        owned=[("a", 1)],  # type: ignore[arg-type]
        user_data=bytearray(b"x"),  # type: ignore[arg-type]
    )

    assert subscription.owned == PartitionSet({"a": [1]})
    assert subscription.user_data == b"x"
    assert Subscription(topics=[], user_data=None).user_data is None


def test_subscription_refuses_one_topic_given_as_a_str() -> None:
    with pytest.raises(TypeError, match="sequence of names"):
        Subscription(topics="orders")
    with pytest.raises(TypeError):
        Subscription(["orders"])  # type: ignore[call-arg]


def test_group_assignment_is_a_mapping_in_member_order() -> None:
    plan = GroupAssignment({"m2": [("a", 1)], "m1": PartitionSet()}, user_data={"m2": b"x"})

    assert list(plan) == ["m1", "m2"]
    assert plan["m2"] == {("a", 1)}
    assert plan.user_data == {"m2": b"x"}
    assert plan == {"m1": set(), "m2": {("a", 1)}}
    assert plan != GroupAssignment({"m1": [], "m2": [("a", 1)]})
    assert hash(plan) == hash(pickle.loads(pickle.dumps(plan)))
    assert plan == pickle.loads(pickle.dumps(plan))
    assert "a: [1]" in repr(plan)


def test_group_assignment_refuses_user_data_for_strangers() -> None:
    with pytest.raises(ValueError, match="'m9'"):
        GroupAssignment({"m1": []}, user_data={"m9": b""})
