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
class Problem:
    """Classes, members and the edges between them, all numbered from 0.

    `sizes[c]`: partitions of class c. `class_of_topic`: the class of each topic of the flat index.
    Edge e says that member `edge_member[e]` is subscribed to class `edge_class[e]` and is settled
    to own `keep[e]` of its partitions; edges are sorted by class, then member, and
    `edge_start[c]:edge_start[c + 1]` are those of class c. `runs` is None where partitions change
    hands so often that runs would be no shorter than the column; see `runs_of_owners`.
    """

    members: int
    sizes: Counts
    class_of_topic: Counts
    edge_class: Counts
    edge_member: Counts
    edge_start: Counts
    keep: Counts
    runs: Runs | None

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.sizes.size)

    def loads(self, x: Counts) -> Counts:
        """Partitions per member when edge e carries `x[e]`."""
        return added(self.edge_member, x, self.members)

    def unowned(self, keep: Counts) -> Counts:
        """Partitions per class that are left over when edge e keeps `keep[e]`."""
        return self.sizes - added(self.edge_class, keep, self.classes)

    def lost(self, x: Counts) -> int:
        """How many partitions leave their settled owner when edge e carries `x[e]`."""
        return int(np.maximum(self.keep - x, 0).sum())


def added(at: Counts, amounts: Counts, size: int) -> Counts:
    """Sums of `amounts` by the number `at`, for the numbers 0..size-1."""
    # Sums stay far below 2 ** 53, so that floating point is exact.
    return np.bincount(at, weights=amounts, minlength=size).astype(np.int64)


def problem_of(settled: Settled) -> Problem:
    """The problem behind a group; members are numbered as in `settled.member_ids`."""
    held: Counts = np.array([each.size for each in settled.profiles], dtype=np.int64)
    served = held > 0
    if int(np.count_nonzero(served)) == 1:
        return _one_class(settled, served[settled.profile_of].nonzero()[0])
    class_of_topic, edge_class, edge_member = _edges(settled, held)
    classes = int(class_of_topic.max(initial=-1)) + 1
    edges = _EdgeFinder(len(settled.member_ids), edge_class, edge_member)
    differs = _differs(settled)
    changes = class_of_topic[1:] != class_of_topic[:-1]
    differs[settled.index.starts[1:][changes] - 1] = True
    start = np.concatenate([[0], differs.nonzero()[0] + 1])
    topic = settled.index.starts.searchsorted(start, side="right") - 1
    runs = _runs(settled, start, class_of_topic[topic], edges)
    return Problem(
        members=len(settled.member_ids),
        sizes=added(class_of_topic, settled.index.sizes, classes),
        class_of_topic=class_of_topic,
        edge_class=edge_class,
        edge_member=edge_member,
        edge_start=edge_class.searchsorted(np.arange(classes + 1)),
        keep=_kept(runs, edge_class.size),
        runs=runs,
    )


def _one_class(settled: Settled, edge_member: Counts) -> Problem:
    """Everybody who is subscribed to anything is subscribed to the same."""
    size, members = settled.index.size, len(settled.member_ids)
    edge_class = np.zeros_like(edge_member)
    differs = _differs(settled)
    runs = None
    if _SHORT_RUN * int(np.count_nonzero(differs)) < size:
        start = np.concatenate([[0], differs.nonzero()[0] + 1])
        edges = _EdgeFinder(members, edge_class, edge_member)
        runs = _runs(settled, start, np.zeros_like(start), edges)
        keep = _kept(runs, edge_member.size)
    else:
        keep = np.bincount(settled.owner + 1, minlength=members + 1)[1:][edge_member]
    return Problem(
        members=members,
        sizes=np.array([size], dtype=np.int64),
        class_of_topic=np.zeros(len(settled.index.topics), dtype=np.int64),
        edge_class=edge_class,
        edge_member=edge_member,
        edge_start=np.array([0, edge_member.size], dtype=np.int64),
        keep=keep,
        runs=runs,
    )


def runs_of_owners(problem: Problem, settled: Settled, loose: NDArray[np.bool_]) -> Runs:
    """Runs of what nobody owns, and of what those members own who are `loose`.

    For one class, where these are few and all runs together are many.
    """
    at = (np.append(loose, True)[settled.owner]).nonzero()[0]  # nobody is -1, the last
    jumps = at[1:] != at[:-1] + 1
    jumps |= settled.owner[at[1:]] != settled.owner[at[:-1]]
    jumps |= settled.stale[at[1:]] != settled.stale[at[:-1]]
    first = np.concatenate([[0], jumps.nonzero()[0] + 1]) if at.size else at
    edges = _EdgeFinder(problem.members, problem.edge_class, problem.edge_member)
    class_ = np.zeros_like(first)
    return Runs(
        start=at[first],
        length=_lengths(first, at.size),
        class_=class_,
        edge=edges(class_, settled.owner[at[first]]),
        stale=edges(class_, settled.stale[at[first]]),
    )


def _edges(settled: Settled, held: Counts) -> tuple[Counts, Counts, Counts]:
    """The class of each topic, and the edges: their classes and their members.

    Members with equal topics are looked at together, until the edges themselves are listed.
    """
    topics = len(settled.index.topics)
    listed = np.concatenate(settled.profiles)
    by_topic = stable_order(listed, topics)
    profiles = np.arange(held.size, dtype=np.int32).repeat(held)[by_topic]
    ends = np.bincount(listed, minlength=topics).cumsum().tolist()
    number: dict[bytes, int] = {}
    first: list[int] = []
    class_of_topic = np.empty(topics, dtype=np.int64)
    start = 0
    for topic, end in enumerate(ends):
        subscribers = profiles[start:end].tobytes()
        start = end
        found = number.setdefault(subscribers, len(number))
        class_of_topic[topic] = found
        if found == len(first):
            first.append(topic)
    # One topic stands for its class; then each profile's classes, once for each of its members.
    stands = np.zeros(topics, dtype=bool)
    stands[first] = True
    chosen = stands[listed]
    classes = class_of_topic[listed[chosen]]
    degree = np.bincount(np.arange(held.size).repeat(held)[chosen], minlength=held.size)
    begins = degree.cumsum() - degree
    of_member = degree[settled.profile_of]
    at = ranges(begins[settled.profile_of], of_member)
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


def _lengths(starts: Counts, end: int) -> Counts:
    """Of ranges without gaps."""
    lengths = -starts
    lengths[:-1] += starts[1:]
    lengths[-1:] += end
    return lengths


def _differs(settled: Settled) -> NDArray[np.bool_]:
    """Whether each partition but the first differs from the one before it."""
    differs = settled.owner[1:] != settled.owner[:-1]
    if _tied(settled):
        differs |= settled.stale[1:] != settled.stale[:-1]
    return np.asarray(differs)


def _tied(settled: Settled) -> bool:
    return settled.stale.size > 0 and int(settled.stale.max()) >= 0


def _runs(settled: Settled, start: Counts, class_: Counts, edges: _EdgeFinder) -> Runs:
    stale = np.full(start.size, NOBODY, dtype=np.int64)
    return Runs(
        start=start,
        length=_lengths(start, settled.index.size),
        class_=class_,
        edge=edges(class_, settled.owner[start]),
        stale=edges(class_, settled.stale[start]) if _tied(settled) else stale,
    )


def _kept(runs: Runs, edges: int) -> Counts:
    owned = runs.edge >= 0
    return added(runs.edge[owned], runs.length[owned], edges)


class _EdgeFinder:
    """The number of the edge between a class and a member, for many at once."""

    def __init__(self, members: int, edge_class: Counts, edge_member: Counts) -> None:
        self._members = members
        self._keys = edge_class * members + edge_member
        # One class and everybody in it: an edge is its member.
        self._same = edge_member.size == members and not edge_class.any()

    def __call__(self, class_: Counts, member: NDArray[np.int32]) -> Counts:
        """Settled members are subscribed, so that their edges exist; nobody has edge -1."""
        if self._same:
            return member.astype(np.int64)
        known = member >= 0
        edge = np.full(member.size, NOBODY, dtype=np.int64)
        keys = class_[known] * self._members + member[known]
        edge[known] = self._keys.searchsorted(keys)
        return edge
