"""A plan as one column of owners: a mapping like any other plan, and hard to get wrong."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors import owners
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet
from assignors.owners import OwnerColumn, assignment

from .groups import quick

INDEX = FlatIndex(ClusterMetadata({"t": 3, "u": 2}), ["t", "u"])


def column(*owner: int, members: tuple[str, ...] = ("a", "b")) -> OwnerColumn:
    return OwnerColumn(INDEX, members, np.array(owner, dtype=np.int32))


def test_every_member_is_there() -> None:
    assert dict(column(1, 1, 0, -1, 1, members=("a", "b", "c"))) == {
        "a": PartitionSet({"t": [2]}),
        "b": PartitionSet({"t": [0, 1], "u": [1]}),
        "c": PartitionSet(),
    }


def test_members_in_another_order_are_numbered_anew() -> None:
    assert column(0, 0, 0, 1, -1, members=("b", "a")) == column(1, 1, 1, 0, -1)


def test_what_cannot_be_a_plan_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4,\) owners, but the index has 5 partitions"):
        column(0, 0, 0, 0)
    with pytest.raises(ValueError, match="owner number 2, but there are 2 members"):
        column(0, 0, 0, 0, 2)
    with pytest.raises(ValueError, match="a member id is given twice"):
        column(0, 0, 0, 0, 0, members=("a", "a"))


def test_nobody_can_write_to_it_later() -> None:
    owner = np.zeros(5, dtype=np.int32)
    plan = OwnerColumn(INDEX, ["a", "b"], owner)
    owner[:] = 1

    assert plan.owner.tolist() == [0] * 5
    with pytest.raises(ValueError, match="read-only"):
        plan.owner[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        plan["a"].ids[0] = 1


def test_no_partitions_and_no_members() -> None:
    nothing = FlatIndex(ClusterMetadata({}), [])
    none = np.empty(0, dtype=np.int32)

    assert dict(OwnerColumn(nothing, ["a"], none)) == {"a": PartitionSet()}
    assert dict(OwnerColumn(nothing, [], none)) == {}
    assert dict(OwnerColumn(INDEX, [], np.full(5, -1))) == {}


def test_user_data_belongs_to_members() -> None:
    with pytest.raises(ValueError, match="user_data for 'x', which is not a member"):
        assignment(INDEX, ["a"], np.zeros(5, dtype=np.int32), {"x": b""})


def test_more_members_than_sixteen_bits_tell_apart() -> None:
    index = FlatIndex(ClusterMetadata({"t": 70_000}), ["t"])
    members = [f"m{number:05}" for number in range(70_000)]
    plan = OwnerColumn(index, members, np.arange(70_000)[::-1])

    assert plan["m00000"] == PartitionSet({"t": [69_999]})
    assert plan["m65536"] == PartitionSet({"t": [4_463]})


@quick
@given(st.lists(st.integers(-1, 2), min_size=5, max_size=5))
def test_to_a_column_and_back(owner: list[int]) -> None:
    plan = assignment(INDEX, ["a", "b", "c"], np.array(owner))
    plain = GroupAssignment({member: [*partitions] for member, partitions in plan.items()})

    assert OwnerColumn.of(plain, INDEX).owner.tolist() == owner
    assert OwnerColumn.of(plan, INDEX) is plan.partitions
    assert pickle.loads(pickle.dumps(plan)) == plan == plain
    other = FlatIndex(ClusterMetadata({"s": 1, "t": 2}), "st")
    there = OwnerColumn.of(plan, other)
    assert there.owner.tolist() == [-1, *owner[:2]]


@quick
@given(st.lists(st.integers(-1, 2), min_size=5, max_size=5))
def test_few_partitions_are_those_of_many(owner: list[int]) -> None:
    few, many = column(*owner, members=("a", "b", "c")), column(*owner, members=("a", "b", "c"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owners, "_FEW", -1)
        made, given_to = dict(many), [each.tolist() for each in many.given()]

    assert dict(few) == made
    who, topics = (each.tolist() for each in few.given())
    assert {*zip(who, topics, strict=True)} == {*zip(*given_to, strict=True)}
