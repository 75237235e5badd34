"""The partitions of a group as one array: what makes an assignor's work independent of objects.

The rule kept here: numbers follow topic order, then partition id, so an ascending array of numbers
is a `PartitionSet` in canonical form and needs no sorting on the way to the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assignors.model import ClusterMetadata, PartitionSet

_Array = TypeVar("_Array", bound=NDArray[Any])


def fixed(array: _Array) -> _Array:
    """The same array, which nobody can write to any more: for what is shared."""
    array.setflags(write=False)
    return array


class FlatIndex:
    """Numbers the partitions of some topics 0..size-1: topics sorted, ids ascending.

    What makes a group's partitions one int array instead of a dictionary. Topics that the cluster
    does not know have no numbers. `starts` and `sizes`: the first number of each of `topics`, and
    how many it has; `bases` and `counts`: the same by name. Two are equal if they number alike.
    It is shared by all who have the same topics: nothing in it can be written to.
    """

    __slots__ = ("bases", "counts", "size", "sizes", "starts", "topics")

    def __init__(self, cluster: ClusterMetadata, topics: Iterable[str]) -> None:
        partitions = cluster.partitions
        known = [topic for topic in set(topics) if partitions.get(topic, 0) > 0]
        known.sort()
        sizes = [partitions[topic] for topic in known]
        starts = list(accumulate(sizes, initial=0))
        self.size = starts.pop()
        self.topics: tuple[str, ...] = tuple(known)
        self.counts: Mapping[str, int] = MappingProxyType(dict(zip(known, sizes, strict=True)))
        self.bases: Mapping[str, int] = MappingProxyType(dict(zip(known, starts, strict=True)))
        self.starts: NDArray[np.int64] = fixed(np.array(starts, dtype=np.int64))
        self.sizes: NDArray[np.int64] = fixed(np.array(sizes, dtype=np.int64))

    def __reduce__(self) -> tuple[type[FlatIndex], tuple[ClusterMetadata, tuple[str, ...]]]:
        return FlatIndex, (ClusterMetadata(dict(self.counts)), self.topics)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlatIndex):
            return NotImplemented
        return self is other or self.counts == other.counts

    def __hash__(self) -> int:
        return hash((self.topics, self.size))

    def topic_numbers(self, topics: Iterable[str]) -> NDArray[np.int64]:
        """The place of each of these names in `topics`, -1 for a topic without numbers."""
        place = dict(zip(self.topics, range(len(self.topics)), strict=True))
        return np.array([place.get(topic, -1) for topic in topics], dtype=np.int64)

    def numbers(self, partitions: PartitionSet) -> NDArray[np.int64]:
        """The numbers of those partitions that exist here, ascending; others are left out."""
        if all(topic in self.bases for topic in partitions.topics):
            bases = [self.bases[topic] for topic in partitions.topics]
            limits = [self.counts[topic] for topic in partitions.topics]
            ids = partitions.ids.astype(np.int64)
            inside = ids < np.repeat(np.array(limits, dtype=np.int64), partitions.counts)
            numbers = ids + np.repeat(np.array(bases, dtype=np.int64), partitions.counts)
            return numbers if bool(inside.all()) else numbers[inside]
        known = {t: ids for t, ids in partitions.by_topic.items() if t in self.bases}
        return self.numbers(PartitionSet(known))

    def partition(self, number: int) -> tuple[str, int]:
        """The topic and id behind a number."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        return self.topics[at], int(number) - int(self.starts[at])

    def partitions(self, numbers: NDArray[np.int64]) -> PartitionSet:
        """The partitions behind ascending numbers."""
        if numbers.size == 0:
            return PartitionSet()
        at = np.searchsorted(self.starts, numbers, side="right") - 1
        ids = (numbers - self.starts[at]).astype(np.int32)
        firsts = np.flatnonzero(np.diff(at, prepend=-1))
        topics = tuple(self.topics[i] for i in at[firsts].tolist())
        return PartitionSet._trusted(topics, (*firsts.tolist(), int(numbers.size)), ids)


def lengths_of(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long each span is: numpy's own diff takes four times as long where there are few."""
    return starts[1:] - starts[:-1]
