"""Partitions as a listener gets them, and names of topics: sets that are walked through in order.

Why: the order of a plain set of names depends on `PYTHONHASHSEED`. A listener that does
something for each partition would do it in another order in each run, and a failure that was found
would not come back. What is made of such sets by `&`, `|`, `-` and their like is such a set, too;
what a listener makes by `set(...)` is its own.
"""

from collections.abc import Iterable, Iterator, Set
from functools import reduce
from operator import and_, or_, sub

from aiokafka.structs import TopicPartition

__all__ = ["Names", "Partitions"]


class Names(frozenset[str]):
    """A frozen set of names of topics; iteration is in their order."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


class Partitions(frozenset[TopicPartition]):
    """A frozen set of `aiokafka.TopicPartition`; iteration is by topic, then by number."""

    def __new__(cls, partitions: Iterable[tuple[str, int]] = ()) -> "Partitions":
        """Of anything that is a pair of topic and number."""
        return super().__new__(cls, (TopicPartition(*each) for each in partitions))

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(sorted(super().__iter__()))

    def __and__(self, other: Set[object]) -> "Partitions":
        return Partitions(each for each in self if each in other)

    def __or__(self, other: Set[object]) -> "Partitions":
        return Partitions([*self, *other])  # type: ignore[list-item]

    def __sub__(self, other: Set[object]) -> "Partitions":
        return Partitions(each for each in self if each not in other)

    def __xor__(self, other: Set[object]) -> "Partitions":
        return (self - other) | (Partitions(other) - self)  # type: ignore[arg-type]

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __rsub__(self, other: Set[object]) -> "Partitions":
        return Partitions(other) - self  # type: ignore[arg-type]

    def intersection(self, *others: Iterable[object]) -> "Partitions":
        """What is in all of them."""
        return reduce(and_, map(frozenset, others), self)

    def union(self, *others: Iterable[object]) -> "Partitions":
        """What is in any of them."""
        return reduce(or_, map(frozenset, others), self)

    def difference(self, *others: Iterable[object]) -> "Partitions":
        """What is in none of the others."""
        return reduce(sub, map(frozenset, others), self)

    def symmetric_difference(self, other: Iterable[object]) -> "Partitions":
        """What is in one of both."""
        return self ^ frozenset(other)

    def copy(self) -> "Partitions":
        """Itself: it never changes."""
        return self

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{topic}-{number}" for topic, number in self) + "}"
