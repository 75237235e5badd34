"""A group as columns is the mapping it was made of, in whatever order that came."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors import subscribed
from assignors.claims import claims_of, contested, settle
from assignors.classes import edges_of
from assignors.codec import encode_subscription
from assignors.columns import Held, Subscriptions, subscribed_topics
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.subscribed import GroupTopics, TopicLists
from assignors.wire import decode_subscriptions

from .groups import Group, groups, quick


def on_the_wire(members: dict[str, Subscription]) -> Subscriptions:
    """The same group, read from bytes."""
    return decode_subscriptions(
        {member: encode_subscription(each) for member, each in members.items()},
        instance_ids={member: each.group_instance_id for member, each in members.items()},
    )


@quick
@given(groups())
def test_it_is_the_mapping_it_was_made_of(group: Group) -> None:
    _, members = group
    for columns in (Subscriptions.of(members), on_the_wire(members)):
        assert list(columns) == list(members)
        assert columns == members
        assert members == columns
        assert len(columns) == len(members)
        assert "nobody" not in columns
        assert all(columns[each] is columns[each] for each in members)
        assert columns.get("nobody") is None
        assert subscribed_topics(columns) == tuple(
            sorted({topic for each in members.values() for topic in each.topics})
        )
        assert Subscriptions.of(columns) is columns
        assert repr(columns) == f"Subscriptions({members!r})"
        for copied in (copy.deepcopy(columns), pickle.loads(pickle.dumps(columns))):
            assert list(copied.items()) == list(members.items())


@quick
@given(groups())
def test_bytes_settle_as_objects_do(group: Group) -> None:
    cluster, members = group
    ours, theirs = settle(cluster, on_the_wire(members)), settle(cluster, members)

    assert ours.index == theirs.index
    assert ours.member_ids == theirs.member_ids
    assert [each.tolist() for each in ours.profiles] == [each.tolist() for each in theirs.profiles]
    assert ours.profile_of.tolist() == theirs.profile_of.tolist()
    assert ours.owner.tolist() == theirs.owner.tolist()
    assert ours.stale.tolist() == theirs.stale.tolist()


def profile_sizes(topics: GroupTopics) -> list[int]:
    return [each.size for each in topics.profiles]


@quick
@given(groups())
def test_what_stays_the_same_is_worked_out_once(group: Group) -> None:
    cluster, members = group
    topics = Subscriptions.of(members).topics(cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscribed, "_SMALL", -1)
        anew = Subscriptions.of(members).topics(cluster)

    assert Subscriptions.of(dict(members)).topics(ClusterMetadata(cluster.partitions)) is topics
    assert anew is not topics
    assert anew.index == topics.index
    assert [each.tolist() for each in anew.profiles] == [each.tolist() for each in topics.profiles]
    assert anew.profile_of.tolist() == topics.profile_of.tolist()
    assert topics.once(profile_sizes) is topics.once(profile_sizes)
    index = topics.index
    shared = [topics.profile_of, topics.pairs, *topics.profiles, index.starts, index.sizes]
    if index.size:
        edges = edges_of(topics)
        shared += [edges.sizes, edges.class_of_topic, edges.edge_class, edges.edge_member]
        shared += [edges.edge_start]
    assert not any(each.flags.writeable for each in shared if each is not None)
    for by_name in (index.counts, index.bases):
        with pytest.raises(TypeError):
            by_name["t"] = 1  # type: ignore[index]


@quick
@given(groups())
def test_profiles_are_the_distinct_subscriptions(group: Group) -> None:
    cluster, members = group
    topics = Subscriptions.of(members).topics(cluster)

    said = [{topics.index.topics[n] for n in profile} for profile in topics.profiles]
    known = set(topics.index.topics)
    for number, member in enumerate(sorted(members)):
        assert said[topics.profile_of[number]] == known & set(members[member].topics)
    assert all(a != b for at, a in enumerate(said) for b in said[:at])
    assert all(each.tolist() == sorted(each.tolist()) for each in topics.profiles)
    # Numbered as they appear.
    numbers = topics.profile_of.tolist()
    assert list(dict.fromkeys(numbers)) == list(range(len(said)))


@quick
@given(groups(), st.data())
def test_who_is_subscribed_to_what(group: Group, data: st.DataObject) -> None:
    cluster, members = group
    topics = Subscriptions.of(members).topics(cluster)
    ids, names = sorted(members), topics.index.topics
    pairs = [(m, t) for m in range(len(ids)) for t in range(-1, len(names))]
    asked = data.draw(st.lists(st.sampled_from(pairs), max_size=9)) if pairs else []

    answers = topics.subscribed(
        np.array([m for m, _ in asked], dtype=np.int64),
        np.array([t for _, t in asked], dtype=np.int64),
    )

    assert answers.tolist() == [t >= 0 and names[t] in members[ids[m]].topics for m, t in asked]


@quick
@given(groups())
def test_contested_is_what_the_claims_say_one_by_one(group: Group) -> None:
    cluster, members = group
    columns = on_the_wire(members)
    index = columns.topics(cluster).index

    claimants = contested(index, columns).tolist()

    ids = sorted(members)
    for number, claimant in enumerate(claimants):
        who = [
            at for at, member in enumerate(ids) if index.partition(number) in members[member].owned
        ]
        assert claimant == (-1 if not who else who[0] if len(who) == 1 else -2)


@quick
@given(st.lists(st.dictionaries(st.sampled_from("zaq"), st.frozensets(st.integers(0, 9)))))
def test_held_is_the_sets_it_was_made_of(given_sets: list[dict[str, Iterable[int]]]) -> None:
    sets = [PartitionSet(each) for each in given_sets]
    held = Held.of(sets)

    assert [held.partitions(number) for number in range(len(sets))] == sets
    index = FlatIndex(ClusterMetadata({"a": 5, "z": 8, "x": 1}), "axz")
    located = held.located(index)
    expected = [(n, m) for m, each in enumerate(sets) for n in index.numbers(each).tolist()]
    claimants = located.claimants().tolist()
    assert list(zip(located.numbers.tolist(), claimants, strict=True)) == expected


def test_lists_keep_their_order() -> None:
    lists = TopicLists.of([("b", "a"), (), ("c", "b")])

    assert lists.names == ("a", "b", "c")
    assert [lists.topics(number) for number in range(3)] == [("b", "a"), (), ("c", "b")]


def test_claims_are_a_mapping() -> None:
    owned = PartitionSet({"a": [0]})
    claims = claims_of({"n": Subscription(topics=[]), "m": Subscription(topics=["a"], owned=owned)})

    assert list(claims) == ["m", "n"]
    assert claims["m"].partitions == owned
    assert "o" not in claims
    with pytest.raises(KeyError, match="'o'"):
        claims["o"]


def test_another_cluster_is_another_index() -> None:
    columns = Subscriptions.of({"m": Subscription(topics=["a"])})

    assert columns.topics(ClusterMetadata({"a": 1})).index.size == 1
    assert columns.topics(ClusterMetadata({"a": 2})).index.size == 2


def test_an_index_is_copied_and_pickled() -> None:
    index = FlatIndex(ClusterMetadata({"a": 5, "z": 8, "x": 1}), "axz")
    for copied in (copy.deepcopy(index), pickle.loads(pickle.dumps(index))):
        assert copied == index
        assert copied.bases == index.bases
        assert not copied.starts.flags.writeable
