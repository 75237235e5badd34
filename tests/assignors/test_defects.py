"""Defects that Kafka clients of other languages and libraries have, or had; each one kept here.

Found by running aiokafka 0.14.0, kafka-python 3.0.12 and Apache Kafka's Java classes of 2024.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from assignors.codec import encode_subscription, wire_version
from assignors.cooperative import CooperativeStickyAssignor
from assignors.interface import Assignor, RebalanceProtocol, assignor_user_data, run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import imbalance, movements
from assignors.range import RangeAssignor
from assignors.round_robin import RoundRobinAssignor
from assignors.sticky import StickyAssignor

STICKY: tuple[Assignor, ...] = (StickyAssignor(), StickyAssignor("topic"))
KAFKAS: tuple[Assignor, ...] = (RangeAssignor(), RoundRobinAssignor(), *STICKY)


def member(
    topics: str, owned: dict[str, list[int]] | None = None, generation_id: int = -1
) -> Subscription:
    return Subscription(
        topics=list(topics), owned=PartitionSet(owned or {}), generation_id=generation_id
    )


@pytest.mark.parametrize("assignor", KAFKAS, ids=lambda each: each.name)
def test_disjoint_subscriptions(assignor: Assignor) -> None:
    """kafka-python roundrobin: KeyError in the leader."""
    cluster = ClusterMetadata({"a": 2, "b": 2})

    plan = run_assignor(assignor, cluster, {"m1": member("a"), "m2": member("b")})

    assert plan == {"m1": PartitionSet({"a": range(2)}), "m2": PartitionSet({"b": range(2)})}


@pytest.mark.parametrize("assignor", KAFKAS, ids=lambda each: each.name)
def test_static_dynamic_static_in_arrival_order(assignor: Assignor) -> None:
    """kafka-python range and roundrobin: the first static member gets nothing."""
    members = {
        "m1": Subscription(topics=["a"], group_instance_id="i1"),
        "m2": Subscription(topics=["a"]),
        "m3": Subscription(topics=["a"], group_instance_id="i3"),
    }

    plan = run_assignor(assignor, ClusterMetadata({"a": 3}), members)

    assert [len(each) for each in plan.values()] == [1, 1, 1]


@pytest.mark.parametrize("assignor", STICKY)
def test_a_stale_claim_of_a_member_not_subscribed(assignor: Assignor) -> None:
    """aiokafka, kafka-python and Java of 2024: a0 goes to m2, which is not subscribed to a."""
    cluster = ClusterMetadata({"a": 4, "b": 1, "c": 1})
    members = {
        "m1": member("a", {"a": [0, 1, 2, 3]}, 5),
        "m2": member("bc", {"a": [0, 1]}, 4),
        "m3": member("abc", {}, 5),
    }

    plan = run_assignor(assignor, cluster, members)

    assert plan["m2"].topics == ("b", "c")
    assert imbalance(plan) == 12
    assert movements(cluster, members, plan) == 2


@pytest.mark.parametrize("assignor", STICKY)
def test_a_stale_claim_on_what_two_others_share(assignor: Assignor) -> None:
    """The same three: KeyError."""
    cluster = ClusterMetadata({"a": 4, "b": 1})
    members = {
        "m1": member("a", {"a": [0, 1, 2, 3]}, 5),
        "m2": member("a", {}, 5),
        "m3": member("b", {"a": [0], "b": [0]}, 4),
    }

    plan = run_assignor(assignor, cluster, members)

    assert [len(each) for each in plan.values()] == [2, 2, 1]
    assert plan["m3"] == {("b", 0)}
    assert movements(cluster, members, plan) == 2


def test_a_partition_claimed_by_two_live_members() -> None:
    """kafka-python cooperative-sticky: it is handed over at once."""
    cluster = ClusterMetadata({"a": 2})
    members = {"m1": member("a", {"a": [0, 1]}, 3), "m2": member("a", {"a": [0]}, 3)}

    plan = run_assignor(
        CooperativeStickyAssignor(), cluster, members, protocol=RebalanceProtocol.COOPERATIVE
    )

    assert ("a", 0) not in plan["m1"] | plan["m2"]
    assert plan["m1"] == {("a", 1)}


@pytest.mark.parametrize("order", [("m1", "m2"), ("m2", "m1")])
def test_stale_generations_do_not_go_by_arrival(order: tuple[str, str]) -> None:
    """kafka-python cooperative-sticky: whoever arrives last wins."""
    members = {"m1": member("a", {"a": [0]}, 4), "m2": member("a", {"a": [0]}, 5)}

    target = CooperativeStickyAssignor().target(
        ClusterMetadata({"a": 1}), {name: members[name] for name in order}
    )

    assert target == {"m1": set(), "m2": {("a", 0)}}


def test_the_generation_reaches_the_wire() -> None:
    """kafka-python cooperative-sticky and aiokafka sticky: it is always -1; aiokafka speaks v0."""
    mine = Subscription(topics=["a"], generation_id=6)
    data = encode_subscription(mine)

    assert wire_version(data) == 3
    assert b"\0\0\0\x06" in data
    for assignor in (CooperativeStickyAssignor(), StickyAssignor()):
        assert assignor_user_data(assignor, ["a"], PartitionSet(), 6).endswith(b"\0\0\0\x06")


def test_assignors_hold_no_state() -> None:
    """aiokafka sticky: state on the class, shared by all consumers of the process."""
    cluster, members = ClusterMetadata({"a": 4}), {"m1": member("a"), "m2": member("a")}
    assignor = StickyAssignor()
    before = assignor.assign(cluster, members)

    assignor.assign(cluster, {"m2": member("a", {"a": [0, 1]}, 8)})

    assert assignor.assign(cluster, members) == before
    assert [each.name for each in fields(assignor)] == ["spread", "budget", "soft", "solver"]
    assert not hasattr(assignor, "__dict__")


@pytest.mark.parametrize("assignor", KAFKAS, ids=lambda each: each.name)
def test_a_topic_listed_twice(assignor: Assignor) -> None:
    """aiokafka and kafka-python range: partitions are left to nobody."""
    members = {"m1": Subscription(topics=["a", "a"]), "m2": Subscription(topics=["a"])}

    plan = run_assignor(assignor, ClusterMetadata({"a": 5}), members)

    assert sorted(len(each) for each in plan.values()) == [2, 3]


@pytest.mark.parametrize(
    "assignor",
    [StickyAssignor("topic"), CooperativeStickyAssignor("topic")],
    ids=lambda each: each.name,
)
def test_two_topics_and_two_members_do_not_clump(assignor: Assignor) -> None:
    """KAFKA-16277, aiokafka and kafka-python sticky: each member gets one whole topic."""
    cluster = ClusterMetadata({"a": 12, "b": 12})

    plan = run_assignor(assignor, cluster, {"m1": member("ab"), "m2": member("ab")})

    assert [each.counts for each in plan.values()] == [(6, 6), (6, 6)]
