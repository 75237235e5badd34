"""Sets of partitions that a listener gets stay in order, whatever is made of them."""

import operator
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from rebalance.testing.simulated.partitions import Partitions

SOME = Partitions(("orders", number) for number in range(40))
OTHERS = frozenset(TopicPartition("orders", number) for number in range(20, 60))


@pytest.mark.parametrize("operation", [operator.and_, operator.or_, operator.sub, operator.xor])
def test_it_is_walked_through_in_order_on_either_side(
    operation: Callable[[Any, Any], Any],
) -> None:
    for one, two in ((SOME, OTHERS), (OTHERS, SOME)):
        made = operation(one, two)
        assert isinstance(made, Partitions)
        assert list(made) == sorted(operation(frozenset(one), frozenset(two)))


@pytest.mark.parametrize("name", ["intersection", "union", "difference", "symmetric_difference"])
def test_the_named_forms_too(name: str) -> None:
    made = getattr(SOME, name)(list(OTHERS))
    assert isinstance(made, Partitions)
    assert list(made) == sorted(getattr(frozenset(SOME), name)(OTHERS))


def test_of_several_and_of_none() -> None:
    assert next(iter(SOME.union([("x", 1)], [("a", 2)]))) == ("a", 2)
    assert SOME.difference() == SOME.copy() == SOME
