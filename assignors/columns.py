"""The subscriptions of a group as columns: what ten thousand members said, in a dozen arrays.

The rule kept here: `Subscriptions` is an ordinary mapping to whoever asks for a member, and makes
that member's `Subscription` only then; whoever works on all members takes the columns. Members are
numbered in sorted order, whatever the order of the mapping, and so are the names in each column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assignors.batch import Offsets, sorted_names
from assignors.flat import FlatIndex, lengths_of
from assignors.model import ClusterMetadata, Ids, PartitionSet, Subscription
from assignors.subscribed import GroupTopics, Members, TopicLists, group_topics, starts_of

NOBODY = -1
SEVERAL = -2

_NOTHING = PartitionSet()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """Partitions of each member: column c is the ids of `names[topics[c]]`, one after the other.

    Member m has the columns `starts[m]:starts[m + 1]`, sorted by topic; column c has the ids
    `id_starts[c]:id_starts[c + 1]`, ascending, at least one, none negative.
    """

    names: tuple[str, ...]
    starts: Offsets
    topics: Offsets
    id_starts: Offsets
    ids: Ids

    @classmethod
    def of(cls, sets: Sequence[PartitionSet]) -> Held:
        """The columns of one set for each member."""
        number: dict[str, int] = {}
        lists = [each.topics for each in sets]
        topics = [number.setdefault(topic, len(number)) for topic in chain.from_iterable(lists)]
        names, sorted_ = sorted_names([*number], np.array(topics, dtype=np.int64))
        # The offsets of each set, from where the ids of the set before it end.
        ends: list[int] = [0]
        for each in sets:
            last = ends[-1]
            ends += [last + offset for offset in each.offsets[1:]]
        return cls(
            names=names,
            starts=starts_of(map(len, lists)),
            topics=sorted_,
            id_starts=np.array(ends, dtype=np.int64),
            ids=np.concatenate([each.ids for each in sets]) if topics else _NOTHING.ids,
        )

    @classmethod
    def either(cls, some: Held, others: Held, have: NDArray[np.bool_]) -> Held:
        """`some`, which is of the members that `have` it, and of the rest what `others` say."""
        if not bool((lengths_of(others.starts)[~have] > 0).any()):
            return some
        return cls.of(
            [
                (some if here else others).partitions(number)
                for number, here in enumerate(have.tolist())
            ]
        )

    def partitions(self, number: int) -> PartitionSet:
        """What one member has."""
        first, last = int(self.starts[number]), int(self.starts[number + 1])
        if first == last:
            return _NOTHING
        bounds = self.id_starts[first : last + 1]
        topics = tuple(self.names[each] for each in self.topics[first:last].tolist())
        ids = self.ids[bounds[0] : bounds[-1]]
        return PartitionSet._trusted(topics, tuple((bounds - bounds[0]).tolist()), ids)

    def members(self) -> Members:
        """The member to which each column belongs."""
        return np.arange(self.starts.size - 1, dtype=np.int32).repeat(lengths_of(self.starts))

    def located(self, index: FlatIndex) -> Located:
        """Where all of it is in an index; partitions that the index does not have are left out."""
        firsts = [index.bases.get(name, 0) for name in self.names]
        limits = [index.counts.get(name, 0) for name in self.names]  # 0: it has no number here
        topics = index.topic_numbers(self.names)[self.topics]
        counts = lengths_of(self.id_starts)
        numbers = np.array(firsts, dtype=np.int64)[self.topics].repeat(counts)
        numbers += self.ids
        limit = np.array(limits, dtype=np.int64)[self.topics]
        if counts.size and bool((self.ids[self.id_starts[1:] - 1] >= limit).any()):
            inside = self.ids < limit.repeat(counts)
            numbers = numbers[inside]
            counts = lengths_of(np.append(0, np.cumsum(inside))[self.id_starts])
        return Located(numbers=numbers, members=self.members(), topics=topics, counts=counts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """Columns of partitions as `numbers` of an index, `counts[c]` of them for column c.

    Column c belongs to member `members[c]` and topic number `topics[c]` (-1 = not in the index).
    """

    numbers: Offsets
    members: Members
    topics: Offsets
    counts: Offsets

    def claimants(self) -> Members:
        """The member of each number."""
        return self.members.repeat(self.counts)

    def claimant(self, size: int) -> Members:
        """The member of each partition of an index that has so many."""
        who = self.claimants()
        claimant = np.empty(size, dtype=np.int32)
        claimant.fill(NOBODY)
        claimant[self.numbers] = who
        # Of several claims on a partition one is written last, and the others differ from it.
        claimant[self.numbers[claimant[self.numbers] != who]] = SEVERAL
        claimant.setflags(write=False)
        return claimant


class Subscriptions(Mapping[str, Subscription]):
    """Member id -> `Subscription`, kept as columns; iterates in the order in which it was given.

    All columns are by member number, which is the place in `member_ids`, sorted. `profiles` are
    the lists of topics that members have, `profile_of` says which; `held`: what each owns;
    `generations`, `rack_ids`, `instance_ids`, `user_data`: as in `Subscription`.
    """

    __slots__ = (
        "_made",
        "_order",
        "_said",
        "_sets",
        "_topics",
        "_tuples",
        "generations",
        "held",
        "instance_ids",
        "member_ids",
        "profile_of",
        "profiles",
        "rack_ids",
        "user_data",
    )

    def __init__(
        self,
        *,
        order: Iterable[str],
        member_ids: tuple[str, ...],
        profiles: TopicLists,
        profile_of: Members,
        held: Held,
        generations: Offsets,
        rack_ids: Sequence[str | None],
        instance_ids: Sequence[str | None],
        user_data: Sequence[bytes | None],
    ) -> None:
        self._order = dict.fromkeys(order, 0)
        self._order.update(zip(member_ids, range(len(member_ids)), strict=True))
        self._made: dict[str, Subscription] = {}
        self._tuples: dict[int, tuple[str, ...]] = {}
        self._sets: dict[int, frozenset[str]] = {}
        self._topics: tuple[ClusterMetadata, GroupTopics] | None = None
        self._said: tuple[FlatIndex, Located, Members] | None = None
        self.member_ids = member_ids
        self.profiles = profiles
        self.profile_of = profile_of
        self.held = held
        self.generations = generations
        self.rack_ids = rack_ids
        self.instance_ids = instance_ids
        self.user_data = user_data

    @classmethod
    def of(cls, members: Mapping[str, Subscription]) -> Subscriptions:
        """The columns of any mapping; the `Subscription`s stay those of the mapping."""
        if isinstance(members, Subscriptions):
            return members
        member_ids = tuple(sorted(members))
        each = [members[member] for member in member_ids]
        profile_of, lists = _profiles(each)
        self = cls(
            order=members,
            member_ids=member_ids,
            profiles=TopicLists.of(lists),
            profile_of=profile_of,
            held=Held.of([one.owned for one in each]),
            generations=np.array([one.generation_id for one in each], dtype=np.int64),
            rack_ids=[one.rack_id for one in each],
            instance_ids=[one.group_instance_id for one in each],
            user_data=[one.user_data for one in each],
        )
        self._made.update(members)
        return self

    def replaced(
        self,
        *,
        generations: Offsets,
        user_data: Sequence[bytes | None],
        held: Held | None = None,
    ) -> Subscriptions:
        """The same members and topics with other claims; `held` None leaves what they own."""
        changed = Subscriptions(
            order=self._order,
            member_ids=self.member_ids,
            profiles=self.profiles,
            profile_of=self.profile_of,
            held=held or self.held,
            generations=generations,
            rack_ids=self.rack_ids,
            instance_ids=self.instance_ids,
            user_data=user_data,
        )
        changed._topics = self._topics
        if held is None:
            changed._said = self._said
        return changed

    def topics(self, cluster: ClusterMetadata) -> GroupTopics:
        """The partitions of the group, and who is subscribed to what."""
        known = self._topics
        if known is None or known[0] is not cluster:
            known = (cluster, group_topics(cluster, self.profiles, self.profile_of))
            self._topics = known
        return known[1]

    def claimants(self, index: FlatIndex) -> Members:
        """Per partition of `index`, who says to own it, of whatever generation: see `contested`."""
        return self.claimed(index)[1]

    def claimed(self, index: FlatIndex) -> tuple[Located, Members]:
        """Where all that is held is in an index; and, for each partition of it, by whom."""
        known = self._said
        if known is None or known[0] is not index:
            located = self.held.located(index)
            known = self._said = (index, located, located.claimant(index.size))
        return known[1:]

    def __getitem__(self, member: str) -> Subscription:
        made = self._made.get(member)
        if made is None:
            made = self._made[member] = self._make(self._order[member])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, member: object) -> bool:
        return member in self._order

    def __repr__(self) -> str:
        return f"Subscriptions({dict(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Subscriptions.of, (dict(self),)

    def topics_of(self, number: int) -> tuple[str, ...]:
        """The topics of one member, one tuple for all members of its profile."""
        profile = int(self.profile_of[number])
        topics = self._tuples.get(profile)
        if topics is None:
            topics = self._tuples[profile] = self.profiles.topics(profile)
        return topics

    def topic_set_of(self, number: int) -> frozenset[str]:
        """The topics of one member as a set, one for all members of its profile."""
        profile = int(self.profile_of[number])
        topics = self._sets.get(profile)
        if topics is None:
            topics = self._sets[profile] = frozenset(self.topics_of(number))
        return topics

    def _make(self, number: int) -> Subscription:
        return Subscription._trusted(
            topics=self.topics_of(number),
            owned=self.held.partitions(number),
            generation_id=int(self.generations[number]),
            group_instance_id=self.instance_ids[number],
            rack_id=self.rack_ids[number],
            user_data=self.user_data[number],
        )


def subscribed_topics(members: Mapping[str, Subscription]) -> tuple[str, ...]:
    """All topics that somebody is subscribed to, sorted."""
    return Subscriptions.of(members).profiles.names


def _profiles(members: Sequence[Subscription]) -> tuple[Members, list[Sequence[str]]]:
    """The list of topics of each member, numbered in order of appearance, and the lists."""
    by_object: dict[int, int] = {}  # most lists are one object: told apart without a look inside
    by_value: dict[tuple[str, ...], int] = {}
    profile_of: list[int] = []
    for each in members:
        topics = each.topics
        number = by_object.get(id(topics))
        if number is None:
            number = by_value.setdefault(tuple(topics), len(by_value))
            by_object[id(topics)] = number
        profile_of.append(number)
    return np.array(profile_of, dtype=np.int32), [*by_value]
