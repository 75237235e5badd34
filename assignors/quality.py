"""How good a plan is: one definition, for tests, checkers, comparisons and the command line.

The rule kept here: quality is measured from the group and the plan alone, never by asking the
assignor that made it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assignors.balance import balanced
from assignors.claims import Claim, settle
from assignors.classes import problem_of
from assignors.errors import InvalidPlanError
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.plans import plan_faults

__all__ = [
    "imbalance",
    "least_imbalance",
    "load_range",
    "moved",
    "movements",
    "rack_misses",
    "violations",
]


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
        "plan",
        may_withhold=may_withhold,
        refuse_transfers=refuse_transfers,
    )
    return tuple(faults)


def imbalance(plan: Mapping[str, PartitionSet]) -> int:
    """The sum of squared loads, a load being a member's number of partitions."""
    return sum(len(partitions) ** 2 for partitions in plan.values())


def least_imbalance(cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> int:
    """The least sum of squared loads that the subscriptions allow."""
    settled = settle(cluster, members, {})
    if settled.index.size == 0:
        return 0
    problem = problem_of(settled)
    return int(np.square(problem.loads(balanced(problem))).sum())


def load_range(plan: Mapping[str, PartitionSet]) -> tuple[int, int]:
    """The smallest and the largest load; (0, 0) for a plan without members."""
    loads = [len(partitions) for partitions in plan.values()]
    return (min(loads), max(loads)) if loads else (0, 0)


def movements(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    claims: Mapping[str, Claim] | None = None,
) -> int:
    """Partitions that their settled owner does not keep; see `claims.settle` for who that is."""
    settled = settle(cluster, members, claims)
    kept = 0
    for number, member in enumerate(settled.member_ids):
        assigned = settled.index.numbers(plan.get(member, PartitionSet()))
        kept += int(np.count_nonzero(settled.owner[assigned] == number))
    return int(np.count_nonzero(settled.owner >= 0)) - kept


def moved(before: Mapping[str, PartitionSet], after: Mapping[str, PartitionSet]) -> PartitionSet:
    """The partitions that somebody held before and another member, or nobody, holds after."""
    empty = PartitionSet()
    gone = PartitionSet()
    for member, partitions in before.items():
        gone |= partitions - after.get(member, empty)
    return gone


def rack_misses(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
) -> int:
    """Assigned partitions without a replica in their member's rack (KIP-881).

    Members without a rack and partitions whose racks are unknown cannot miss.
    """
    misses = 0
    for member, partitions in plan.items():
        rack = members[member].rack_id
        if rack is None:
            continue
        for topic, ids in partitions.by_topic.items():
            racks = cluster.racks.get(topic, ())
            known = (racks[i] for i in ids.tolist() if i < len(racks) and racks[i])
            misses += sum(rack not in each for each in known)
    return misses
