"""Who owns what: generations, conflicts, and claims that cannot count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.claims import Claim, claims_of, contested, settle, with_claim, with_claims
from assignors.codec import encode_sticky_user_data
from assignors.columns import Subscriptions
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.range import RangeAssignor

from .groups import Group, groups, quick

CLUSTER = ClusterMetadata({"a": 3, "b": 2})


def member(topics: str, owned: dict[str, list[int]], generation_id: int) -> Subscription:
    return Subscription(topics=list(topics), owned=PartitionSet(owned), generation_id=generation_id)


@pytest.mark.parametrize(
    ("members", "owner", "stale"),
    [
        # One claim, of any generation, makes an owner.
        ({"m1": member("a", {"a": [0]}, -1), "m2": member("a", {}, 7)}, "m1", None),
        # The highest generation wins; the older claim may break a tie.
        ({"m1": member("a", {"a": [0]}, 4), "m2": member("a", {"a": [0]}, 5)}, "m2", "m1"),
        # One generation claimed twice is owned by nobody.
        ({"m1": member("a", {"a": [0]}, 5), "m2": member("a", {"a": [0]}, 5)}, None, None),
        ({"m1": member("a", {"a": [0]}, -1), "m2": member("a", {"a": [0]}, -1)}, None, None),
        # An unknown generation is older than any known one.
        ({"m1": member("a", {"a": [0]}, -1), "m2": member("a", {"a": [0]}, 0)}, "m2", "m1"),
        # A negative one is unknown.
        ({"m1": member("a", {"a": [0]}, -5), "m2": member("a", {"a": [0]}, -1)}, None, None),
        # Whoever no longer subscribes owns nothing, yet the newer claim outdates the older.
        ({"m1": member("a", {"a": [0]}, 4), "m2": member("b", {"a": [0]}, 5)}, None, "m1"),
        # A stale claim counts only for a member still subscribed.
        ({"m1": member("b", {"a": [0]}, 4), "m2": member("a", {"a": [0]}, 5)}, "m2", None),
        # Of several older claims the newest counts.
        (
            {
                "m1": member("a", {"a": [0]}, 3),
                "m2": member("a", {"a": [0]}, 4),
                "m3": member("a", {"a": [0]}, 5),
            },
            "m3",
            "m2",
        ),
        # A conflict at the top leaves the older claim as a tie-break only.
        (
            {
                "m1": member("a", {"a": [0]}, 5),
                "m2": member("a", {"a": [0]}, 5),
                "m3": member("a", {"a": [0]}, 4),
            },
            None,
            "m3",
        ),
    ],
)
def test_one_partition(
    members: dict[str, Subscription], owner: str | None, stale: str | None
) -> None:
    settled = settle(CLUSTER, members)

    assert settled.owner_of("a", 0) == owner
    at = int(settled.index.numbers(PartitionSet({"a": [0]}))[0])
    number = int(settled.stale[at])
    assert (settled.member_ids[number] if number >= 0 else None) == stale


def test_what_does_not_exist_is_never_owned() -> None:
    members = {"m1": member("ac", {"a": [2, 3, 9], "c": [0]}, 5)}

    settled = settle(CLUSTER, members)

    assert settled.owned_by("m1") == PartitionSet({"a": [2]})
    assert settled.owner_of("a", 9) is None
    assert settled.owner_of("c", 0) is None


def test_conflicts_are_settled_partition_by_partition() -> None:
    members = {
        "m1": member("ab", {"a": [0, 1], "b": [0]}, 5),
        "m2": member("ab", {"a": [1, 2], "b": [0, 1]}, 4),
    }

    settled = settle(CLUSTER, members)

    assert settled.owned_by("m1") == PartitionSet({"a": [0, 1], "b": [0]})
    assert settled.owned_by("m2") == PartitionSet({"a": [2], "b": [1]})


def test_claims_can_come_from_elsewhere() -> None:
    members = {"m1": member("a", {"a": [0]}, 5), "m2": member("a", {}, -1)}
    claims = {"m2": Claim(partitions=PartitionSet({"a": [0, 1]}), generation_id=2)}

    settled = settle(CLUSTER, members, claims)

    assert settled.owned_by("m1") == PartitionSet()
    assert settled.owned_by("m2") == PartitionSet({"a": [0, 1]})
    assert claims_of(members)["m1"] == Claim(partitions=PartitionSet({"a": [0]}), generation_id=5)


def test_contested_counts_every_live_claim() -> None:
    members = {
        "m1": member("a", {"a": [0, 1]}, 5),
        "m2": member("b", {"a": [1, 2]}, 3),
    }
    index = Subscriptions.of(members).topics(CLUSTER).index

    assert contested(index, members).tolist() == [0, -2, 1, -1, -1]


def test_an_empty_group_settles_nothing() -> None:
    settled = settle(CLUSTER, {})

    assert settled.index.size == 0
    assert settled.owner.size == 0


def settled_by_the_book(group: Group) -> dict[tuple[str, int], str]:
    cluster, members = group
    owners = {}
    for topic, count in cluster.partitions.items():
        for partition in range(count):
            claims = [
                (max(each.generation_id, -1), name)
                for name, each in members.items()
                if (topic, partition) in each.owned
            ]
            top = [name for generation, name in claims if generation == max(claims)[0]]
            if len(top) == 1 and topic in members[top[0]].topics:
                owners[topic, partition] = top[0]
    return owners


@quick
@given(groups())
def test_equals_the_rule_applied_one_by_one(group: Group) -> None:
    settled = settle(*group)

    owners = {
        settled.index.partition(number): settled.member_ids[owner]
        for number, owner in enumerate(settled.owner.tolist())
        if owner >= 0
    }
    assert owners == settled_by_the_book(group)


@quick
@given(groups())
def test_a_stale_claimant_is_subscribed_and_not_the_owner(group: Group) -> None:
    _, members = group
    settled = settle(*group)

    for number in np.flatnonzero(settled.stale >= 0).tolist():
        topic, partition = settled.index.partition(number)
        claimant = settled.member_ids[settled.stale[number]]
        assert topic in members[claimant].topics
        assert (topic, partition) in members[claimant].owned
        assert settled.stale[number] != settled.owner[number]


@quick
@given(groups())
def test_member_order_does_not_matter(group: Group) -> None:
    cluster, members = group
    backwards = dict(reversed(members.items()))

    assert settle(cluster, members).owner.tolist() == settle(cluster, backwards).owner.tolist()
    assert settle(cluster, members).stale.tolist() == settle(cluster, backwards).stale.tolist()


class Plain:
    """An author's assignor that says nothing of user data: its members' is the claim."""

    name = "plain"

    def assign(self, cluster: ClusterMetadata, members: object) -> dict[str, PartitionSet]:
        return {}


said = st.none() | st.sampled_from(
    [
        b"",
        b"\xff",
        encode_sticky_user_data(PartitionSet(), 3),
        encode_sticky_user_data(PartitionSet({"a": [1], "b": [0]}), 4),
        encode_sticky_user_data(PartitionSet({"c": [7]}), -1)[:-4],
    ]
)


@quick
@given(groups(), st.lists(said, min_size=5, max_size=5))
def test_what_eager_members_held_is_read_as_one_by_one(
    group: Group, user_data: list[bytes | None]
) -> None:
    members = {
        name: replace(each, user_data=data)
        for (name, each), data in zip(group[1].items(), user_data, strict=False)
    }

    read = with_claims(Plain(), members)

    assert list(read.items()) == [(n, with_claim(Plain(), each)) for n, each in members.items()]
    assert with_claims(RangeAssignor(), members) is members
