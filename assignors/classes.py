"""A group boiled down to what balance and movement depend on.

Topics with the same subscribers form a class, and partitions of a class differ only in their owner.
The rule kept here: everything after this point counts partitions per (class, member) and costs the
same for a thousand partitions or a million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.claims import Settled

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Classes, members and the edges between them, all numbered from 0.

    `sizes[c]`: partitions of class c. `class_of`: the class of each partition of the flat index.
    Edge e says that member `edge_member[e]` is subscribed to class `edge_class[e]` and is settled
    to own `keep[e]` of its partitions; edges are sorted by class, then member, and
    `edge_start[c]:edge_start[c + 1]` are those of class c.
    """

    members: int
    sizes: Counts
    class_of: NDArray[np.int32]
    edge_class: Counts
    edge_member: Counts
    edge_start: Counts
    keep: Counts

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.sizes.size)

    def loads(self, x: Counts) -> Counts:
        """Partitions per member when edge e carries `x[e]`."""
        loads = np.bincount(self.edge_member, weights=x, minlength=self.members)
        return loads.astype(np.int64)


def problem_of(settled: Settled) -> Problem:
    """The problem behind a group; members are numbered as in `settled.member_ids`."""
    index = settled.index
    subscribers = _subscribers_of_classes(settled)
    class_of_topic, lists = subscribers
    counts = np.array([index.counts[topic] for topic in index.topics], dtype=np.int64)
    sizes = np.bincount(class_of_topic, weights=counts, minlength=len(lists)).astype(np.int64)
    degrees = [each.size for each in lists]
    edge_member = np.concatenate(lists) if lists else np.empty(0, dtype=np.int64)
    edge_class = np.repeat(np.arange(len(lists), dtype=np.int64), degrees)
    class_of = np.repeat(class_of_topic, counts).astype(np.int32)
    return Problem(
        members=len(settled.member_ids),
        sizes=sizes,
        class_of=class_of,
        edge_class=edge_class,
        edge_member=edge_member,
        edge_start=np.cumsum([0, *degrees], dtype=np.int64),
        keep=_kept(edge_class, edge_member, class_of, settled),
    )


def _subscribers_of_classes(settled: Settled) -> tuple[Counts, list[Counts]]:
    """The class of each topic, and each class's subscribers, ascending.

    Members with equal topics are looked at together: ten thousand members that all subscribe to
    the same thousand topics cost one pass over a thousand topics.
    """
    holders: list[list[int]] = [[] for _ in settled.index.topics]
    for profile, topics in enumerate(settled.profiles):
        for topic in topics.tolist():
            holders[topic].append(profile)
    by_profile = np.argsort(settled.profile_of, kind="stable")
    ends = np.cumsum(np.bincount(settled.profile_of, minlength=len(settled.profiles)))
    numbers = np.split(by_profile, ends[:-1])
    class_of_set: dict[tuple[int, ...], int] = {}
    classes = [class_of_set.setdefault(tuple(each), len(class_of_set)) for each in holders]
    lists = [np.sort(np.concatenate([numbers[p] for p in each])) for each in class_of_set]
    return np.array(classes, dtype=np.int64), lists


def _kept(
    edge_class: Counts, edge_member: Counts, class_of: NDArray[np.int32], settled: Settled
) -> Counts:
    members = max(len(settled.member_ids), 1)
    owned = settled.owner >= 0
    keys = class_of[owned].astype(np.int64) * members + settled.owner[owned]
    keep = np.zeros(edge_class.size, dtype=np.int64)
    found, counts = np.unique(keys, return_counts=True)
    # A settled owner is subscribed, so its edge exists.
    keep[np.searchsorted(edge_class * members + edge_member, found)] = counts
    return keep
