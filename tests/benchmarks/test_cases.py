"""The benchmark's inputs are what they are said to be."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from assignors import ClusterMetadata, PartitionSet, Subscription
from assignors.quality import load_range, violations
from benchmarks.assignors import cases
from benchmarks.assignors.cases import CASES, SIZES
from benchmarks.assignors.handover import Handed, read_case, read_plan, write_case, write_plan

AFFORDABLE = [name for name in CASES if name.startswith(("small", "ua", "ha", "ub", "hb"))]


def made(name: str) -> Handed:
    return CASES[name].make()


def owned(group: Handed) -> dict[str, PartitionSet]:
    return {member: each.owned for member, each in group.members.items()}


@pytest.mark.parametrize("name", AFFORDABLE)
def test_a_case_has_the_size_of_its_letter(name: str) -> None:
    group = made(name)
    size = SIZES.get(name[1], cases.SMALL)
    assert len(group.cluster.partitions) == size.topics
    assert group.partitions == size.topics * size.partitions
    event = name.split("-")[1]
    left = {"fresh": 0, "join": -1, "leave": size.members // 10}[event]
    assert len(group.members) == size.members - left
    if CASES[name].uniform:
        assert {each.topics for each in group.members.values()} == {tuple(group.cluster.partitions)}
    else:
        lengths = [len(each.topics) for each in group.members.values()]
        assert min(lengths) == 1
        assert max(lengths) == size.most


@pytest.mark.parametrize("name", AFFORDABLE)
def test_what_members_own_is_a_valid_plan_of_the_group_before(name: str) -> None:
    group = made(name)
    held = owned(group)
    if name.endswith("fresh"):
        assert not any(held.values())
        return
    # A plan of the same subscriptions, but for who came or went.
    before = {member: each for member, each in group.members.items() if each.owned}
    if "join" in name:
        newcomer = max(group.members)
        assert not held[newcomer]
        assert violations(group.cluster, before, {m: held[m] for m in before}) == ()
    times = Counter(partition for each in held.values() for partition in each)
    assert set(times.values()) == {1}
    assert all(set(each.owned.topics) <= set(each.topics) for each in group.members.values())
    assert all(each.generation_id == cases.GENERATION for each in before.values())


def test_dealt_is_in_short_runs_and_the_usual_in_long_ones() -> None:
    long, short = (
        sum(len(each.owned.topics) for each in made(name).members.values())
        for name in ("ub-leave", "ub-leave-dealt")
    )
    assert long < 1_100
    assert short > 5_000


@pytest.mark.parametrize("name", ["ha-leave", "ub-join-dealt"])
def test_a_case_is_the_same_each_time(name: str) -> None:
    assert made(name) == made(name)


def test_skewed_sizes_fall_as_one_over_the_rank() -> None:
    group = made("skewed-leave")
    sizes = list(group.cluster.partitions.values())
    assert sum(sizes) == 1_000_000
    assert len(sizes) == 1_000
    # Up to rounding, which the running total carries along.
    assert all(after <= before + 1 for before, after in pairwise(sizes))
    assert sizes[0] / sizes[99] == pytest.approx(100, rel=0.01)
    assert len(group.members) == 9_000


def test_nested_subscriptions_contain_each_other() -> None:
    group = made("nested-leave")
    assert group.partitions == 100_000
    assert len(group.members) == 900
    ordered = sorted((each.topics for each in group.members.values()), key=len)
    assert all(set(some) <= set(more) for some, more in pairwise(ordered))
    assert len(set(ordered)) > 500


def test_a_chain_overlaps_and_was_even() -> None:
    group = made("chain-leave")
    assert group.partitions == 100_000
    assert len(group.members) == 900
    sets = [set(each.topics) for each in group.members.values()]
    assert all(len(one & other) <= 1 for one, other in pairwise(sets))
    assert load_range(owned(group)) == (100, 100)


def test_every_easier_case_exists_and_comes_first() -> None:
    order = {name: number for number, name in enumerate(CASES)}
    for case in CASES.values():
        for easier in case.easier:
            assert order[easier] < order[case.name]


@pytest.mark.parametrize("name", ["small-join", "ha-leave-dealt", "ub-fresh"])
def test_a_case_survives_the_file(name: str, tmp_path: Path) -> None:
    group = made(name)
    write_case(tmp_path / "case", group)
    assert read_case(tmp_path / "case") == group


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    cluster = ClusterMetadata({"a": 3, "b": 1})
    members = {"m": Subscription(topics=["a", "b"]), "n": Subscription(topics=["a"])}
    group = Handed(cluster=cluster, members=members)
    plan = {"m": [("b", [0]), ("a", [2, 0, 2])], "n": [("a", [1])]}
    write_plan(tmp_path / "plan", group, plan)
    read = read_plan(tmp_path / "plan", group)
    assert {
        member: [(topic, ids.tolist()) for topic, ids in columns]
        for member, columns in read.items()
    } == plan
