"""From "how many of each class" to concrete partitions.

The rule kept here: an owner keeps what it may keep; what is free goes first to the member whose
stale claim it bears, if that member has room; the rest is dealt in long runs, or evenly by topic.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assignors.claims import NOBODY, Settled
from assignors.classes import Counts, Problem

Owners = NDArray[np.int32]


def placed(
    problem: Problem, x: Counts, settled: Settled, spread: Literal["contiguous", "topic"]
) -> Owners:
    """The owner of every partition, when edge e of the problem carries `x[e]`."""
    owner = np.full(settled.index.size, NOBODY, dtype=np.int32)
    topic_of = _topic_numbers(settled)
    by_class = np.argsort(problem.class_of, kind="stable")
    bounds = np.cumsum([0, *problem.sizes.tolist()]).tolist()
    for number in range(problem.classes):
        numbers = by_class[bounds[number] : bounds[number + 1]]
        edges = slice(int(problem.edge_start[number]), int(problem.edge_start[number + 1]))
        quota = np.zeros(problem.members, dtype=np.int64)
        quota[problem.edge_member[edges]] = x[edges]
        owner[numbers] = _place_class(
            settled.owner[numbers], settled.stale[numbers], quota, topic_of[numbers], spread
        )
    return owner


def _topic_numbers(settled: Settled) -> Owners:
    counts = list(settled.index.counts.values())
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def _place_class(
    owned: Owners,
    stale: Owners,
    quota: Counts,
    topic_of: Owners,
    spread: Literal["contiguous", "topic"],
) -> Owners:
    # Among what an owner holds, the first ids stay; or, to keep topics spread, the first of each.
    rank = _rank_within(owned, _rank_within(owned, None, topic_of) if spread == "topic" else None)
    kept = (owned != NOBODY) & (rank < quota[owned])
    result = np.where(kept, owned, NOBODY).astype(np.int32)
    room = quota - np.bincount(result[kept], minlength=quota.size)
    tied = np.where((result == NOBODY) & (stale != NOBODY), stale, NOBODY)
    if bool((tied != NOBODY).any()):
        back = (tied != NOBODY) & (_rank_within(tied) < room[tied])
        result[back] = tied[back]
        room -= np.bincount(tied[back], minlength=quota.size)
    free = np.flatnonzero(result == NOBODY)
    result[free] = _dealt(room, topic_of[free], spread)
    return result


def _rank_within(group: Owners, first: Counts | None = None, also: Owners | None = None) -> Counts:
    """For each entry, how many of its group come before it: by `first`, then by position.

    With `also` the groups are the pairs (group, also).
    """
    place = np.arange(group.size)
    keys = [place] if first is None else [place, first]
    groups = [group] if also is None else [also, group]
    order = np.lexsort((*keys, *groups))
    starts = np.zeros(group.size, dtype=bool)
    starts[:1] = True
    for each in groups:
        sorted_ = each[order]
        starts[1:] |= sorted_[1:] != sorted_[:-1]
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = place - np.maximum.accumulate(np.where(starts, place, 0))
    return rank


def _dealt(room: Counts, topic_of: Owners, spread: Literal["contiguous", "topic"]) -> Owners:
    """Members for the free partitions, in order; `room` adds up to as many."""
    members = np.repeat(np.arange(room.size, dtype=np.int32), room)
    if spread == "contiguous":
        return members
    # In turn, so that each topic meets everybody; then by topic, so that ids stay in runs.
    turns = members[np.lexsort((members, _rank_within(members)))]
    return turns[np.lexsort((turns, topic_of))]
