"""What a group is subscribed to, in numbers: what stays the same while members claim and let go.

The rule kept here: of a small group it is worked out once, not at each of its rebalances, and so is
whatever depends on nothing else. It is shared from then on, and nobody writes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assignors.batch import Offsets, sorted_names
from assignors.flat import FlatIndex, fixed, lengths_of
from assignors.model import ClusterMetadata

Members = NDArray[np.int32]
"""A member's number per entry, or NOBODY, or SEVERAL."""
_Made = TypeVar("_Made")

_SMALL = 1_024
"""Members and topics in lists, together, of a group that is kept in mind."""
_GROUPS = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopicLists:
    """Lists of topics: list p is the names numbered `numbers[starts[p]:starts[p + 1]]`.

    `names` are sorted and distinct; no list names a topic twice, and each is in its sender's order.
    """

    names: tuple[str, ...]
    starts: Offsets
    numbers: Offsets

    @classmethod
    def of(cls, lists: Sequence[Sequence[str]]) -> TopicLists:
        """The columns of lists without duplicates."""
        number: dict[str, int] = {}
        numbers = [number.setdefault(topic, len(number)) for each in lists for topic in each]
        names, sorted_ = sorted_names([*number], np.array(numbers, dtype=np.int64))
        return cls(names=names, starts=starts_of(map(len, lists)), numbers=sorted_)

    def __len__(self) -> int:
        return self.starts.size - 1

    def topics(self, number: int) -> tuple[str, ...]:
        """One list, as names."""
        span = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return tuple(self.names[each] for each in self.numbers[span].tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTopics:
    """What a group is subscribed to, in numbers of `index`.

    `profiles`: the distinct subscriptions as ascending topic numbers, in order of first appearance
    (by member number); `profile_of`: the one of each member. `pairs`: all that is subscribed to, as
    profile times number of topics, plus topic, ascending; None if that is everything.
    """

    index: FlatIndex
    profiles: tuple[Offsets, ...]
    profile_of: Members
    pairs: Offsets | None
    _made: dict[Callable[[GroupTopics], Any], Any] = field(default_factory=dict)

    def once(self, make: Callable[[GroupTopics], _Made]) -> _Made:
        """What `make` makes of this, made when it is first asked for."""
        made: _Made | None = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self)
        return made

    def subscribed(self, members: NDArray[Any], topics: Offsets) -> NDArray[np.bool_]:
        """Whether member `members[i]` is subscribed to topic number `topics[i]` (-1 = no topic)."""
        if self.pairs is None:
            return topics >= 0
        asked = self.profile_of[members] * np.int64(self.index.sizes.size) + topics
        at = self.pairs.searchsorted(asked)
        found: NDArray[np.bool_] = self.pairs.take(at, mode="clip") == asked
        return found & (topics >= 0)


def group_topics(cluster: ClusterMetadata, lists: TopicLists, list_of: Members) -> GroupTopics:
    """The topics of a group whose member m has the list `list_of[m]`."""
    if lists.numbers.size + list_of.size > _SMALL:
        return _numbered(FlatIndex(cluster, lists.names), lists, list_of)
    return _remembered(
        lists.names,
        tuple(map(cluster.partitions.get, lists.names)),
        lists.starts.tobytes(),
        lists.numbers.tobytes(),
        list_of.tobytes(),
    )


@lru_cache(_GROUPS)
def _remembered(
    names: tuple[str, ...],
    counts: tuple[int | None, ...],
    starts: bytes,
    numbers: bytes,
    list_of: bytes,
) -> GroupTopics:
    known = {name: count for name, count in zip(names, counts, strict=True) if count is not None}
    lists = TopicLists(
        names=names,
        starts=np.frombuffer(starts, dtype=np.int64),
        numbers=np.frombuffer(numbers, dtype=np.int64),
    )
    index = FlatIndex(ClusterMetadata(known), names)
    return _numbered(index, lists, np.frombuffer(list_of, dtype=np.int32))


def _numbered(index: FlatIndex, lists: TopicLists, list_of: Members) -> GroupTopics:
    """Lists as ascending topic numbers; those that are equal then become one profile."""
    numbers = index.topic_numbers(lists.names)[lists.numbers]
    starts = lists.starts
    if bool((numbers < 0).any()):
        known = numbers >= 0
        starts = np.append(0, np.cumsum(known))[starts]
        numbers = numbers[known]
    width = max(index.sizes.size, 1)
    keys = np.arange(0, width * len(lists), width).repeat(lengths_of(starts)) + numbers
    if not bool((keys[1:] > keys[:-1]).all()):
        numbers = np.sort(keys) % width
    data, bounds = numbers.tobytes(), (8 * starts).tolist()
    # Numbered by who has it first, however the lists came to be numbered.
    alike: dict[bytes, int] = {}
    number_of = np.zeros(len(lists), dtype=np.int32)
    for each in dict.fromkeys(list_of.tolist()):
        number_of[each] = alike.setdefault(data[bounds[each] : bounds[each + 1]], len(alike))
    profile_of = fixed(number_of[list_of])
    profiles = tuple(np.frombuffer(each, dtype=np.int64) for each in alike)
    return GroupTopics(
        index=index,
        profiles=profiles,
        profile_of=profile_of,
        pairs=_pairs(profiles, index.sizes.size),
    )


def _pairs(profiles: Sequence[Offsets], width: int) -> Offsets | None:
    lengths = [each.size for each in profiles]
    if sum(lengths) == width * len(profiles):
        return None
    pairs = np.arange(0, width * len(profiles), width).repeat(lengths)
    pairs += np.concatenate(profiles)
    return fixed(pairs)


def starts_of(counts: Iterable[int]) -> Offsets:
    """Where each of so many begins, and where the last ends."""
    return np.array([*accumulate(counts, initial=0)], dtype=np.int64)
