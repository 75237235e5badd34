"""The partitions of a group as one array: what makes an assignor's work independent of objects.

The rule kept here: numbers follow topic order, then partition id, so an ascending array of numbers
is a `PartitionSet` in canonical form and needs no sorting on the way to the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assignors.model import ClusterMetadata, PartitionSet, Subscription


class FlatIndex:
    """Numbers the partitions of some topics 0..size-1: topics sorted, ids ascending.

    What makes a group's partitions one int array instead of a dictionary. Topics that the cluster
    does not know have no numbers.
    """

    __slots__ = ("_starts", "bases", "counts", "size", "topics")

    def __init__(self, cluster: ClusterMetadata, topics: Iterable[str]) -> None:
        known = (topic for topic in set(topics) if cluster.partitions.get(topic, 0) > 0)
        self.topics: tuple[str, ...] = tuple(sorted(known))
        self.counts: dict[str, int] = {topic: cluster.partitions[topic] for topic in self.topics}
        self.bases: dict[str, int] = {}
        self.size = 0
        for topic in self.topics:
            self.bases[topic] = self.size
            self.size += self.counts[topic]
        self._starts = np.array([*self.bases.values()], dtype=np.int64)

    @classmethod
    def of_group(cls, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> FlatIndex:
        """All partitions that somebody in the group is subscribed to."""
        return cls.of_topic_sets(cluster, topic_sets(members))

    @classmethod
    def of_topic_sets(
        cls, cluster: ClusterMetadata, topics: Mapping[str, frozenset[str]]
    ) -> FlatIndex:
        """The same, from what `topic_sets` said."""
        return cls(cluster, frozenset().union(*set(topics.values())))

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
        at = int(np.searchsorted(self._starts, number, side="right")) - 1
        return self.topics[at], int(number) - int(self._starts[at])

    def partitions(self, numbers: NDArray[np.int64]) -> PartitionSet:
        """The partitions behind ascending numbers."""
        if numbers.size == 0:
            return PartitionSet()
        at = np.searchsorted(self._starts, numbers, side="right") - 1
        ids = (numbers - self._starts[at]).astype(np.int32)
        firsts = np.flatnonzero(np.diff(at, prepend=-1))
        topics = tuple(self.topics[i] for i in at[firsts].tolist())
        return PartitionSet._trusted(topics, (*firsts.tolist(), int(numbers.size)), ids)

    def profiles(
        self, topics: Sequence[frozenset[str]]
    ) -> tuple[tuple[NDArray[np.int64], ...], NDArray[np.int32]]:
        """The distinct sets of topics, as ascending topic numbers, and which one each member has.

        Numbered in order of first appearance; topics without a number here are left out.
        """
        alike: dict[frozenset[str], int] = {}
        profile_of = [alike.setdefault(each, len(alike)) for each in topics]
        number = {topic: at for at, topic in enumerate(self.topics)}
        profiles = tuple(
            np.array(sorted(number[t] for t in each if t in number), dtype=np.int64)
            for each in alike
        )
        return profiles, np.array(profile_of, dtype=np.int32)

    def plan(self, owner: NDArray[np.integer[Any]], ids: Sequence[str]) -> dict[str, PartitionSet]:
        """An owner's number per partition (negative = nobody) as member id -> partitions."""
        order = np.argsort(owner, kind="stable")
        owners = owner[order]
        at = np.searchsorted(self._starts, order, side="right") - 1
        column = (order - self._starts[at]).astype(np.int32)
        column.setflags(write=False)
        # A column begins where the owner or the topic changes.
        begins = np.ones(owners.size, dtype=bool)
        begins[1:] = (owners[1:] != owners[:-1]) | (at[1:] != at[:-1])
        begins_at = np.flatnonzero(begins)
        topics = [self.topics[number] for number in at[begins_at].tolist()]
        spans = np.searchsorted(owners, np.arange(len(ids) + 1))
        columns = np.searchsorted(begins_at, spans).tolist()
        begins_at = np.append(begins_at, owners.size)
        result: dict[str, PartitionSet] = {}
        for number, (start, end) in enumerate(pairwise(spans.tolist())):
            first, last = columns[number], columns[number + 1]
            offsets = (*(begins_at[first:last] - start).tolist(), end - start)
            result[ids[number]] = PartitionSet._trusted(
                tuple(topics[first:last]), offsets, column[start:end]
            )
        return result


def topic_sets(members: Mapping[str, Subscription]) -> dict[str, frozenset[str]]:
    """Member id -> the topics it is subscribed to; members with equal lists share one set."""
    by_object: dict[int, frozenset[str]] = {}
    by_value: dict[tuple[str, ...], frozenset[str]] = {}
    sets: dict[str, frozenset[str]] = {}
    for member, each in members.items():
        found = by_object.get(id(each.topics))
        if found is None:
            listed = tuple(each.topics)
            found = by_value.get(listed)
            if found is None:
                found = by_value[listed] = frozenset(listed)
            by_object[id(each.topics)] = found
        sets[member] = found
    return sets
