"""`range` for members and replicas with racks: what can be read nearby is (KIP-881).

The rule kept here: the answer equals that of Kafka's RangeAssignor. Racks never change how many
partitions of a topic a member gets, only which; topics with equally many partitions and the same
subscribers stay co-partitioned, even where that costs a rack; what matches nobody's rack is dealt
as if there were none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, Subscription

Racks = Sequence[frozenset[str]]


@dataclass(slots=True, kw_only=True)
class _Topic:
    """One topic while it is dealt. `racks[p]`: racks of the replicas of partition p."""

    name: str
    consumers: tuple[str, ...]
    rack_of: Mapping[str, str]
    racks: Racks
    share: int
    extra: int
    free: dict[int, None]
    owners: dict[int, str] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    @property
    def needs_racks(self) -> bool:
        """Some rack is shared with a consumer, and not every partition is in all racks."""
        consumer_racks = {self.rack_of[m] for m in self.consumers if m in self.rack_of}
        everywhere = frozenset().union(*self.racks)
        return not consumer_racks.isdisjoint(everywhere) and any(
            racks != everywhere for racks in self.racks
        )

    def room(self, member: str) -> int:
        """How many more this member may take; the odd ones go to whoever fills up first."""
        return max(0, self.share + (self.extra > 0) - self.held.get(member, 0))

    def matches(self, member: str, partition: int) -> bool:
        """A member without a rack is near everything."""
        rack = self.rack_of.get(member)
        return rack is None or rack in self.racks[partition]

    def take(self, member: str, partitions: Iterable[int]) -> None:
        """Give partitions to a member that has room."""
        for partition in partitions:
            del self.free[partition]
            self.owners[partition] = member
            self.held[member] = self.held.get(member, 0) + 1
        if self.held.get(member, 0) > self.share:
            self.extra -= 1

    def deal(self, *, by_rack: bool) -> None:
        """Consumers in order take what is free, in order; with `by_rack` only what is near."""
        for member in self.consumers:
            room = self.room(member)
            near = (p for p in self.free if not by_rack or self.matches(member, p))
            taken = [partition for partition, _ in zip(near, range(room), strict=False)]
            if taken:
                self.take(member, taken)


def owners_by_rack(
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    index: FlatIndex,
    subscribers: Mapping[str, Sequence[str]],
) -> dict[str, list[str]] | None:
    """Topic -> the owner of each partition; None if racks make no difference to this group.

    `subscribers`: topic -> member ids in dealing order.
    """
    rack_of = {member: each.rack_id for member, each in members.items() if each.rack_id}
    if not (rack_of and cluster.racks):
        return None
    topics = [_topic(name, cluster, index, subscribers[name], rack_of) for name in index.topics]
    if not any(topic.needs_racks for topic in topics):
        return None
    together: dict[tuple[tuple[str, ...], int], list[_Topic]] = {}
    for topic in topics:
        if any(member in rack_of for member in topic.consumers):
            together.setdefault((topic.consumers, len(topic.racks)), []).append(topic)
    for group in together.values():
        if len(group) > 1:
            _deal_together(group)
        elif group[0].needs_racks:
            group[0].deal(by_rack=True)
    for topic in topics:
        topic.deal(by_rack=False)
    return {
        topic.name: [topic.owners[p] for p in range(index.counts[topic.name])] for topic in topics
    }


def _topic(
    name: str,
    cluster: ClusterMetadata,
    index: FlatIndex,
    consumers: Sequence[str],
    rack_of: Mapping[str, str],
) -> _Topic:
    count = index.counts[name]
    share, extra = divmod(count, len(consumers))
    return _Topic(
        name=name,
        consumers=tuple(consumers),
        rack_of=rack_of,
        racks=cluster.racks.get(name) or [frozenset()] * count,
        share=share,
        extra=extra,
        free=dict.fromkeys(range(count)),
    )


def _deal_together(topics: Sequence[_Topic]) -> None:
    """Partition p of all topics to the first consumer that is near to p in each of them."""
    remaining = list(topics[0].consumers)
    for partition in range(len(topics[0].racks)):
        for member in remaining:
            if all(t.matches(member, partition) and t.room(member) for t in topics):
                for topic in topics:
                    topic.take(member, [partition])
                if not any(topic.room(member) for topic in topics):
                    remaining.remove(member)
                break
