"""A PartitionSet is a frozenset of partitions in every respect but its cost."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.model import MAX_PARTITION, PartitionSet, TopicPartition

from .groups import quick

pairs = st.lists(
    st.tuples(st.sampled_from(["a", "b", "zz"]), st.integers(0, 5) | st.just(MAX_PARTITION)),
    max_size=12,
)


@quick
@given(pairs)
def test_is_the_set_of_its_partitions_in_order(items: list[tuple[str, int]]) -> None:
    partitions = PartitionSet(items)

    assert list(partitions) == sorted(set(items))
    assert len(partitions) == len(set(items))
    assert partitions == set(items)
    assert hash(partitions) == hash(frozenset(items))
    assert all(item in partitions for item in items)
    assert all(isinstance(each, TopicPartition) for each in partitions)


@quick
@given(pairs, pairs)
@pytest.mark.parametrize("how", [operator.or_, operator.and_, operator.sub, operator.xor])
def test_many_partitions_are_the_same_set_as_few(
    how: Any, left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    ours, theirs = (
        [*left, *(("m", n) for n in range(150))],
        [*right, *(("m", 2 * n) for n in range(99))],
    )
    many = how(PartitionSet(ours), PartitionSet(theirs))

    assert list(many) == sorted(how(frozenset(ours), frozenset(theirs)))
    assert all(each in PartitionSet(ours) for each in ours)
    assert ("m", 150) not in PartitionSet(ours)


@quick
@given(pairs, pairs)
@pytest.mark.parametrize("how", [operator.or_, operator.and_, operator.sub, operator.xor])
def test_operators_are_those_of_frozenset(
    how: Any, left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    expected = PartitionSet(how(frozenset(left), frozenset(right)))

    assert how(PartitionSet(left), PartitionSet(right)) == expected
    assert how(PartitionSet(left), set(right)) == expected
    assert how(set(left), PartitionSet(right)) == expected
    assert isinstance(how(set(left), PartitionSet(right)), PartitionSet)


@quick
@given(pairs, pairs)
def test_comparisons_are_those_of_frozenset(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    a, b = PartitionSet(left), PartitionSet(right)
    x, y = frozenset(left), frozenset(right)

    assert (a <= b, a < b, a >= b, a == b) == (x <= y, x < y, x >= y, x == y)
    assert (a <= y, a >= y) == (x <= y, x >= y)
    assert a.isdisjoint(b) == x.isdisjoint(y)


@quick
@given(pairs)
def test_columns_are_ascending_int32_and_read_only(items: list[tuple[str, int]]) -> None:
    for topic, column in PartitionSet(items).by_topic.items():
        assert column.dtype == np.int32
        assert column.tolist() == sorted({p for t, p in items if t == topic})
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


@quick
@given(pairs)
def test_flat_columns_round_trip_in_any_order(items: list[tuple[str, int]]) -> None:
    topics = [topic for topic, _ in items]
    ids = np.array([partition for _, partition in items], dtype=np.int32)
    partitions = PartitionSet.from_flat(topics, [1] * len(items), ids)

    assert partitions == PartitionSet(items)
    assert PartitionSet.from_flat(partitions.topics, partitions.counts, partitions.ids) == (
        partitions
    )


def test_takes_mappings_ranges_arrays_and_other_sets() -> None:
    partitions = PartitionSet({"b": range(2), "a": np.array([7, 3, 3]), "empty": []})

    assert list(partitions) == [("a", 3), ("a", 7), ("b", 0), ("b", 1)]
    assert PartitionSet(partitions) == partitions
    assert partitions.topics == ("a", "b")
    assert partitions.counts == (2, 2)


def test_shares_no_memory_with_what_it_was_made_of() -> None:
    source = np.array([1, 2, 3], dtype=np.int32)
    partitions = PartitionSet({"a": source})
    flat = PartitionSet.from_flat(["a"], [3], source)
    source[0] = 0

    assert list(partitions.by_topic["a"]) == [1, 2, 3]
    assert list(flat.by_topic["a"]) == [1, 2, 3]


def test_prints_runs() -> None:
    assert (
        repr(PartitionSet({"a": [0, 1, 2, 7], "b": [4]})) == "PartitionSet({a: [0-2, 7], b: [4]})"
    )
    assert repr(PartitionSet()) == "PartitionSet({})"
    assert repr(PartitionSet({"a": range(0, 100, 2)})).endswith("22, ...]})")


@pytest.mark.parametrize(
    "item", [("a", -1), ("b", 0), "a", ("a", "0"), (3, 0), ("a", 2**40), ("a", 0, 0), None]
)
def test_is_not_in_for_anything_else(item: Any) -> None:
    assert item not in PartitionSet({"a": [0]})


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ([("a", -1)], ValueError),
        ([("a", 2**31)], ValueError),
        ([("", 0)], ValueError),
        ([(1, 0)], TypeError),
        ([("a", "0")], TypeError),
        ([("a", 1.5)], TypeError),
        ({"a": [True]}, TypeError),
    ],
)
def test_refuses_what_is_no_partition(bad: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"topic|partition"):
        PartitionSet(bad)


def test_refuses_counts_that_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="counts add up to 2"):
        PartitionSet.from_flat(["a"], [2], np.array([1], dtype=np.int32))


def test_operators_refuse_what_is_not_iterable() -> None:
    with pytest.raises(TypeError):
        PartitionSet() | 3  # type: ignore[operator]
    with pytest.raises(TypeError):
        3 - PartitionSet()  # type: ignore[operator]


def test_copies_and_pickles() -> None:
    partitions = PartitionSet({"a": [1, 2], "b": [0]})

    assert pickle.loads(pickle.dumps(partitions)) == partitions
    assert copy.copy(partitions) is partitions
    assert copy.deepcopy(partitions) is partitions


@pytest.mark.parametrize("worst", [2**32 + 3, -1])
def test_flat_ids_that_do_not_fit_are_refused_not_wrapped(worst: int) -> None:
    with pytest.raises(ValueError, match=f"partition {worst} is outside"):
        PartitionSet.from_flat(["a"], [2], np.array([1, worst]))
