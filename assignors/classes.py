"""A group boiled down to what balance and movement depend on.

Topics with the same subscribers form a class, and partitions of a class differ only in their owner.
The rule kept here: everything after this point counts partitions per (class, member), or handles
whole runs of them, and costs the same for a thousand partitions or a million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.claims import NOBODY, Settled
from assignors.flat import fixed
from assignors.subscribed import GroupTopics

Counts = NDArray[np.int64]

_SHORT_RUN = 8
"""Runs shorter than this, on average, cost more than they save."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """The owner column as runs: stretches of one class with one settled owner, ascending.

    Run i is `length[i]` partitions of class `class_[i]` from number `start[i]` on. `edge` is the
    edge of its owner, `stale` that of the member whose older claim may break a tie; -1 = nobody.
    """

    start: Counts
    length: Counts
    class_: Counts
    edge: Counts
    stale: Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Classes, members and the edges between them, all numbered from 0.

    `sizes[c]`: partitions of class c. `class_of_topic`: the class of each topic of the flat index.
    Edge e says that member `edge_member[e]` is subscribed to class `edge_class[e]`; edges are
    sorted by class, then member, and `edge_start[c]:edge_start[c + 1]` are those of class c.
    """

    members: int
    sizes: Counts
    class_of_topic: Counts
    edge_class: Counts
    edge_member: Counts
    edge_start: Counts

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.sizes.size)

    def between(self, class_: Counts, member: NDArray[np.int32]) -> Counts:
        """The edges of these classes and members; -1 for nobody, and all others have one."""
        # One class and everybody in it: an edge is its member.
        if self.classes == 1 and self.edge_member.size == self.members:
            return member.astype(np.int64)
        edge = _nobody(member.size)
        known = (member >= 0).nonzero()[0]
        keys = self.edge_class * self.members + self.edge_member
        edge[known] = keys.searchsorted(class_[known] * self.members + member[known])
        return edge

    def loads(self, x: Counts) -> Counts:
        """Partitions per member when edge e carries `x[e]`."""
        return added(self.edge_member, x, self.members)

    def unowned(self, keep: Counts) -> Counts:
        """Partitions per class that are left over when edge e keeps `keep[e]`."""
        return self.sizes - added(self.edge_class, keep, self.classes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem(Edges):
    """Edges, and what is owned: member `edge_member[e]` is settled to own `keep[e]` partitions of
    class `edge_class[e]`.

    `runs` is None where partitions change hands so often that runs would be no shorter than the
    column; see `runs_of_owners`.
    """

    keep: Counts
    runs: Runs | None

    def lost(self, x: Counts) -> int:
        """How many partitions leave their settled owner when edge e carries `x[e]`."""
        return int(np.maximum(self.keep - x, 0).sum())


def added(at: Counts, amounts: Counts, size: int) -> Counts:
    """Sums of `amounts` by the number `at`, for the numbers 0..size-1."""
    # Sums stay far below 2 ** 53, so that floating point is exact.
    return np.bincount(at, weights=amounts, minlength=size).astype(np.int64)


def problem_of(settled: Settled) -> Problem:
    """The problem behind a group; members are numbered as in `settled.member_ids`."""
    edges = settled.topics.once(edges_of)
    differs = _differs(settled)
    runs = None
    if edges.classes > 1:
        changes = edges.class_of_topic[1:] != edges.class_of_topic[:-1]
        differs[settled.index.starts[1:][changes] - 1] = True
    if edges.classes > 1 or _SHORT_RUN * np.count_nonzero(differs) < settled.index.size:
        runs = _runs(settled, _starts_of(differs), edges)
        owned = runs.edge >= 0
        keep = added(runs.edge[owned], runs.length[owned], edges.edge_class.size)
    else:
        keep = np.bincount(settled.owner + 1, minlength=edges.members + 1)[1:][edges.edge_member]
    return Problem(
        members=edges.members,
        sizes=edges.sizes,
        class_of_topic=edges.class_of_topic,
        edge_class=edges.edge_class,
        edge_member=edges.edge_member,
        edge_start=edges.edge_start,
        keep=keep,
        runs=runs,
    )


def edges_of(topics: GroupTopics) -> Edges:
    """Members with equal topics are looked at together, until the edges themselves are listed."""
    held: Counts = np.array([each.size for each in topics.profiles], dtype=np.int64)
    if np.count_nonzero(held) == 1:
        # Everybody who is subscribed to anything is subscribed to the same.
        class_of_topic = np.zeros(len(topics.index.topics), dtype=np.int64)
        edge_member = held[topics.profile_of].nonzero()[0]
        edge_class = np.zeros(edge_member.size, dtype=np.int64)
    else:
        class_of_topic, edge_class, edge_member = _edges(topics, held)
    classes = int(class_of_topic.max(initial=-1)) + 1
    return Edges(
        members=topics.profile_of.size,
        sizes=fixed(added(class_of_topic, topics.index.sizes, classes)),
        class_of_topic=fixed(class_of_topic),
        edge_class=fixed(edge_class),
        edge_member=fixed(edge_member),
        edge_start=fixed(edge_class.searchsorted(np.arange(classes + 1))),
    )


def runs_of_owners(problem: Problem, settled: Settled, loose: NDArray[np.bool_]) -> Runs:
    """Runs of what nobody owns, and of what those members own who are `loose`.

    For one class, where these are few and all runs together are many.
    """
    at = (loose[settled.owner] | (settled.owner == NOBODY)).nonzero()[0]
    jumps = at[1:] != at[:-1] + 1
    jumps |= settled.owner[at[1:]] != settled.owner[at[:-1]]
    jumps |= settled.stale[at[1:]] != settled.stale[at[:-1]]
    first = _starts_of(jumps) if at.size else at
    class_ = np.zeros(first.size, dtype=np.int64)
    stale = settled.stale[at[first]]
    return Runs(
        start=at[first],
        length=lengths_until(first, at.size),
        class_=class_,
        edge=problem.between(class_, settled.owner[at[first]]),
        stale=problem.between(class_, stale),
    )


def _edges(topics: GroupTopics, held: Counts) -> tuple[Counts, Counts, Counts]:
    """The class of each topic, and the edges: their classes and their members."""
    width = len(topics.index.topics)
    listed = np.concatenate(topics.profiles)
    by_topic = stable_order(listed, width)
    profiles = np.arange(held.size, dtype=np.int32).repeat(held)[by_topic]
    ends = np.bincount(listed, minlength=width).cumsum().tolist()
    number: dict[bytes, int] = {}
    first: list[int] = []
    class_of_topic = np.empty(width, dtype=np.int64)
    start = 0
    for topic, end in enumerate(ends):
        subscribers = profiles[start:end].tobytes()
        start = end
        found = number.setdefault(subscribers, len(number))
        class_of_topic[topic] = found
        if found == len(first):
            first.append(topic)
    # One topic stands for its class; then each profile's classes, once for each of its members.
    stands = np.zeros(width, dtype=bool)
    stands[first] = True
    chosen = stands[listed]
    classes = class_of_topic[listed[chosen]]
    degree = np.bincount(np.arange(held.size).repeat(held)[chosen], minlength=held.size)
    begins = degree.cumsum() - degree
    of_member = degree[topics.profile_of]
    at = ranges(begins[topics.profile_of], of_member)
    edge_member = np.arange(of_member.size).repeat(of_member)
    edge_class = classes[at]
    order = stable_order(edge_class, len(first))
    return class_of_topic, edge_class[order], edge_member[order]


def stable_order(keys: Counts, limit: int) -> Counts:
    """A stable sort of keys 0..limit-1; up to 16 bits numpy sorts by radix, in linear time."""
    if limit <= 2**15:
        return keys.astype(np.int16).argsort(kind="stable")
    return keys.argsort(kind="stable")


def ranges(starts: Counts, lengths: Counts) -> Counts:
    """The numbers of all the ranges, one range after the other."""
    ends = lengths.cumsum()
    total = int(ends[-1]) if ends.size else 0
    begins: Counts = (starts - ends + lengths).repeat(lengths)
    return begins + np.arange(total)


def lengths_until(starts: Counts, end: int) -> Counts:
    """Of ranges without gaps."""
    lengths = -starts
    lengths[:-1] += starts[1:]
    lengths[-1:] += end
    return lengths


def _starts_of(differs: NDArray[np.bool_]) -> Counts:
    """Where runs start: at the first entry, and at each that differs from the one before it."""
    start = np.empty(np.count_nonzero(differs) + 1, dtype=np.int64)
    start[0] = 0
    np.add(differs.nonzero()[0], 1, out=start[1:])
    return start


def _nobody(size: int) -> Counts:
    nobody = np.empty(size, dtype=np.int64)
    nobody.fill(NOBODY)
    return nobody


def _differs(settled: Settled) -> NDArray[np.bool_]:
    """Whether each partition but the first differs from the one before it."""
    differs = settled.owner[1:] != settled.owner[:-1]
    if _tied(settled):
        differs |= settled.stale[1:] != settled.stale[:-1]
    return np.asarray(differs)


def _tied(settled: Settled) -> bool:
    return bool((settled.stale != NOBODY).any())


def _runs(settled: Settled, start: Counts, edges: Edges) -> Runs:
    topic = settled.index.starts.searchsorted(start, side="right") - 1
    class_ = edges.class_of_topic[topic]
    tied = _tied(settled)
    return Runs(
        start=start,
        length=lengths_until(start, settled.index.size),
        class_=class_,
        edge=edges.between(class_, settled.owner[start]),
        stale=edges.between(class_, settled.stale[start]) if tied else _nobody(start.size),
    )
