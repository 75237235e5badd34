"""From a counter-example to a small one: take away what it does not need.

Hypothesis makes drawn values small; but a group can also come out of a churn, and foreign code may
loop or answer differently each time, which no shrinker of choices likes. The rule kept here: each
candidate is one step simpler for a reader, candidates come in a fixed order, and the work is
counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.testing.groups import Group

MOST_TRIES = 2000
_FEW = 4
"""Members that are taken away one by one; of more, half of them first."""


def reduced(group: Group, fails: Callable[[Group], bool], tries: int = MOST_TRIES) -> Group:
    """The smallest group found from which nothing can be taken away; `fails` is asked of each."""
    left = tries
    progress = True
    while progress:
        progress = False
        for candidate in simpler(group):
            if left == 0:
                return group
            left -= 1
            if fails(candidate):
                group = candidate
                progress = True
                break
    return group


def simpler(group: Group) -> Iterator[Group]:
    """Groups that are one step simpler: the largest steps first."""
    if len(group.members) > _FEW:
        half = len(group.members) // 2
        listed = list(group.members.items())
        yield group.with_members(dict(listed[:half]))
        yield group.with_members(dict(listed[half:]))
    for member in group.members:
        yield group.with_members({m: each for m, each in group.members.items() if m != member})
    for topic in group.cluster.partitions:
        yield _without_topic(group, topic)
    for topic, count in group.cluster.partitions.items():
        for fewer in sorted({0, count // 2, count - 1}):
            if 0 <= fewer < count:
                yield _with_partitions(group, topic, range(fewer))
    for topic, count in group.cluster.partitions.items():
        for gone in range(count - 1):
            yield _with_partitions(group, topic, [p for p in range(count) if p != gone])
    for member, each in group.members.items():
        for subscription in _simpler_members(each):
            yield group.with_members({**group.members, member: subscription})
    if group.cluster.racks:
        yield Group(ClusterMetadata(group.cluster.partitions), group.members)
        for topic in group.cluster.racks:
            racks = {t: each for t, each in group.cluster.racks.items() if t != topic}
            yield Group(ClusterMetadata(group.cluster.partitions, racks), group.members)
    in_order = dict(sorted(group.members.items()))
    if list(in_order) != list(group.members):
        yield group.with_members(in_order)
    yield from _renamed(group)


def _simpler_members(each: Subscription) -> Iterator[Subscription]:
    if each.user_data != b"":
        yield replace(each, user_data=b"")
    if each.owned:
        yield replace(each, owned=PartitionSet())
    for topic in each.topics:
        yield replace(each, topics=[other for other in each.topics if other != topic])
    for topic in each.owned.topics:
        columns = {t: ids for t, ids in each.owned.by_topic.items() if t != topic}
        yield replace(each, owned=PartitionSet(columns))
    for partition in each.owned:
        yield replace(each, owned=PartitionSet(p for p in each.owned if p != partition))
    if each.rack_id is not None:
        yield replace(each, rack_id=None)
    if each.group_instance_id is not None:
        yield replace(each, group_instance_id=None)
    if each.generation_id != -1:
        yield replace(each, generation_id=-1)
    in_order = sorted(each.topics)
    if in_order != list(each.topics):
        yield replace(each, topics=in_order)


def _without_topic(group: Group, topic: str) -> Group:
    partitions = {t: count for t, count in group.cluster.partitions.items() if t != topic}
    racks = {t: each for t, each in group.cluster.racks.items() if t != topic}
    members = {
        member: replace(
            each,
            topics=[t for t in each.topics if t != topic],
            owned=PartitionSet({t: ids for t, ids in each.owned.by_topic.items() if t != topic}),
        )
        for member, each in group.members.items()
    }
    return Group(ClusterMetadata(partitions, racks), members)


def _with_partitions(group: Group, topic: str, kept: Sequence[int]) -> Group:
    """These partitions of a topic, numbered anew, and no claims on those that are gone."""
    number = {old: new for new, old in enumerate(kept)}
    gone = {p for p in range(group.cluster.partitions[topic]) if p not in number}
    partitions = {**group.cluster.partitions, topic: len(kept)}
    racks = {
        t: [each[p] for p in kept] if t == topic else each
        for t, each in group.cluster.racks.items()
    }
    members = {
        member: replace(
            each,
            owned=PartitionSet(
                (t, number.get(p, p) if t == topic else p)
                for t, p in each.owned
                if t != topic or p not in gone
            ),
        )
        for member, each in group.members.items()
    }
    return Group(ClusterMetadata(partitions, racks), members)


def _renamed(group: Group) -> Iterator[Group]:
    """Members m1, m2, ... and topics a, b, ... without gaps."""
    members = {m: f"m{number}" for number, m in enumerate(sorted(group.members), 1)}
    if any(old != new for old, new in members.items()):
        yield group.with_members({members[m]: each for m, each in group.members.items()})
    names = "abcdefghijklmnopqrstuvwxyz"
    if len(group.cluster.partitions) > len(names):
        return
    topics = dict(zip(group.cluster.partitions, names, strict=False))
    if all(old == new for old, new in topics.items()):
        return

    def renamed(each: Subscription) -> Subscription:
        owned = {topics.get(t, t): ids for t, ids in each.owned.by_topic.items()}
        return replace(
            each, topics=[topics.get(t, t) for t in each.topics], owned=PartitionSet(owned)
        )

    yield Group(
        ClusterMetadata(
            {topics[t]: count for t, count in group.cluster.partitions.items()},
            {topics[t]: each for t, each in group.cluster.racks.items()},
        ),
        {member: renamed(each) for member, each in group.members.items()},
    )
