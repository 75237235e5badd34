"""Assignors that break a promise when a test wants them to, the same for every client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assignors import ClusterMetadata, PartitionSet, StickyAssignor, Subscription
from assignors.errors import PlanFault
from assignors.interface import DEFAULT_PROTOCOLS, Promise, RebalanceProtocol

Members = Mapping[str, Subscription]
Broken = Callable[[ClusterMetadata, Members], Any]


def raises(cluster: ClusterMetadata, members: Members) -> Any:
    raise ZeroDivisionError("a bug of its author")


def unknown_member(cluster: ClusterMetadata, members: Members) -> Any:
    return {"somebody else": [(topic, 0) for topic in cluster.partitions]}


def twice(cluster: ClusterMetadata, members: Members) -> Any:
    every = PartitionSet({topic: range(count) for topic, count in cluster.partitions.items()})
    return dict.fromkeys(members, every)


def forgotten(cluster: ClusterMetadata, members: Members) -> Any:
    return {}


def invented(cluster: ClusterMetadata, members: Members) -> Any:
    plan = dict(StickyAssignor().assign(cluster, members))
    topic, count = next(iter(cluster.partitions.items()))
    plan[min(plan)] |= PartitionSet([(topic, count)])
    return plan


def unsubscribed(cluster: ClusterMetadata, members: Members) -> Any:
    plan = dict(StickyAssignor().assign(cluster, members))
    plan[min(plan)] |= PartitionSet([("never asked for", 0)])
    return plan


def nothing(cluster: ClusterMetadata, members: Members) -> Any:
    return None


BROKEN: dict[Broken, PlanFault] = {
    unknown_member: PlanFault.UNKNOWN_MEMBER,
    twice: PlanFault.ASSIGNED_TWICE,
    forgotten: PlanFault.FORGOTTEN,
    invented: PlanFault.UNKNOWN_PARTITION,
    unsubscribed: PlanFault.NOT_SUBSCRIBED,
    nothing: PlanFault.NOT_A_PLAN,
}


class Breaking:
    """Works until it is told to break."""

    name = "breaking"

    def __init__(
        self,
        broken: Broken | None = None,
        *,
        protocols: tuple[RebalanceProtocol, ...] = DEFAULT_PROTOCOLS,
    ) -> None:
        self.broken = broken
        self.protocols = protocols
        self.promises = frozenset({Promise.VALID})
        self.user_data_breaks = False

    def assign(self, cluster: ClusterMetadata, members: Members) -> Any:
        return (self.broken or StickyAssignor().assign)(cluster, members)

    def user_data(self, topics: Any, owned: Any, generation_id: int) -> bytes:
        if self.user_data_breaks:
            raise ZeroDivisionError("a bug of its author")
        return b""
