"""What the strategies draw is what they say, and shrinks to what one can read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from assignors import ClusterMetadata, RangeAssignor, StickyAssignor, run_assignor
from assignors.claims import settle
from assignors.quality import imbalance, least_imbalance, violations
from rebalance.testing.check.search import orderly
from rebalance.testing.churn import Churn, Join, Lapse, Leave, Repartition, Restart
from rebalance.testing.groups import Group
from rebalance.testing.strategies import MISSING_TOPIC, churns, clusters, groups, subscriptions

quick = settings(deadline=None, max_examples=50, derandomize=True, database=None)
searching = settings(deadline=None, max_examples=3000, derandomize=True, database=None)


def smallest(strategy: st.SearchStrategy[Group], wanted: Callable[[Group], bool]) -> list[str]:
    return str(find(strategy, wanted, settings=searching)).splitlines()


@quick
@given(st.data(), clusters(racks=True))
def test_clusters_and_subscriptions(data: st.DataObject, cluster: ClusterMetadata) -> None:
    subscription = data.draw(subscriptions(cluster))

    assert list(cluster.partitions) == list("abcd")[: len(cluster.partitions)]
    assert set(subscription.topics) <= {*cluster.partitions, MISSING_TOPIC}
    assert not subscription.owned


@quick
@given(groups(claims="none"))
def test_members_without_claims(group: Group) -> None:
    assert group == group.without_claims()


@quick
@given(groups(claims="valid", missing=False, static=False, min_members=1, max_members=3))
def test_valid_claims_can_all_be_true(group: Group) -> None:
    assert orderly(group)
    assert 1 <= len(group.members) <= 3
    assert all(each.group_instance_id is None for each in group.members.values())
    assert all(MISSING_TOPIC not in each.topics for each in group.members.values())


@quick
@given(groups(racks=True, user_data=True))
def test_any_group_is_one_that_sticky_answers(group: Group) -> None:
    run_assignor(StickyAssignor(), group.cluster, group.members)


@quick
@given(churns())
def test_a_churn_plays_to_its_end(churn: Churn) -> None:
    rounds = list(churn.play(StickyAssignor()))

    assert len(rounds) >= len(churn.steps)
    for group, plan in rounds:
        assert violations(group.cluster, group.members, plan) == ()


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (lambda group: len(group.members) == 2, ["topics none", "m1 ", "m2 "]),
        (
            lambda group: any(each.owned for each in group.members.values()),
            ["topics ", "m1 subscribes to nothing, owns "],
        ),
        (
            lambda group: len({each.generation_id for each in group.members.values()}) == 2,
            ["topics none", "m1 subscribes to nothing", "m2 subscribes to nothing"],
        ),
    ],
    ids=["two members", "a claim", "two generations"],
)
def test_drawn_groups_shrink(wanted: Callable[[Group], bool], shown: list[str]) -> None:
    found = smallest(groups(), wanted)

    assert len(found) == len(shown)
    for line, start in zip(found, shown, strict=True):
        assert line.startswith(start)


def test_a_group_that_range_does_not_balance() -> None:
    def unbalanced(group: Group) -> bool:
        plan = run_assignor(RangeAssignor(), group.cluster, group.members)
        return imbalance(plan) > least_imbalance(group.cluster, group.members)

    found = smallest(groups(), unbalanced)

    assert found == [
        "topics a: 1, b: 1",
        "m1 subscribes to a b",
        "m2 subscribes to a",
    ] or found == ["topics a: 1, b: 1", "m1 subscribes to a", "m2 subscribes to a b"]


def test_a_conflict_shrinks_to_two_claims() -> None:
    def conflict(group: Group) -> bool:
        settled = settle(group.cluster, group.members)
        claims = sum(len(each.owned) for each in group.members.values())
        return claims == 2 and settled.index.size > 0 and bool((settled.owner == -1).all())

    found = find(groups(max_topics=1), conflict, settings=searching)

    assert found.cluster.partitions == {"a": 1}
    assert len(found.members) <= 2


def test_a_churn_shrinks_to_the_steps_that_matter() -> None:
    def lapses(churn: Churn) -> bool:
        return any(isinstance(step, Lapse) for step in churn.steps)

    churn = find(churns(), lapses, settings=searching)

    assert churn.steps == (Join("m1", ()), Lapse("m1"))


def test_what_a_churn_does_to_a_group() -> None:
    churn = Churn(
        ClusterMetadata({"a": 2}),
        (
            Join("m1", ("a",)),
            Join("m2", ("a",)),
            Lapse("m1"),
            Restart("m2", "m3"),
            Repartition("a", 3),
            Leave("m1"),
            Leave("m1"),
        ),
    )

    shown = [
        {m: (each.generation_id, len(each.owned)) for m, each in group.members.items()}
        for group, _ in churn.play(StickyAssignor())
    ]

    assert shown == [
        {"m1": (-1, 0)},
        {"m1": (1, 2), "m2": (-1, 0)},
        {"m2": (2, 1)},
        {"m2": (3, 2), "m1": (2, 1)},
        {"m1": (4, 1), "m3": (-1, 0)},
        {"m1": (5, 1), "m3": (5, 1)},
        {"m3": (6, len(dict(list(churn.play(StickyAssignor()))[5][1])["m3"]))},
        {"m3": (7, 3)},
    ]
