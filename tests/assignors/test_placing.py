"""Which partitions a member gets, once it is clear how many: kept, given back, spread, in runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from assignors.interface import run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.placing import MANY_ENTRIES
from assignors.sticky import Solver, Spread, StickyAssignor

from .groups import Group, groups, own, quick

both_spreads = pytest.mark.parametrize("spread", ["contiguous", "topic"])
both_solvers = pytest.mark.parametrize("solver", ["flow", "own"])


def test_contiguous_deals_runs() -> None:
    cluster = ClusterMetadata({"a": 12, "b": 12})
    members = {f"m{n}": Subscription(topics=["a", "b"]) for n in range(3)}

    plan = run_assignor(StickyAssignor("contiguous"), cluster, members)

    assert plan["m0"] == PartitionSet({"a": range(8)})
    assert plan["m1"] == PartitionSet({"a": range(8, 12), "b": range(4)})
    assert plan["m2"] == PartitionSet({"b": range(4, 12)})


@pytest.mark.parametrize("assignor", [StickyAssignor(), StickyAssignor("topic")])
def test_two_topics_on_two_members_do_not_become_one_each(assignor: StickyAssignor) -> None:
    # KAFKA-16277
    cluster = ClusterMetadata({"a": 12, "b": 12})
    members = {f"m{n}": Subscription(topics=["a", "b"]) for n in range(2)}

    plan = run_assignor(assignor, cluster, members)

    assert [each.counts for each in plan.values()] == [(6, 6)] * 2


@both_solvers
def test_topic_spreads_what_some_subscribe_to(solver: Solver) -> None:
    cluster = ClusterMetadata({"a": 12, "b": 12, "c": 12})
    members = {
        "m1": Subscription(topics=["a", "b"]),
        "m2": Subscription(topics=["a", "b"]),
        "m3": Subscription(topics=["b", "c"]),
        "m4": Subscription(topics=["b", "c"]),
    }

    plan = run_assignor(StickyAssignor("topic", solver=solver), cluster, members)

    # Its share of b, and its share of a or c: balance needs nothing else.
    assert [each.counts for each in plan.values()] == [(6, 3), (6, 3), (3, 6), (3, 6)]


@pytest.mark.parametrize(
    ("topics", "partitions", "members", "runs"),
    [(100, 100, 100, "topic"), (100, 101, 101, "contiguous"), (20, 1_000, 500, "topic")],
)
def test_auto_spreads_topics_until_messages_would_grow(
    topics: int, partitions: int, members: int, runs: Spread
) -> None:
    cluster = ClusterMetadata({f"t{n:03}": partitions for n in range(topics)})
    group = {f"m{n:03}": Subscription(topics=tuple(cluster.partitions)) for n in range(members)}

    plan = StickyAssignor().assign(cluster, group)

    assert plan == StickyAssignor(runs).assign(cluster, group)
    assert sum(len(each.topics) for each in plan.values()) <= MANY_ENTRIES


def test_what_is_taken_and_what_was_free_is_dealt_as_one_run() -> None:
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(1, 8)})),
        "m2": Subscription(topics=["a"], owned=PartitionSet({"a": [0]})),
        "m3": Subscription(topics=["a"]),
    }

    plan = run_assignor(StickyAssignor("contiguous"), ClusterMetadata({"a": 12}), members)

    assert [list(each.by_topic["a"]) for each in plan.values()] == [
        [1, 2, 3, 4],
        [0, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_contiguous_needs_few_entries() -> None:
    cluster = ClusterMetadata({f"t{n:03}": 50 for n in range(100)})
    group = {
        f"m{n:03}": Subscription(topics=[f"t{(n * k) % 100:03}" for k in range(1, 30)])
        for n in range(1, 100)
    }
    group["m000"] = Subscription(topics=tuple(cluster.partitions))

    def entries(spread: Spread) -> int:
        plan = StickyAssignor(spread).assign(cluster, group)
        return sum(len(each.topics) for each in plan.values())

    assert entries("contiguous") <= len(cluster.partitions) + len(group)
    assert entries("topic") > 5 * entries("contiguous")


def test_topic_spreads_each_topic() -> None:
    cluster = ClusterMetadata({"a": 12, "b": 12, "c": 3})
    members = {f"m{n}": Subscription(topics=["a", "b", "c"]) for n in range(3)}

    plan = run_assignor(StickyAssignor("topic"), cluster, members)

    assert [each.counts for each in plan.values()] == [(4, 4, 1)] * 3
    assert plan["m1"].by_topic["a"].tolist() == [4, 5, 6, 7]


def test_topic_keeps_each_topic_spread_when_a_member_joins() -> None:
    cluster = ClusterMetadata({"a": 12, "b": 12})
    members = {f"m{n}": Subscription(topics=["a", "b"]) for n in range(2)}
    assignor = StickyAssignor("topic")
    joined = own(members, run_assignor(assignor, cluster, members))

    plan = assignor.plan(cluster, {**joined, "m2": Subscription(topics=["a", "b"])})

    assert plan.moves == 8
    assert [each.counts for each in plan.assignment.values()] == [(4, 4)] * 3


def test_a_stale_claim_breaks_a_tie() -> None:
    # m4 is gone; what it owned goes back to whoever held it before, as there is room.
    members = {
        "m1": Subscription(topics=["a"]),
        "m2": Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), generation_id=1),
        "m3": Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), generation_id=2),
        "m5": Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), generation_id=2),
    }

    plan = run_assignor(StickyAssignor(), ClusterMetadata({"a": 4}), members)

    assert plan["m2"] == {("a", 0)}


@pytest.mark.parametrize(("size", "more"), [(3, []), (64, []), (64, ["b"])])
def test_neighbours_go_back_to_different_stale_claims(size: int, more: list[str]) -> None:
    # Among few partitions as among many, in one class as in several.
    old = {"m1": 2, "m2": 0, "m3": 1}
    members = {
        m: Subscription(topics=["a"], owned=PartitionSet({"a": [held]}), generation_id=1)
        for m, held in old.items()
    }
    both = Subscription(topics=["a"], owned=PartitionSet({"a": range(3)}), generation_id=2)
    members |= {"m4": both, "m5": replace(both, topics=["a", *more])}

    plan = run_assignor(StickyAssignor(), ClusterMetadata({"a": size, "b": 4}), members)

    for member, held in old.items():
        assert ("a", held) in plan[member]


@both_spreads
@quick
@given(groups(max_partitions=40, max_members=7, alike=True))
def test_short_runs_change_nothing_but_the_time(spread: Spread, group: Group) -> None:
    plans = []
    for short in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("assignors.classes._SHORT_RUN", short)
            plans.append(StickyAssignor(spread).plan(*group))

    assert plans[0] == plans[1]
