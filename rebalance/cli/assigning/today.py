"""The group as it is before any assignor ran.

The rule kept here: all assignors are measured against the same owners, the settled ones of
`assignors.claims`, wherever the members' words for what they hold were found: in the owned
partitions, or, where those are empty (eager members), in user data that can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignors.claims import Settled, contested, settle
from assignors.columns import SEVERAL
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.cli.assigning.words import listed, name, partitions_text, plural
from rebalance.group_file import GroupFile

_MOST_NOTES = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Today:
    """`members`: the group's, with all claims in `owned`. `before`: member -> what it is settled to
    own. `notes`: what is odd about the group, one line each. `shares`: capacities as shares.
    """

    group: GroupFile
    members: Mapping[str, Subscription]
    settled: Settled
    before: Mapping[str, PartitionSet]
    shares: Mapping[str, float]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, group: GroupFile, notes: Iterable[str] = ()) -> Today:
        """Settle the claims, and look for what is odd; `notes`: what was found besides."""
        members = {member: _holding(each) for member, each in group.members.items()}
        settled = settle(group.cluster, members)
        return cls(
            group=group,
            members=members,
            settled=settled,
            before=settled.assignment(settled.owner),
            shares=_shares(group.capacity),
            notes=(
                *_few(_topic_notes(group.cluster, members)),
                *_few(_claim_notes(members, settled)),
                *notes,
            ),
        )

    @property
    def cluster(self) -> ClusterMetadata:
        """The topics."""
        return self.group.cluster

    @property
    def generation_id(self) -> int:
        """The highest that a member knows, -1 if none knows any."""
        return max((each.generation_id for each in self.members.values()), default=-1)

    @property
    def weighty(self) -> bool:
        """Whether partitions or members differ in weight or capacity."""
        return bool(self.group.weights or self.shares)


def _holding(sent: Subscription) -> Subscription:
    if not sent.user_data:
        return sent
    from assignors.optimized.member_data import holding

    return holding(sent)


def _shares(capacity: Mapping[str, Any]) -> dict[str, float]:
    if not capacity:
        return {}
    from assignors.optimized import Capacity

    return {member: Capacity.from_data(each).share for member, each in capacity.items()}


def _topic_notes(cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Iterator[str]:
    subscribers: dict[str, list[str]] = {}
    for member, each in members.items():
        for topic in each.topics:
            subscribers.setdefault(topic, []).append(member)
    missing = sorted(topic for topic in subscribers if topic not in cluster.partitions)
    for topic in missing:
        who = listed(subscribers[topic])
        yield f"{name(topic)}: there is no such topic, but {who} subscribed to it"
    for topic in [t for t in cluster.partitions if t not in subscribers]:
        count = plural(cluster.partitions[topic], "partition")
        yield f"{name(topic)}: nobody subscribes to it, so its {count} have no owner"
    for topic in [t for t, n in cluster.partitions.items() if n == 0 and t in subscribers]:
        yield f"{name(topic)}: has no partitions"
    idle = sorted(member for member, each in members.items() if not each.topics)
    if idle:
        yield f"subscribed to nothing: {listed(idle)}"


def _claim_notes(members: Mapping[str, Subscription], settled: Settled) -> Iterator[str]:
    disputed = contested(settled.index, members) == SEVERAL
    if disputed.any():
        numbers = np.flatnonzero(disputed)
        kept = int(np.count_nonzero(settled.owner[numbers] >= 0))
        claimed = partitions_text(settled.index.partitions(numbers), most=60)
        yield f"claimed by several: {claimed}: {_settled_how(kept, int(numbers.size))}"
    nobodys = np.flatnonzero(disputed)
    for member, each in members.items():
        inside = settled.index.numbers(each.owned)
        beyond = each.owned - settled.index.partitions(inside)
        if beyond:
            claimed = partitions_text(beyond, most=60)
            yield f"{name(member)} claims {claimed}: no such partition, or no subscriber to it"
        foreign = np.setdiff1d(inside, nobodys)
        own = settled.member_ids.index(member)
        foreign = foreign[settled.owner[foreign] != own]
        if foreign.size:
            claimed = partitions_text(settled.index.partitions(foreign), most=60)
            yield f"{name(member)} claims {claimed}, to which it does not subscribe"


def _settled_how(kept: int, disputed: int) -> str:
    if kept == disputed:
        return "the newest generation owns them"
    if kept == 0:
        return "in one generation, so nobody owns them"
    return f"the newest generation owns {kept}, nobody the other {disputed - kept}"


def _few(notes: Iterator[str]) -> list[str]:
    """The first ones, and how many more there are."""
    every = list(notes)
    more = len(every) - _MOST_NOTES
    return every if more <= 0 else [*every[:_MOST_NOTES], f"... and {more} more of this kind"]
