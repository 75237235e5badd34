"""A plan as one owner's number per partition: what an algorithm makes, and what the wire wants.

The rule kept here: a partition has one owner because there is one place to write it down. What a
member gets is cut out of the column only when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assignors.batch import Offsets
from assignors.flat import FlatIndex, lengths_of
from assignors.model import GroupAssignment, Ids, PartitionSet

_NOTHING = PartitionSet()
_FEW = 128  # partitions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """Who gets what, as columns by member, then topic.

    Member m gets the columns `starts[m]:starts[m + 1]`; column c is of topic number `topics[c]` and
    has the ids `id_starts[c]:id_starts[c + 1]` of all. They are runs of ascending ids: run r is
    `lengths[r]` of them from `firsts[r]` on, and column c has the runs from `runs[c]` on.
    """

    starts: Offsets
    topics: Offsets
    id_starts: Offsets
    runs: Offsets
    firsts: Offsets
    lengths: Offsets

    def ids(self, *, counted: bool) -> Ids:
        """The ids of all columns, one after the other; `counted`: each with its count in front."""
        firsts, lengths = self.firsts, self.lengths
        if counted:
            # Room for the count is made by a first run that begins one before its first id.
            firsts, lengths = firsts.copy(), lengths.copy()
            firsts[self.runs] -= 1
            lengths[self.runs] += 1
        places = lengths.cumsum() - lengths
        # Every value is below 2**31, but for what is overwritten next.
        ids = ((firsts - places).astype(np.int32)).repeat(lengths)
        ids += np.arange(ids.size, dtype=np.int32)
        if counted:
            ids[places[self.runs]] = np.diff(self.id_starts)
        return ids


class OwnerColumn(Mapping[str, PartitionSet]):
    """Member id -> its partitions, kept as `owner`: a member's number for each one of `index`.

    `member_ids`: sorted; a number is a place in it, and a negative one is nobody.
    Raises ValueError for an owner without a number or a column of another length.
    """

    __slots__ = ("_ids", "_made", "_number", "_shares", "index", "member_ids", "owner")

    def __init__(
        self, index: FlatIndex, member_ids: Sequence[str], owner: NDArray[np.integer[Any]]
    ) -> None:
        ids = tuple(member_ids)
        column = owner.astype(np.int32)
        if column.shape != (index.size,):
            raise ValueError(f"{column.shape} owners, but the index has {index.size} partitions")
        if column.size and int(column.max()) >= len(ids):
            raise ValueError(f"owner number {int(column.max())}, but there are {len(ids)} members")
        if any(a >= b for a, b in pairwise(ids)):
            place = {member: number for number, member in enumerate(sorted(ids))}
            if len(place) != len(ids):
                raise ValueError("a member id is given twice: give each one once")
            places = np.array([*(place[member] for member in ids), -1], dtype=np.int32)
            column = places[np.maximum(column, -1)]
            ids = tuple(place)
        column.setflags(write=False)
        self.index = index
        self.member_ids = ids
        self.owner: NDArray[np.int32] = column
        self._shares: Shares | None = None
        self._ids: Ids | None = None
        self._number: dict[str, int] | None = None
        self._made: dict[str, PartitionSet] = {}

    @property
    def few(self) -> bool:
        """Whether to go through them one by one takes less time than a step of numpy each."""
        return self.index.size <= _FEW

    @classmethod
    def of(cls, plan: Mapping[str, PartitionSet], index: FlatIndex) -> OwnerColumn:
        """Any valid plan as a column; of partitions that the index lacks nothing is kept."""
        if isinstance(plan, GroupAssignment):
            plan = plan.partitions
        if isinstance(plan, OwnerColumn) and plan.index == index:
            return plan
        member_ids = sorted(plan)
        owner = np.full(index.size, -1, dtype=np.int32)
        for number, member in enumerate(member_ids):
            owner[index.numbers(plan[member])] = number
        return cls(index, member_ids, owner)

    def shares(self) -> Shares:
        """What each member gets, worked out once."""
        if self._shares is None:
            self._shares = _shares(self.index, self.owner, len(self.member_ids))
        return self._shares

    def given(self) -> tuple[NDArray[np.integer[Any]], Offsets]:
        """Who gets something, and of which topic number."""
        if self.few:
            given = (self.owner >= 0).nonzero()[0]
            sizes = self.index.sizes
            return self.owner[given], np.arange(sizes.size).repeat(sizes)[given]
        shares = self.shares()
        return np.arange(len(self)).repeat(lengths_of(shares.starts)), shares.topics

    def __getitem__(self, member: str) -> PartitionSet:
        made = self._made.get(member)
        if made is None and self.few and not self._made:
            self._made = _sets(self)
            made = self._made[member]
        if made is None:
            if self._number is None:
                self._number = {each: number for number, each in enumerate(self.member_ids)}
            made = self._made[member] = self._make(self._number[member])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self.member_ids)

    def __len__(self) -> int:
        return len(self.member_ids)

    def _make(self, number: int) -> PartitionSet:
        shares = self.shares()
        if self._ids is None:
            self._ids = shares.ids(counted=False)
            self._ids.setflags(write=False)
        first, last = int(shares.starts[number]), int(shares.starts[number + 1])
        if first == last:
            return _NOTHING
        bounds = shares.id_starts[first : last + 1]
        topics = tuple(self.index.topics[each] for each in shares.topics[first:last].tolist())
        ids = self._ids[bounds[0] : bounds[-1]]
        return PartitionSet._trusted(topics, tuple((bounds - bounds[0]).tolist()), ids)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def assignment(
    index: FlatIndex,
    member_ids: Sequence[str],
    owner: NDArray[np.integer[Any]],
    user_data: Mapping[str, bytes] | None = None,
) -> GroupAssignment:
    """The plan behind an owner's number per partition of `index`; negative = nobody."""
    column = OwnerColumn(index, member_ids, owner)
    data = user_data or {}
    unknown = sorted(set(data) - set(member_ids)) if data else ()
    if unknown:
        raise ValueError(f"user_data for {unknown[0]!r}, which is not a member of the plan")
    return GroupAssignment._trusted(column, data)


def _sets(column: OwnerColumn) -> dict[str, PartitionSet]:
    """What each member gets, where all together are few."""
    owner = iter(column.owner.tolist())
    held: list[dict[str, list[int]]] = [{} for _ in range(len(column) + 1)]  # nobody is the last
    for topic, size in column.index.counts.items():
        for partition, number in enumerate(islice(owner, size)):
            held[max(number, -1)].setdefault(topic, []).append(partition)
    made = {}
    for member, topics in zip(column.member_ids, held, strict=False):
        offsets = (0, *accumulate(map(len, topics.values())))
        ids = np.array([*chain.from_iterable(topics.values())], dtype=np.int32)
        made[member] = PartitionSet._trusted(tuple(topics), offsets, ids)
    return made


def _shares(index: FlatIndex, owner: NDArray[np.int32], members: int) -> Shares:
    """Sorted are the runs of one owner in one topic: of a million partitions, thousands."""
    begins = np.ones(owner.size, dtype=bool)
    np.not_equal(owner[1:], owner[:-1], out=begins[1:])
    begins[index.starts] = True
    at = begins.nonzero()[0]
    lengths = np.diff(at, append=owner.size)
    who = owner[at]
    if bool((who < 0).any()):
        assigned = who >= 0
        at, lengths, who = at[assigned], lengths[assigned], who[assigned]
    # numpy sorts what fits 16 bits by radix.
    order = (who.astype(np.uint16) if members <= 2**16 else who).argsort(kind="stable")
    at, lengths, who = at[order], lengths[order], who[order]
    topics = index.starts.searchsorted(at, side="right") - 1
    columns = np.ones(at.size, dtype=bool)
    columns[1:] = (who[1:] != who[:-1]) | (topics[1:] != topics[:-1])
    runs = columns.nonzero()[0]
    ends = np.append(0, lengths.cumsum())
    return Shares(
        starts=who[runs].searchsorted(np.arange(members + 1)),
        topics=topics[runs],
        id_starts=np.append(ends[runs], ends[-1]),
        runs=runs,
        firsts=at - index.starts[topics],
        lengths=lengths,
    )
