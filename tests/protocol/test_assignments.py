"""Assignments are read once for all who look at the same bytes."""

import pytest

from assignors.codec import encode_assignment
from assignors.errors import CodecError
from assignors.model import PartitionSet
from rebalance.protocol.assignments import assigned_partitions


def test_equal_bytes_are_read_once() -> None:
    given = PartitionSet({"t": [0, 3]})
    first, second = encode_assignment(given), encode_assignment([("t", 3), ("t", 0)])
    assert first is not second
    assert assigned_partitions(first) == given
    assert assigned_partitions(second) is assigned_partitions(first)


def test_what_cannot_be_read_is_an_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(CodecError):
            assigned_partitions(b"\x00")


def test_a_large_one_is_not_kept() -> None:
    large = encode_assignment(PartitionSet({"t": range(10_000)}))
    assert assigned_partitions(large) == assigned_partitions(large)
    assert assigned_partitions(large) is not assigned_partitions(large)
