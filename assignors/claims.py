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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from assignors.codec import decode_sticky_user_data, encode_sticky_user_data
from assignors.errors import CodecError
from assignors.flat import FlatIndex, topic_sets
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

__all__ = [
    "Claim",
    "Settled",
    "carries_claim",
    "claims_of",
    "contested",
    "member_user_data",
    "settle",
    "with_claim",
]

NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one member says it holds, and the generation in which it held it (-1 = unknown)."""

    partitions: PartitionSet = field(default_factory=PartitionSet)
    generation_id: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The outcome, one entry per partition of `index`; members are numbered as in `member_ids`.

    `profiles`: the distinct subscriptions, each as ascending topic numbers of `index`; members with
    equal topics share one. `profile_of`: the profile of each member. `owner`: the settled owner's
    number, or -1. `stale`: the number of the member whose older claim may break a tie, or -1.
    """

    index: FlatIndex
    member_ids: tuple[str, ...]
    profiles: tuple[NDArray[np.int64], ...]
    profile_of: NDArray[np.int32]
    owner: NDArray[np.int32]
    stale: NDArray[np.int32]

    def assignment(self, owner: NDArray[np.int32]) -> GroupAssignment:
        """The plan behind an owner's number per partition of `index`; negative = nobody."""
        return GroupAssignment(self.index.plan(owner, self.member_ids))

    def owned_by(self, member_id: str) -> PartitionSet:
        """What this member is settled to own. Raises ValueError for an unknown member."""
        number = self.member_ids.index(member_id)
        return self.index.partitions(np.flatnonzero(self.owner == number))

    def owner_of(self, topic: str, partition: int) -> str | None:
        """The settled owner of one partition, None if nobody is."""
        numbers = self.index.numbers(PartitionSet([(topic, partition)]))
        owner = int(self.owner[numbers[0]]) if numbers.size else NOBODY
        return None if owner == NOBODY else self.member_ids[owner]


def claims_of(members: Mapping[str, Subscription]) -> dict[str, Claim]:
    """What the subscriptions themselves say (KIP-429, KIP-792)."""
    return {
        member: Claim(partitions=each.owned, generation_id=each.generation_id)
        for member, each in members.items()
    }


def settle(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    claims: Mapping[str, Claim] | None = None,
) -> Settled:
    """Settle the claims of live members; `claims` defaults to `claims_of(members)`.

    Linear in the number of claims, but for a sort of the partitions that are claimed twice.
    """
    said = claims_of(members) if claims is None else claims
    topics = topic_sets(members)
    index = FlatIndex.of_topic_sets(cluster, topics)
    member_ids = tuple(sorted(members))
    numbers, claimants, generations, eligible = _gathered(index, topics, member_ids, said)
    owner = np.full(index.size, NOBODY, dtype=np.int32)
    stale = np.full(index.size, NOBODY, dtype=np.int32)
    times = np.bincount(numbers, minlength=index.size) if numbers.size else np.zeros(0, np.int64)
    twice = times[numbers] > 1 if numbers.size else np.zeros(0, dtype=bool)
    single = eligible & ~twice
    owner[numbers[single]] = claimants[single]
    if bool(twice.any()):
        _settle_conflicts(
            numbers[twice], claimants[twice], generations[twice], eligible[twice], owner, stale
        )
    profiles, profile_of = index.profiles([topics[member] for member in member_ids])
    return Settled(
        index=index,
        member_ids=member_ids,
        profiles=profiles,
        profile_of=profile_of,
        owner=owner,
        stale=stale,
    )


def contested(index: FlatIndex, members: Mapping[str, Subscription]) -> NDArray[np.int32]:
    """Per partition of `index`, who claims to own it: -1 nobody, -2 several, else the number.

    Of any generation, subscribed or not: a live member that claims a partition may be processing
    it. Members are numbered in sorted order.
    """
    claimant = np.full(index.size, NOBODY, dtype=np.int32)
    for number, member in enumerate(sorted(members)):
        claimed = index.numbers(members[member].owned)
        claimant[claimed] = np.where(claimant[claimed] == NOBODY, number, -2)
    return claimant


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


def _gathered(
    index: FlatIndex,
    subscribed: Mapping[str, frozenset[str]],
    member_ids: tuple[str, ...],
    claims: Mapping[str, Claim],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
    """All claims on existing partitions: number, claimant, generation, may it become an owner."""
    numbers: list[NDArray[np.int64]] = []
    eligible: list[NDArray[np.bool_]] = []
    generations: list[int] = []
    for member in member_ids:
        claim = claims.get(member, Claim())
        claimed = index.numbers(claim.partitions)
        numbers.append(claimed)
        generations.append(max(claim.generation_id, -1))
        eligible.append(_subscribed(index, subscribed[member], claim.partitions, claimed))
    if not numbers:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty.astype(np.int32), empty, empty.astype(bool)
    sizes = [each.size for each in numbers]
    return (
        np.concatenate(numbers),
        np.repeat(np.arange(len(member_ids), dtype=np.int32), sizes),
        np.repeat(np.array(generations, dtype=np.int64), sizes),
        np.concatenate(eligible),
    )


def _subscribed(
    index: FlatIndex,
    subscribed: frozenset[str],
    partitions: PartitionSet,
    claimed: NDArray[np.int64],
) -> NDArray[np.bool_]:
    outside = [topic for topic in partitions.topics if topic not in subscribed]
    eligible = np.ones(claimed.size, dtype=bool)
    for topic in outside:
        if topic in index.bases:
            base = index.bases[topic]
            eligible[(claimed >= base) & (claimed < base + index.counts[topic])] = False
    return eligible


def _settle_conflicts(
    numbers: NDArray[np.int64],
    claimants: NDArray[np.int32],
    generations: NDArray[np.int64],
    eligible: NDArray[np.bool_],
    owner: NDArray[np.int32],
    stale: NDArray[np.int32],
) -> None:
    """Partitions claimed more than once: the highest generation, if it claims only once."""
    order = np.lexsort((claimants, -generations, numbers))
    number, claimant = numbers[order], claimants[order]
    generation, may_own = generations[order], eligible[order]
    first = np.diff(number, prepend=-1) != 0
    group = np.cumsum(first) - 1
    top = generation[first][group]
    is_top = generation == top
    tops = np.bincount(group, weights=is_top).astype(np.int64)
    wins = is_top & (tops[group] == 1) & may_own
    owner[number[wins]] = claimant[wins]
    older = ~is_top & may_own
    # Highest generation first: the first older claim of each partition is the one that counts.
    found, at = np.unique(number[older], return_index=True)
    stale[found] = claimant[older][at]
