"""`sticky`: valid, then balanced, then fewest moves; on any group and any claims."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.claims import settle, sticky_claims
from assignors.codec import encode_sticky_user_data
from assignors.interface import run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import imbalance, load_range, movements
from assignors.soft import Soft
from assignors.sticky import Solver, Spread, StickyAssignor

from .groups import Group, best_by_brute_force, groups, own, quick, tiny

both_spreads = pytest.mark.parametrize("spread", ["contiguous", "topic"])
both_solvers = pytest.mark.parametrize("solver", ["flow", "own"])


@both_solvers
@both_spreads
@quick
@given(groups(max_partitions=3, max_members=4))
def test_is_balanced_and_moves_least_on_tiny_groups(
    spread: Spread, solver: Solver, group: Group
) -> None:
    cluster, members = tiny(group)

    plan = run_assignor(StickyAssignor(spread, solver=solver), cluster, members)

    best = best_by_brute_force((cluster, members))
    assert (imbalance(plan), movements(cluster, members, plan)) == best


@both_solvers
@both_spreads
@quick
@given(groups(), st.none() | st.builds(Soft, move=st.integers(0, 9)))
def test_any_claims_are_survived(
    spread: Spread, solver: Solver, group: Group, soft: Soft | None
) -> None:
    cluster, members = group
    assignor = StickyAssignor(spread, solver=solver, soft=soft)
    plan = run_assignor(assignor, cluster, members)  # which says whether it is valid

    backwards = assignor.assign(cluster, dict(reversed(members.items())))
    again = assignor.plan(cluster, own(members, plan))

    assert backwards == plan
    assert (again.assignment, again.moves) == (plan, 0)


@both_spreads
@quick
@given(groups(max_partitions=40, max_members=7, alike=True))
def test_equal_subscriptions_differ_by_one_and_move_least(spread: Spread, group: Group) -> None:
    cluster, members = group
    plan = run_assignor(StickyAssignor(spread), cluster, members)

    low, high = load_range(plan)
    assert high - low <= 1
    share, odd = divmod(sum(len(each) for each in plan.values()), max(len(members), 1))
    settled = settle(cluster, members)
    owned = [len(settled.owned_by(member)) for member in members]
    most = sum(min(each, share) for each in owned) + min(odd, sum(n > share for n in owned))
    assert movements(cluster, members, plan) == sum(owned) - most


@quick
@given(groups(max_partitions=12, max_members=6))
def test_one_member_less_moves_nothing_that_can_stay(group: Group) -> None:
    cluster, members = group
    if len(members) < 2:
        return
    plan = run_assignor(StickyAssignor(), cluster, members)
    left = {m: each for m, each in own(members, plan).items() if m != min(members)}

    after = StickyAssignor().plan(cluster, left)

    assert after.fewest_moves
    assert after.moves == movements(cluster, left, after.assignment)
    same = {tuple(sorted(each.topics)) for each in members.values()}
    if len(same) == 1:
        assert after.moves == 0


def test_says_what_is_known_of_the_plan() -> None:
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(4)}), generation_id=1),
        "m2": Subscription(topics=["a"]),
    }

    plan = StickyAssignor().plan(ClusterMetadata({"a": 4}), members)

    assert plan.moves == 2
    assert plan.fewest_moves
    assert plan.assignment == {"m1": {("a", 0), ("a", 1)}, "m2": {("a", 2), ("a", 3)}}


def test_the_odd_partitions_stay_with_who_owns_most() -> None:
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": [0]})),
        "m2": Subscription(topics=["a"], owned=PartitionSet({"a": [1, 2, 3]})),
        "m3": Subscription(topics=["a"], owned=PartitionSet({"a": [4]})),
    }

    plan = StickyAssignor().plan(ClusterMetadata({"a": 5}), members)

    assert plan.moves == 1
    assert [len(each) for each in plan.assignment.values()] == [2, 2, 1]


def test_a_new_topic_moves_nothing_old() -> None:
    cluster = ClusterMetadata({"a": 6})
    members = {f"m{n}": Subscription(topics=["a", "b"]) for n in range(3)}
    plan = run_assignor(StickyAssignor(), cluster, members)

    grown = ClusterMetadata({"a": 6, "b": 4})

    assert StickyAssignor().plan(grown, own(members, plan)).moves == 0


def test_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"spread is 'wide': give .*contiguous"):
        StickyAssignor("wide")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"solver is 'magic': give .*own"):
        StickyAssignor(solver="magic")  # type: ignore[arg-type]


def mixed_group() -> Group:
    return ClusterMetadata({"a": 4, "b": 2}), {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(4)}), generation_id=1),
        "m2": Subscription(topics=["a", "b"]),
    }


def test_without_or_tools_auto_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.graph.python", None)

    plan = StickyAssignor().plan(*mixed_group())

    assert (plan.method, plan.moves, plan.fewest_moves) == ("own", 1, True)


def test_without_or_tools_flow_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assignors.sticky.find_spec", lambda name: None)

    with pytest.raises(ValueError, match="OR-tools is not installed: run pip install"):
        StickyAssignor(solver="flow")


def test_says_how_the_plan_was_found() -> None:
    pytest.importorskip("ortools")
    alike = {"m1": Subscription(topics=["a"]), "m2": Subscription(topics=["a"])}

    assert StickyAssignor().plan(*mixed_group()).method == "flow"
    assert StickyAssignor(solver="own").plan(*mixed_group()).method == "own"
    assert StickyAssignor(solver="own").plan(ClusterMetadata({"a": 4}), alike).method == "quotas"


def test_user_data_is_javas() -> None:
    assignor = StickyAssignor()
    owned = PartitionSet({"a": [1]})

    assert assignor.user_data(["a"], owned, 4) == encode_sticky_user_data(owned, 4)
    assert assignor.user_data(["a"], PartitionSet(), 4) == encode_sticky_user_data(
        PartitionSet(), 4
    )
    assert assignor.user_data(["a"], PartitionSet(), -1) == b""


def test_claims_are_read_as_java_reads_them() -> None:
    said = PartitionSet({"a": [1]})
    data = encode_sticky_user_data(said, 4)
    eager = Subscription(topics=["a"], user_data=data, generation_id=5)
    old = Subscription(topics=["a"], user_data=data[:-4])
    both = Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), user_data=data)
    silent = Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), user_data=None)
    rubbish = Subscription(topics=["a"], user_data=b"\xff\xff")

    claims = sticky_claims({"e": eager, "o": old, "b": both, "s": silent, "r": rubbish})

    read = [claims[each] for each in "eobsr"]
    assert [(each.partitions, each.generation_id) for each in read] == [
        (said, 4),
        (said, -1),
        (said, 4),
        (PartitionSet({"a": [0]}), -1),
        (PartitionSet(), -1),
    ]


def test_java_members_keep_what_they_held() -> None:
    held = [PartitionSet({"a": [3, 4, 5]}), PartitionSet({"a": [0, 1, 2]})]
    members = {
        f"m{n}": Subscription(topics=["a"], user_data=encode_sticky_user_data(each, 7))
        for n, each in enumerate(held)
    }

    plan = run_assignor(StickyAssignor(), ClusterMetadata({"a": 6}), members)

    assert list(plan.values()) == held


@pytest.mark.parametrize("budget", [0, 1])
def test_without_a_budget_the_balance_is_still_optimal(budget: int) -> None:
    cluster = ClusterMetadata({"a": 6, "b": 3, "c": 3})
    members = {
        "m1": Subscription(topics=["a", "b"], owned=PartitionSet({"a": [0, 1, 2], "b": [0]})),
        "m2": Subscription(topics=["a", "c"], owned=PartitionSet({"c": [0, 1, 2]})),
        "m3": Subscription(topics=["b", "c"], owned=PartitionSet({"b": [1, 2]})),
    }

    plan = StickyAssignor(budget=budget, solver="own").plan(cluster, members)

    assert imbalance(plan.assignment) == imbalance(StickyAssignor().assign(cluster, members))


def test_equal_groups_of_any_shape_are_balanced() -> None:
    for topics, size, count in itertools.product((1, 3), (1, 7), (1, 2, 5, 9)):
        cluster = ClusterMetadata({f"t{n}": size for n in range(topics)})
        members = {f"m{n}": Subscription(topics=list(cluster.partitions)) for n in range(count)}
        low, high = load_range(run_assignor(StickyAssignor(), cluster, members))
        assert high - low == (1 if topics * size % count else 0)


@pytest.mark.parametrize("wrong", [{"soft": 3}, {"budget": "x"}, {"budget": -1}])
def test_configuration_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .*: give"):
        StickyAssignor(**wrong)
