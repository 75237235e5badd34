"""`range` gives what Kafka's RangeAssignor gives to a group without racks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from assignors.interface import run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.ordering import dealing_order
from assignors.range import RangeAssignor

from .groups import Group, groups, own, quick

Plan = dict[str, dict[str, list[int]]]


def plan_of(cluster: dict[str, int], members: dict[str, Subscription]) -> Plan:
    plan = run_assignor(RangeAssignor(), ClusterMetadata(cluster), members)
    return {
        member: {topic: ids.tolist() for topic, ids in each.by_topic.items()}
        for member, each in plan.items()
    }


def subscribed(*topics: str, instance: str | None = None) -> Subscription:
    return Subscription(topics=topics, group_instance_id=instance)


@pytest.mark.parametrize(
    ("cluster", "members", "expected"),
    [
        # The example of the documentation of RangeAssignor.
        (
            {"t0": 3, "t1": 3},
            {"C0": subscribed("t0", "t1"), "C1": subscribed("t0", "t1")},
            {"C0": {"t0": [0, 1], "t1": [0, 1]}, "C1": {"t0": [2], "t1": [2]}},
        ),
        # More members than partitions: the last ones get nothing.
        (
            {"t": 2},
            {"c": subscribed("t"), "a": subscribed("t"), "b": subscribed("t")},
            {"a": {"t": [0]}, "b": {"t": [1]}, "c": {}},
        ),
        # The first members get one more.
        (
            {"t": 8},
            {"a": subscribed("t"), "b": subscribed("t"), "c": subscribed("t")},
            {"a": {"t": [0, 1, 2]}, "b": {"t": [3, 4, 5]}, "c": {"t": [6, 7]}},
        ),
        # Static members first, by instance id; then dynamic ones, by member id.
        (
            {"t": 4},
            {
                "m0": subscribed("t"),
                "m1": subscribed("t", instance="z"),
                "m2": subscribed("t"),
                "m3": subscribed("t", instance="y"),
            },
            {"m0": {"t": [2]}, "m1": {"t": [1]}, "m2": {"t": [3]}, "m3": {"t": [0]}},
        ),
        # Unknown topics, topics without partitions, topics without subscribers.
        ({"t": 0, "u": 3}, {"a": subscribed("t", "gone")}, {"a": {}}),
        ({}, {}, {}),
        # A topic listed twice counts once.
        (
            {"t": 4},
            {"a": subscribed("t", "t"), "b": subscribed("t")},
            {"a": {"t": [0, 1]}, "b": {"t": [2, 3]}},
        ),
        # Java orders by UTF-16 units: U+1F600 comes before U+FF5E.
        (
            {"t": 1},
            {"\uff5e": subscribed("t"), "\U0001f600": subscribed("t")},
            {"\uff5e": {}, "\U0001f600": {"t": [0]}},
        ),
    ],
)
def test_examples(
    cluster: dict[str, int], members: dict[str, Subscription], expected: Plan
) -> None:
    assert plan_of(cluster, members) == expected


def by_the_book(group: Group) -> dict[str, set[tuple[str, int]]]:
    """One topic and one partition at a time, as the Java class describes itself."""
    cluster, members = group
    plan: dict[str, set[tuple[str, int]]] = {member: set() for member in members}
    for topic, count in cluster.partitions.items():
        subscribers = [m for m in dealing_order(members) if topic in members[m].topics]
        partitions = iter(range(count))
        for place, member in enumerate(subscribers):
            more = 1 if place < count % len(subscribers) else 0
            block = itertools.islice(partitions, count // len(subscribers) + more)
            plan[member] |= {(topic, partition) for partition in block}
    return plan


@quick
@given(groups(max_partitions=9, max_members=6))
def test_equals_the_description(group: Group) -> None:
    assert run_assignor(RangeAssignor(), *group) == by_the_book(group)


@quick
@given(groups())
def test_member_order_and_claims_do_not_matter(group: Group) -> None:
    cluster, members = group
    plan = run_assignor(RangeAssignor(), cluster, members)

    assert run_assignor(RangeAssignor(), cluster, dict(reversed(members.items()))) == plan
    assert run_assignor(RangeAssignor(), cluster, own(members, plan)) == plan


def test_co_partitioned_topics_stay_together() -> None:
    members = {f"m{number}": subscribed("orders", "payments") for number in range(5)}

    plan = run_assignor(RangeAssignor(), ClusterMetadata({"orders": 12, "payments": 12}), members)

    for partitions in plan.values():
        columns = partitions.by_topic
        assert columns["orders"].tolist() == columns["payments"].tolist()


def test_says_nothing_on_the_wire() -> None:
    plan = run_assignor(RangeAssignor(), ClusterMetadata({"t": 1}), {"a": subscribed("t")})

    assert plan.user_data == {}
    assert plan["a"] == PartitionSet({"t": [0]})
