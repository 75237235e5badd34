"""`roundrobin` gives what Kafka's RoundRobinAssignor gives."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from assignors.interface import run_assignor
from assignors.model import ClusterMetadata, Subscription
from assignors.ordering import dealing_order
from assignors.round_robin import RoundRobinAssignor

from .groups import Group, groups, own, quick

Plan = dict[str, list[tuple[str, int]]]


def subscribed(*topics: str, instance: str | None = None) -> Subscription:
    return Subscription(topics=topics, group_instance_id=instance)


@pytest.mark.parametrize(
    ("cluster", "members", "expected"),
    [
        # The two examples of the documentation of RoundRobinAssignor.
        (
            {"t0": 3, "t1": 3},
            {"C0": subscribed("t0", "t1"), "C1": subscribed("t0", "t1")},
            {
                "C0": [("t0", 0), ("t0", 2), ("t1", 1)],
                "C1": [("t0", 1), ("t1", 0), ("t1", 2)],
            },
        ),
        (
            {"t0": 1, "t1": 2, "t2": 3},
            {
                "C0": subscribed("t0"),
                "C1": subscribed("t0", "t1"),
                "C2": subscribed("t0", "t1", "t2"),
            },
            {
                "C0": [("t0", 0)],
                "C1": [("t1", 0)],
                "C2": [("t1", 1), ("t2", 0), ("t2", 1), ("t2", 2)],
            },
        ),
        # Its example of static membership: restarts keep their places.
        (
            {"t0": 3, "t1": 3},
            {
                "C5": subscribed("t0", "t1", instance="I0"),
                "C3": subscribed("t0", "t1", instance="I1"),
                "C4": subscribed("t0", "t1", instance="I2"),
            },
            {
                "C5": [("t0", 0), ("t1", 0)],
                "C3": [("t0", 1), ("t1", 1)],
                "C4": [("t0", 2), ("t1", 2)],
            },
        ),
        ({"t": 0}, {"a": subscribed("t", "gone")}, {"a": []}),
        ({"t": 3}, {}, {}),
    ],
)
def test_examples(
    cluster: dict[str, int], members: dict[str, Subscription], expected: Plan
) -> None:
    plan = run_assignor(RoundRobinAssignor(), ClusterMetadata(cluster), members)

    assert {member: list(partitions) for member, partitions in plan.items()} == expected


def by_the_book(group: Group) -> dict[str, set[tuple[str, int]]]:
    """One partition at a time around the circle of members."""
    cluster, members = group
    plan: dict[str, set[tuple[str, int]]] = {member: set() for member in members}
    circle = itertools.cycle(dealing_order(members))
    for topic, count in sorted(cluster.partitions.items()):
        if not any(topic in each.topics for each in members.values()):
            continue
        for partition in range(count):
            member = next(m for m in circle if topic in members[m].topics)
            plan[member].add((topic, partition))
    return plan


@quick
@given(groups(max_partitions=9, max_members=6))
def test_equals_the_description(group: Group) -> None:
    assert run_assignor(RoundRobinAssignor(), *group) == by_the_book(group)


@quick
@given(groups())
def test_member_order_and_claims_do_not_matter(group: Group) -> None:
    cluster, members = group
    plan = run_assignor(RoundRobinAssignor(), cluster, members)

    assert run_assignor(RoundRobinAssignor(), cluster, dict(reversed(members.items()))) == plan
    assert run_assignor(RoundRobinAssignor(), cluster, own(members, plan)) == plan
