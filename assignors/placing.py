"""From "how many of each class" to concrete partitions.

The rule kept here: an owner keeps what it may keep; what is free goes first to the member whose
stale claim it bears, if that member has room; the rest is dealt in long runs, or evenly by topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assignors.claims import NOBODY, Settled
from assignors.classes import (
    Counts,
    Problem,
    added,
    lengths_until,
    ranges,
    runs_of_owners,
    stable_order,
)

Owners = NDArray[np.int32]
Spread: TypeAlias = Literal["auto", "topic", "contiguous"]

MANY_ENTRIES = 10_000
"""Entries of a plan, one for each topic of each member, up to which "auto" spreads topics.

An entry costs its topic's name and eight bytes, in the plan and in what the members claim next. The
coordinator writes all of that in one record, which Kafka refuses beyond 1 MB by default.
"""


def chosen(spread: Spread, settled: Settled) -> Literal["topic", "contiguous"]:
    """What "auto" means for this group."""
    if spread != "auto":
        return spread
    if settled.index.size <= MANY_ENTRIES:
        return "topic"
    held = np.array([each.size for each in settled.profiles], dtype=np.int64)
    entries = min(settled.index.size, int(held[settled.profile_of].sum()))
    return "topic" if entries <= MANY_ENTRIES else "contiguous"


def placed(problem: Problem, x: Counts, settled: Settled, spread: Spread) -> Owners:
    """The owner of every partition, when edge e of the problem carries `x[e]`.

    `spread` is one that was `chosen`.
    """
    owner = settled.owner.copy()
    room = x - np.minimum(problem.keep, x)
    if not room.any():
        return owner
    free = _freed(problem, x, settled, spread)
    if (free.stale != NOBODY).any():
        free = _back_to_stale_claims(problem, room, free, owner)
    demand = room.nonzero()[0]
    if demand.size == 0:
        return owner
    if problem.classes > 1:
        free = free.picked(stable_order(free.class_, problem.classes))
    if spread == "contiguous":
        members = problem.edge_member[demand].astype(np.int32)
        owner[_places(free)] = members.repeat(room[demand])
        return owner
    at = ranges(free.start, free.length)
    topic = _topic_at(settled, at)
    edges = _in_turns(problem, demand.repeat(room[demand]), topic)
    owner[at] = problem.edge_member[edges]
    return owner


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Free:
    """Ranges of partitions that nobody keeps, in ascending order: `length` from `start` on."""

    start: Counts
    length: Counts
    class_: Counts
    stale: Counts

    def picked(self, at: Counts | NDArray[np.bool_]) -> _Free:
        return _Free(
            start=self.start[at],
            length=self.length[at],
            class_=self.class_[at],
            stale=self.stale[at],
        )


def _places(free: _Free) -> Counts | slice:
    """Where the ranges lie; a slice is a hundred times faster than a list of its numbers."""
    if free.start.size == 1:
        start = int(free.start[0])
        return slice(start, start + int(free.length[0]))
    return ranges(free.start, free.length)


def _topic_at(settled: Settled, at: Counts) -> Counts:
    sizes = settled.index.sizes
    return np.arange(sizes.size).repeat(sizes)[at]


def _freed(problem: Problem, x: Counts, settled: Settled, spread: Spread) -> _Free:
    """What has no owner, and what its owner cannot keep: its last ids, or evenly by topic."""
    over = problem.keep > x
    runs = problem.runs
    if runs is None:
        loose = np.zeros(problem.members, dtype=np.bool_)
        loose[problem.edge_member] = over
        runs = runs_of_owners(problem, settled, loose)
    unowned = runs.edge == NOBODY
    everything = _Free(start=runs.start, length=runs.length, class_=runs.class_, stale=runs.stale)
    if not over.any():
        return everything.picked(unowned)
    cut = (over[runs.edge] & ~unowned).nonzero()[0]
    if spread == "contiguous":
        stays = _first(runs.edge[cut], runs.length[cut], x)
        tail = _Free(
            start=runs.start[cut] + stays,
            length=runs.length[cut] - stays,
            class_=runs.class_[cut],
            stale=runs.stale[cut],
        ).picked(runs.length[cut] > stays)
    else:
        tail = _spread_cut(problem, settled, everything.picked(cut), runs.edge[cut], x)
    whole = everything.picked(unowned)
    start = np.concatenate([whole.start, tail.start])
    return _Free(
        start=start,
        length=np.concatenate([whole.length, tail.length]),
        class_=np.concatenate([whole.class_, tail.class_]),
        stale=np.concatenate([whole.stale, tail.stale]),
    ).picked(start.argsort(kind="stable"))


def _first(edge: Counts, length: Counts, quota: Counts) -> Counts:
    """How much of each range its edge can have, if ranges come in order up to the edge's quota."""
    order = edge.argsort(kind="stable")
    edges, lengths = edge[order], length[order]
    before = lengths.cumsum() - lengths
    begins = np.concatenate([[True], edges[1:] != edges[:-1]]) if edges.size else edges == 0
    before -= before[begins].repeat(lengths_until(begins.nonzero()[0], edges.size))
    result = np.empty_like(length)
    result[order] = np.clip(quota[edges] - before, 0, lengths)
    return result


def _spread_cut(problem: Problem, settled: Settled, cut: _Free, edges: Counts, x: Counts) -> _Free:
    """The partitions that the ranges lose to `x` so that what stays is even over the topics."""
    at = ranges(cut.start, cut.length)
    edge = edges.repeat(cut.length)
    stale = cut.stale.repeat(cut.length)
    topic = _topic_at(settled, at)
    # The first of each topic stays, then the second of each, as many as the edge carries.
    order = np.lexsort((at, topic, edge))
    turn = np.empty(at.size, dtype=np.int64)
    turn[order] = _rank(edge[order], topic[order])
    order = np.lexsort((at, turn, edge))
    stays = np.empty(at.size, dtype=np.bool_)
    stays[order] = _rank(edge[order]) < x[edge[order]]
    lost = (~stays).nonzero()[0]
    return _Free(
        start=at[lost],
        length=np.ones(lost.size, dtype=np.int64),
        class_=problem.edge_class[edge[lost]],
        stale=stale[lost],
    )


def _rank(*sorted_keys: Counts) -> Counts:
    """For each entry of sorted columns, how many equal ones come before it."""
    place = np.arange(sorted_keys[0].size)
    begins = np.zeros(place.size, dtype=np.bool_)
    begins[:1] = True
    for each in sorted_keys:
        begins[1:] |= each[1:] != each[:-1]
    return place - np.maximum.accumulate(np.where(begins, place, 0))


def _back_to_stale_claims(problem: Problem, room: Counts, free: _Free, owner: Owners) -> _Free:
    """Hand back to those who held it once, as there is room; what is free after that."""
    tied = (free.stale != NOBODY).nonzero()[0]
    back = np.zeros(free.length.size, dtype=np.int64)
    back[tied] = _first(free.stale[tied], free.length[tied], room)
    at = ranges(free.start[tied], back[tied])
    owner[at] = problem.edge_member[free.stale[tied]].repeat(back[tied])
    room -= added(free.stale[tied], back[tied], room.size)
    return _Free(
        start=free.start + back,
        length=free.length - back,
        class_=free.class_,
        stale=free.stale,
    ).picked(free.length > back)


def _in_turns(problem: Problem, edges: Counts, topic: Counts) -> Counts:
    """The same edges, dealt in turn within each class, so that each topic meets everybody.

    Then sorted within the topic, so that ids stay in runs. `topic` is that of each free partition,
    ascending within a class.
    """
    rank = _rank(edges)
    turns = stable_order(rank, int(rank.max()) + 1)
    turns = turns[stable_order(problem.edge_class[edges[turns]], problem.classes)]
    met = np.empty(topic.size, dtype=np.int64)
    met[turns] = topic
    # Topics of a class are numbered ascending, classes are not: a topic lies in one class only.
    order = stable_order(met, int(met.max()) + 1)
    by_topic = np.empty(order.size, dtype=np.int64)
    by_topic[stable_order(topic, int(topic.max()) + 1)] = order
    return edges[by_topic]
