"""How good a plan is: one definition, for tests, checkers, comparisons and the command line.

The rule kept here: quality is measured from the group and the plan alone, never by asking the
assignor that made it. An invalid plan is measured too: what it says of partitions that exist.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assignors.claims import Claim, Settled, settle
from assignors.errors import InvalidPlanError
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.plans import plan_faults
from assignors.solver import least_imbalance_of

__all__ = [
    "Quality",
    "Weights",
    "assess",
    "imbalance",
    "least_imbalance",
    "load_range",
    "loads",
    "moved",
    "movements",
    "rack_misses",
    "relative_loads",
    "topic_skew",
    "violations",
    "weight_imbalance",
    "weighted_loads",
    "withheld",
]

Weights: TypeAlias = Mapping[str, float | Sequence[float]]
"""Topic -> the weight of each of its partitions, or one for each; topics that are not named, and
partitions beyond a list's end, weigh 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """All measures of one plan; each is the function of the same name in this module.

    `loads`, `weighted_loads`, `relative_loads`: by member id. `topic_skew`: by topic.
    `settled`: partitions that have a settled owner today, of which `movements` do not stay.
    `rack_known`: assigned partitions that could miss their member's rack; `rack_misses` of them do.
    """

    violations: tuple[InvalidPlanError, ...]
    loads: Mapping[str, int]
    imbalance: int
    least_imbalance: int
    movements: int
    settled: int
    withheld: PartitionSet
    topic_skew: Mapping[str, int]
    rack_misses: int
    rack_known: int
    weighted_loads: Mapping[str, float]
    relative_loads: Mapping[str, float]
    weight_imbalance: float

    @property
    def valid(self) -> bool:
        """Whether a group may follow the plan."""
        return not self.violations

    @property
    def load_range(self) -> tuple[int, int]:
        """The smallest and the largest load; (0, 0) without members."""
        return _range(self.loads)

    @property
    def balance_gap(self) -> int:
        """How much more the imbalance is than it must be.

        0 for a balanced plan; less than 0 only while partitions are withheld or forgotten.
        """
        return self.imbalance - self.least_imbalance

    @property
    def worst_skew(self) -> int:
        """The largest of `topic_skew`; 0 without topics."""
        return max(self.topic_skew.values(), default=0)

    @property
    def worst_relative_load(self) -> float:
        """The largest of `relative_loads`; 0 without members."""
        return max(self.relative_loads.values(), default=0.0)


def assess(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    *,
    weights: Weights | None = None,
    capacity: Mapping[str, float] | None = None,
    claims: Mapping[str, Claim] | None = None,
    may_withhold: bool = False,
) -> Quality:
    """All there is to say about a plan.

    `weights`: see `Weights`. `capacity`: member id -> its share, more than 0; members that are not
    named have 1. `claims`: who owned what, default `claims_of(members)`. `may_withhold`: see
    `violations`. Costs about as much as making a balanced plan.
    """
    settled = settle(cluster, members, claims)
    owner = _owners(settled, plan)
    misses, known = _rack_misses(cluster, members, plan)
    weighted = weighted_loads(cluster, members, plan, weights)
    return Quality(
        violations=violations(cluster, members, plan, may_withhold=may_withhold),
        loads=loads(members, plan),
        imbalance=imbalance(plan),
        least_imbalance=_least_imbalance(settled),
        movements=_movements(settled, owner),
        settled=int(np.count_nonzero(settled.owner >= 0)),
        withheld=settled.index.partitions(np.flatnonzero(owner < 0)),
        topic_skew=_topic_skew(settled, owner),
        rack_misses=misses,
        rack_known=known,
        weighted_loads=weighted,
        relative_loads=relative_loads(weighted, capacity),
        weight_imbalance=weight_imbalance(weighted, capacity),
    )


# --- valid ---------------------------------------------------------------------------------------


def violations(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    *,
    may_withhold: bool = False,
    refuse_transfers: bool = False,
) -> tuple[InvalidPlanError, ...]:
    """Every way in which a plan is invalid; empty for a valid one.

    `may_withhold`: a partition that a live member claims may stay unassigned (cooperative plans).
    `refuse_transfers`: nothing may go to one member while another owns it (rule M06).
    """
    faults = plan_faults(
        plan,
        cluster,
        members,
        "the plan",
        may_withhold=may_withhold,
        refuse_transfers=refuse_transfers,
    )
    return tuple(faults)


def withheld(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
) -> PartitionSet:
    """The partitions of subscribed topics that the plan gives to nobody.

    A cooperative plan does so with what another member has to let go of first (KIP-429).
    """
    settled = settle(cluster, members, {})
    return settled.index.partitions(np.flatnonzero(_owners(settled, plan) < 0))


# --- balanced ------------------------------------------------------------------------------------


def loads(members: Mapping[str, Subscription], plan: Mapping[str, PartitionSet]) -> dict[str, int]:
    """The number of partitions of each member, in member-id order."""
    nothing = PartitionSet()
    return {member: len(plan.get(member, nothing)) for member in sorted(members)}


def imbalance(plan: Mapping[str, PartitionSet]) -> int:
    """The sum of squared loads, a load being a member's number of partitions."""
    return sum(len(partitions) ** 2 for partitions in plan.values())


def least_imbalance(cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> int:
    """The least sum of squared loads that the subscriptions allow."""
    return _least_imbalance(settle(cluster, members, {}))


def load_range(plan: Mapping[str, PartitionSet]) -> tuple[int, int]:
    """The smallest and the largest load; (0, 0) for a plan without members."""
    return _range({member: len(partitions) for member, partitions in plan.items()})


def topic_skew(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
) -> dict[str, int]:
    """Topic -> the most of its partitions that a subscriber has, less the fewest (KAFKA-16277).

    1 or 0 is an even spread. Topics without subscribers or partitions are left out.
    """
    settled = settle(cluster, members, {})
    return _topic_skew(settled, _owners(settled, plan))


def weighted_loads(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    weights: Weights | None = None,
) -> dict[str, float]:
    """The summed weight of each member's partitions, in member-id order.

    Raises ValueError for a weight that is negative or not finite; without weights, loads.
    """
    index = FlatIndex(cluster, cluster.partitions)
    weight = _weight_of(index, weights or {})
    nothing = PartitionSet()
    return {
        member: math.fsum(weight[index.numbers(plan.get(member, nothing))].tolist())
        for member in sorted(members)
    }


def relative_loads(
    weighted: Mapping[str, float], capacity: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Each member's weight over its fair share, which is its capacity's part of all weight.

    1 is exactly fair; all are 0 when nothing weighs anything. Capacities default to 1 each.
    """
    share = _shares(weighted, capacity)
    total, room = math.fsum(weighted.values()), math.fsum(share.values())
    return {
        member: weight * room / (total * share[member]) if total else 0.0
        for member, weight in weighted.items()
    }


def weight_imbalance(
    weighted: Mapping[str, float], capacity: Mapping[str, float] | None = None
) -> float:
    """The sum of weight squared over capacity: `imbalance`, where all weigh 1 and carry alike."""
    share = _shares(weighted, capacity)
    return math.fsum(weight * weight / share[member] for member, weight in weighted.items())


# --- sticky --------------------------------------------------------------------------------------


def movements(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    claims: Mapping[str, Claim] | None = None,
) -> int:
    """Partitions that their settled owner does not keep; see `claims.settle` for who that is."""
    settled = settle(cluster, members, claims)
    return _movements(settled, _owners(settled, plan))


def moved(before: Mapping[str, PartitionSet], after: Mapping[str, PartitionSet]) -> PartitionSet:
    """The partitions that somebody held before and another member, or nobody, holds after."""
    empty = PartitionSet()
    gone = PartitionSet()
    for member, partitions in before.items():
        gone |= partitions - after.get(member, empty)
    return gone


# --- near ----------------------------------------------------------------------------------------


def rack_misses(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
) -> int:
    """Assigned partitions without a replica in their member's rack (KIP-881).

    Members without a rack and partitions whose racks are unknown cannot miss.
    """
    return _rack_misses(cluster, members, plan)[0]


# --- how -----------------------------------------------------------------------------------------


def _range(by_member: Mapping[str, int]) -> tuple[int, int]:
    values = by_member.values()
    return min(values, default=0), max(values, default=0)


def _owners(settled: Settled, plan: Mapping[str, PartitionSet]) -> NDArray[np.int32]:
    """The member's number per partition, -1 = nobody; of two, the later in member-id order."""
    owner = np.full(settled.index.size, -1, dtype=np.int32)
    nothing = PartitionSet()
    for number, member in enumerate(settled.member_ids):
        owner[settled.index.numbers(plan.get(member, nothing))] = number
    return owner


def _movements(settled: Settled, owner: NDArray[np.int32]) -> int:
    return int(np.count_nonzero((settled.owner >= 0) & (settled.owner != owner)))


def _least_imbalance(settled: Settled) -> int:
    return least_imbalance_of(settled)


def _topic_skew(settled: Settled, owner: NDArray[np.int32]) -> dict[str, int]:
    """A column of (topic, owner) pairs, not a matrix: a thousand topics by ten thousand members."""
    index = settled.index
    if index.size == 0:
        return {}
    topics = len(index.topics)
    topic_of = np.repeat(np.arange(topics), [index.counts[topic] for topic in index.topics])
    members = len(settled.member_ids)
    held = owner >= 0
    pairs, counts = np.unique(topic_of[held] * members + owner[held], return_counts=True)
    at = pairs // members
    most = np.zeros(topics, dtype=np.int64)
    least = np.full(topics, index.size, dtype=np.int64)
    np.maximum.at(most, at, counts)
    np.minimum.at(least, at, counts)
    everybody = np.bincount(at, minlength=topics) >= _subscribers(settled)
    skew = most - np.where(everybody, least, 0)
    return dict(zip(index.topics, skew.tolist(), strict=True))


def _subscribers(settled: Settled) -> NDArray[np.int64]:
    """How many members subscribe to each topic of the index."""
    found = np.zeros(len(settled.index.topics), dtype=np.int64)
    alike = np.bincount(settled.profile_of, minlength=len(settled.profiles))
    for topics, members in zip(settled.profiles, alike.tolist(), strict=True):
        found[topics] += members
    return found


def _rack_misses(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
) -> tuple[int, int]:
    """How many miss, of how many that could."""
    misses = could = 0
    for member, partitions in plan.items():
        rack = members[member].rack_id if member in members else None
        if rack is None or not cluster.racks:
            continue
        for topic, ids in partitions.by_topic.items():
            racks = cluster.racks.get(topic, ())
            known = [racks[i] for i in ids.tolist() if i < len(racks) and racks[i]]
            could += len(known)
            misses += sum(rack not in each for each in known)
    return misses, could


def _weight_of(index: FlatIndex, weights: Weights) -> NDArray[np.float64]:
    found = np.ones(index.size, dtype=np.float64)
    for topic, given in weights.items():
        if topic not in index.counts:
            continue
        count, base = index.counts[topic], index.bases[topic]
        listed: Any = given if isinstance(given, int | float) else np.asarray(given[:count])
        end = base + (count if isinstance(given, int | float) else len(listed))
        found[base:end] = listed
        if not bool((np.isfinite(found[base:end]) & (found[base:end] >= 0)).all()):
            raise ValueError(f"a weight of the topic {topic!r} is negative or not finite")
    return found


def _shares(
    weighted: Mapping[str, float], capacity: Mapping[str, float] | None
) -> dict[str, float]:
    given = capacity or {}
    share = {member: float(given.get(member, 1.0)) for member in weighted}
    for member, each in share.items():
        if not (math.isfinite(each) and each > 0):
            raise ValueError(f"the capacity of {member!r} is {each}: give a number above 0")
    return share
