"""Who owns what, before an assignor decides: claims of the members -> one settled owner or none.

Members say what they hold (`owned`) and since when (`generation_id`); the two can contradict each
other after lost heartbeats, restarts and mixed client versions. The rule kept here, for every
assignor alike: of all live claims on a partition the highest generation wins; one generation
claimed twice is owned by nobody; an owner is subscribed to the topic and the partition exists;
a claim of an older generation never makes an owner, it may only break a tie.
(Java's AbstractStickyAssignor settles claims the same way, partition by partition.)

Under the eager protocol a member has given everything up before it joins, so `owned` (KIP-429) is
empty, and an assignor without a `user_data` of its own could keep nothing with its owner. What such
a member held goes out as user data in the format of Java's StickyAssignor, and the leader reads it
back into `owned`: an author finds the claims in one place, whatever carries the bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from assignors.codec import decode_sticky_user_data, encode_sticky_user_data
from assignors.columns import NOBODY, SEVERAL, Held, Located, Subscriptions
from assignors.errors import CodecError
from assignors.flat import FlatIndex, lengths_of
from assignors.interface import (
    BUILT_IN,
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_protocols,
    assignor_user_data,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.owners import assignment
from assignors.subscribed import GroupTopics, Members
from assignors.wire import read_sticky_user_data

__all__ = [
    "NOBODY",
    "SEVERAL",
    "Claim",
    "Claims",
    "Settled",
    "carries_claim",
    "claims_of",
    "contested",
    "member_user_data",
    "settle",
    "sticky_claims",
    "with_claim",
    "with_claims",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one member says it holds, and the generation in which it held it (-1 = unknown)."""

    partitions: PartitionSet = field(default_factory=PartitionSet)
    generation_id: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claims(Mapping[str, Claim]):
    """The claims of all members as columns: what each holds, and the generation in which it did."""

    member_ids: tuple[str, ...]
    held: Held
    generations: NDArray[np.int64]

    @classmethod
    def of(cls, claims: Mapping[str, Claim], member_ids: tuple[str, ...]) -> Claims:
        """The columns of any mapping; a member that is no key claims nothing."""
        if isinstance(claims, Claims) and claims.member_ids == member_ids:
            return claims
        nothing = Claim()
        each = [claims.get(member, nothing) for member in member_ids]
        return cls(
            member_ids=member_ids,
            held=Held.of([one.partitions for one in each]),
            generations=np.array([one.generation_id for one in each], dtype=np.int64),
        )

    def __getitem__(self, member: str) -> Claim:
        number = bisect_left(self.member_ids, member)
        if self.member_ids[number : number + 1] != (member,):
            raise KeyError(member)
        return Claim(
            partitions=self.held.partitions(number), generation_id=int(self.generations[number])
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.member_ids)

    def __len__(self) -> int:
        return len(self.member_ids)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The outcome, one entry per partition of `index`; members are numbered as in `member_ids`.

    `topics`: what they are subscribed to. `owner`: the settled owner's number, or -1. `stale`: the
    number of the member whose older claim may break a tie, or -1.
    """

    topics: GroupTopics
    member_ids: tuple[str, ...]
    owner: NDArray[np.int32]
    stale: NDArray[np.int32]

    @property
    def index(self) -> FlatIndex:
        """All partitions that somebody is subscribed to."""
        return self.topics.index

    @property
    def profiles(self) -> tuple[NDArray[np.int64], ...]:
        """See `GroupTopics`; members with equal topics share one."""
        return self.topics.profiles

    @property
    def profile_of(self) -> NDArray[np.int32]:
        """The profile of each member."""
        return self.topics.profile_of

    def assignment(self, owner: NDArray[np.int32]) -> GroupAssignment:
        """The plan behind an owner's number per partition of `index`; negative = nobody."""
        return assignment(self.index, self.member_ids, owner)

    def owned_by(self, member_id: str) -> PartitionSet:
        """What this member is settled to own. Raises ValueError for an unknown member."""
        number = self.member_ids.index(member_id)
        return self.index.partitions((self.owner == number).nonzero()[0])

    def owner_of(self, topic: str, partition: int) -> str | None:
        """The settled owner of one partition, None if nobody is."""
        numbers = self.index.numbers(PartitionSet([(topic, partition)]))
        owner = int(self.owner[numbers[0]]) if numbers.size else NOBODY
        return None if owner == NOBODY else self.member_ids[owner]


def claims_of(members: Mapping[str, Subscription]) -> Claims:
    """What the subscriptions themselves say (KIP-429, KIP-792)."""
    group = Subscriptions.of(members)
    return Claims(member_ids=group.member_ids, held=group.held, generations=group.generations)


def sticky_claims(members: Mapping[str, Subscription]) -> Claims:
    """What each member claims, read as Kafka's StickyAssignor reads it.

    Under the eager protocol a member has given everything up before it joins, so its claim is in
    the user data. A subscription without readable user data claims its `owned` partitions, which is
    how members in memory, and cooperative ones, speak.
    """
    group = Subscriptions.of(members)
    said = claims_of(group)
    if not any(group.user_data):
        return said
    held, generations, readable = read_sticky_user_data(group.user_data)
    return Claims(
        member_ids=group.member_ids,
        held=Held.either(held, said.held, readable),
        generations=np.where(readable, generations, said.generations),
    )


def settle(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    claims: Mapping[str, Claim] | None = None,
) -> Settled:
    """Settle the claims of live members; `claims` defaults to `claims_of(members)`.

    Linear in the number of claims, but for a sort of the partitions that are claimed twice.
    """
    group = Subscriptions.of(members)
    topics = group.topics(cluster)
    index = topics.index
    said = claims_of(group) if claims is None else Claims.of(claims, group.member_ids)
    if said.held is group.held:
        located, claimant = group.claimed(index)
    else:
        located = said.held.located(index)
        claimant = located.claimant(index.size)
    owner = claimant.copy()
    stale = np.empty(index.size, dtype=np.int32)
    stale.fill(NOBODY)
    eligible = topics.subscribed(located.members, located.topics)
    if not eligible.all():
        owner[located.numbers[~eligible.repeat(located.counts)]] = NOBODY
    twice = claimant == SEVERAL
    if twice.any():
        owner[twice] = NOBODY
        _settle_conflicts(located, eligible, said.generations, twice, owner, stale)
    return Settled(
        topics=topics,
        member_ids=group.member_ids,
        owner=owner,
        stale=stale,
    )


def contested(index: FlatIndex, members: Mapping[str, Subscription]) -> Members:
    """Per partition of `index`, who claims to own it: -1 nobody, -2 several, else the number.

    Of any generation, subscribed or not: a live member that claims a partition may be processing
    it. Members are numbered in sorted order. The column is read-only.
    """
    return Subscriptions.of(members).claimants(index)


def carries_claim(assignor: Assignor) -> bool:
    """Whether the user data of this assignor's members is the claim.

    Not under a name of Kafka's own, whose user data is settled; not for an assignor with a
    `user_data` of its own; and not for one that may withhold what a live member claims until that
    member lets go, which a member that holds nothing will never do.
    """
    return (
        assignor.name not in BUILT_IN
        and not hasattr(assignor, "user_data")
        and RebalanceProtocol.COOPERATIVE not in assignor_protocols(assignor)
        and Promise.COOPERATIVE_SAFE not in assignor_promises(assignor)
    )


def member_user_data(
    assignor: Assignor, topics: Sequence[str], held: PartitionSet, generation_id: int
) -> bytes:
    """What a member sends with its subscription to `topics`; b"" for nothing.

    `held` is what it held in generation `generation_id`. Raises AssignorFailedError if the
    assignor's own `user_data` raises.
    """
    if not carries_claim(assignor):
        return assignor_user_data(assignor, topics, held, generation_id)
    wanted = set(topics)
    claimed = PartitionSet({t: ids for t, ids in held.by_topic.items() if t in wanted})
    return encode_sticky_user_data(claimed, generation_id) if claimed else b""


def with_claim(assignor: Assignor, sent: Subscription) -> Subscription:
    """What the leader's assignor is to see of a subscription; unreadable bytes claim nothing."""
    if sent.owned or not sent.user_data or not carries_claim(assignor):
        return sent
    try:
        claim = decode_sticky_user_data(sent.user_data)
    except CodecError:
        return sent
    return replace(sent, owned=claim.partitions, generation_id=claim.generation_id, user_data=b"")


def with_claims(
    assignor: Assignor, members: Mapping[str, Subscription]
) -> Mapping[str, Subscription]:
    """What the leader's assignor is to see of all subscriptions: `with_claim` of each."""
    if not carries_claim(assignor):
        return members
    group = Subscriptions.of(members)
    owning = (lengths_of(group.held.starts) > 0).tolist()
    said = [None if owns else data for owns, data in zip(owning, group.user_data, strict=True)]
    if not any(said):
        return group
    held, generations, claims = read_sticky_user_data(said)
    return group.replaced(
        held=Held.either(held, group.held, claims),
        generations=np.where(claims, generations, group.generations),
        user_data=[
            b"" if claim else data
            for claim, data in zip(claims.tolist(), group.user_data, strict=True)
        ],
    )


def _settle_conflicts(
    located: Located,
    eligible: NDArray[np.bool_],
    generation_of: NDArray[np.int64],
    twice: NDArray[np.bool_],
    owner: NDArray[np.int32],
    stale: NDArray[np.int32],
) -> None:
    """Partitions claimed more than once: the highest generation, if it claims only once."""
    here = twice[located.numbers]
    numbers, claimants = located.numbers[here], located.claimants()[here]
    # A negative generation is one that nobody knows.
    generations = np.maximum(generation_of, -1)[claimants]
    order = np.lexsort((claimants, -generations, numbers))
    number, claimant = numbers[order], claimants[order]
    generation, may_own = generations[order], eligible.repeat(located.counts)[here][order]
    first = np.diff(number, prepend=-1) != 0
    group = first.cumsum() - 1
    top = generation[first][group]
    is_top = generation == top
    tops = np.bincount(group, weights=is_top).astype(np.int64)
    wins = is_top & (tops[group] == 1) & may_own
    owner[number[wins]] = claimant[wins]
    older = ~is_top & may_own
    # Highest generation first: the first older claim of each partition is the one that counts.
    found, at = np.unique(number[older], return_index=True)
    stale[found] = claimant[older][at]
