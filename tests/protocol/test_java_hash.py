"""Which partition of `__consumer_offsets` keeps a group (P01)."""

from __future__ import annotations

import pytest

from rebalance.protocol.java_hash import java_hash, partition_of

SMALLEST = "polygenelubricants"
"""Its hash in Java is -2^31, whose absolute value Java cannot say."""


@pytest.mark.parametrize(
    ("text", "code"),
    [("", 0), ("a", 97), ("hello", 99162322), ("é", 233), ("😀", 1772899), (SMALLEST, -(2**31))],
)
def test_p01_the_hash_is_javas(text: str, code: int) -> None:
    assert java_hash(text) == code


def test_p01_the_absolute_value_of_the_smallest_number_is_0() -> None:
    assert partition_of(SMALLEST, 50) == 0
    assert partition_of(SMALLEST, 7) == 0


@pytest.mark.parametrize("group_id", ["g", "", "my-group", "ü", "x" * 1000, "Aa" * 9])
@pytest.mark.parametrize("partitions", [1, 3, 50])
def test_p01_the_partition_is_the_absolute_hash_modulo_their_number(
    group_id: str, partitions: int
) -> None:
    expected = abs(java_hash(group_id)) % partitions
    assert partition_of(group_id, partitions) == partition_of(group_id, partitions) == expected
