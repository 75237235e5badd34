"""Hypothesis strategies: clusters, subscriptions, groups with claims, and churn.

The rule kept here: what a failing test shows can be read. Members are m1, m2, ..., topics a, b,
..., instances i1, i2, ..., racks r1, r2; the current generation is 5 and the one before it 4; and
all of it shrinks towards few members, few topics, few partitions and no claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

from rebalance.testing.needs import need

need("hypothesis", for_what="rebalance.testing.strategies")

from hypothesis import strategies as st  # noqa: E402

from assignors.codec import encode_sticky_user_data  # noqa: E402
from assignors.model import ClusterMetadata, PartitionSet, Subscription  # noqa: E402
from rebalance.testing.churn import (  # noqa: E402
    Churn,
    Join,
    Lapse,
    Leave,
    Repartition,
    Restart,
    Resubscribe,
    Step,
)
from rebalance.testing.groups import Group  # noqa: E402

__all__ = ["MISSING_TOPIC", "Claims", "churns", "clusters", "groups", "subscriptions"]

Claims: TypeAlias = Literal["none", "valid", "any"]
"""What members say they own. `valid`: what one generation left behind, after some joined or left.
`any`: stale and conflicting claims too, on what does not exist or is not subscribed to."""

MISSING_TOPIC = "missing"
"""A topic that members may subscribe to and that does not exist."""

GENERATION, STALE_GENERATION = 5, 4
_TOPICS = tuple("abcdefghijklmnopqrstuvwxyz")
_RACKS = ("r1", "r2", "r3")
_GENERATIONS = st.sampled_from([-1, GENERATION, STALE_GENERATION])
_RACK_OF_MEMBER = st.none() | st.sampled_from(_RACKS)
_REPLICAS = st.lists(st.sampled_from(_RACKS), max_size=2).map(frozenset)
_KEPT = 4096
"""Strategies kept for the next time that the same is to be drawn from."""


@st.composite
def clusters(
    draw: st.DrawFn,
    *,
    min_topics: int = 0,
    max_topics: int = 4,
    min_partitions: int = 0,
    max_partitions: int = 6,
    racks: bool = False,
) -> ClusterMetadata:
    """Topics a, b, ... with some partitions each, perhaps none; with `racks`, some with theirs."""
    least, most = min_topics, min(max_topics, len(_TOPICS))
    counts = draw(_counts(min_partitions, max_partitions, least, most))
    partitions = dict(zip(_TOPICS, counts, strict=False))
    if not (racks and draw(st.booleans())):
        return ClusterMetadata(partitions)
    return ClusterMetadata(
        partitions,
        {
            topic: draw(st.lists(_REPLICAS, min_size=count, max_size=count))
            for topic, count in partitions.items()
            if draw(st.booleans())
        },
    )


@lru_cache(_KEPT)
def _counts(
    min_partitions: int, max_partitions: int, min_topics: int, max_topics: int
) -> st.SearchStrategy[list[int]]:
    counts = st.integers(min_partitions, max_partitions)
    return st.lists(counts, min_size=min_topics, max_size=max_topics)


def subscriptions(
    cluster: ClusterMetadata, *, missing: bool = True
) -> st.SearchStrategy[Subscription]:
    """Of a member that has just been started: any topics, in any order, perhaps none.

    With `missing` also MISSING_TOPIC, which does not exist.
    """
    return _topic_lists(cluster, missing=missing).map(lambda topics: Subscription(topics=topics))


@st.composite
def groups(
    draw: st.DrawFn,
    *,
    claims: Claims = "any",
    max_topics: int = 4,
    max_partitions: int = 6,
    min_members: int = 0,
    max_members: int = 5,
    racks: bool = False,
    static: bool = True,
    user_data: bool = False,
    missing: bool = True,
    shared: bool = False,
) -> Group:
    """A group as its leader's assignor sees it: arbitrary subscriptions, members in any order.

    `claims`: see `Claims`. `racks`: of members and replicas (KIP-881). `static`: some members have
    an instance id (KIP-345). `user_data`: some members send their claim as Java's sticky does, or
    bytes that mean nothing. `shared`: two members at least want the first topic, which has a
    partition; one is claimed, if anything is to be.
    """
    least = int(shared)
    sizes = {"min_topics": least, "min_partitions": least, "max_partitions": max_partitions}
    cluster = draw(clusters(max_topics=max_topics, racks=racks, **sizes))
    topic_lists = _topic_lists(cluster, missing=missing)
    chosen = draw(st.lists(topic_lists, min_size=max(min_members, 2 * least), max_size=max_members))
    members = {f"m{number}": topics for number, topics in enumerate(chosen, 1)}
    if shared:
        for topics in list(members.values())[:2]:
            topics += [each for each in _TOPICS[:1] if each not in topics]
    owned, generations = _claimed(draw, cluster, members, claims, max_partitions, shared)
    drawn: dict[str, Subscription] = {}
    for number, (member, topics) in enumerate(members.items()):
        # Instance ids sort the other way round than member ids: an assignor may mix them up.
        instance = f"i{max_members - number}"
        claim = PartitionSet(owned[member])
        drawn[member] = Subscription(
            topics=topics,
            owned=claim,
            generation_id=generations[member],
            group_instance_id=instance if static and draw(st.booleans()) else None,
            rack_id=draw(_RACK_OF_MEMBER) if racks else None,
            user_data=draw(_user_data(claim, generations[member])) if user_data else b"",
        )
    order = draw(st.permutations(list(drawn)))
    return Group(cluster, {member: drawn[member] for member in order})


@st.composite
def churns(
    draw: st.DrawFn,
    *,
    max_topics: int = 3,
    max_partitions: int = 6,
    max_members: int = 4,
    max_steps: int = 6,
) -> Churn:
    """A sequence of joins, leaves, restarts, lapses, and changes of subscriptions and partitions.

    It plays with any assignor: see `Churn`.
    """
    cluster = draw(clusters(min_topics=1, max_topics=max_topics, max_partitions=max_partitions))
    topics = _topic_lists(cluster, missing=False)
    living: list[str] = []
    born = 0
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, max_steps))):
        kinds = ["join"] if not living else ["leave", "resubscribe", "repartition"]
        if living and len(living) < max_members:
            kinds.insert(0, "join")
        kind = draw(st.sampled_from([*kinds, "restart", "lapse"] if living else kinds))
        if kind == "repartition":
            topic = draw(st.sampled_from(sorted(cluster.partitions)))
            steps.append(Repartition(topic, draw(st.integers(0, max_partitions))))
            continue
        if kind == "join":
            born += 1
            living.append(f"m{born}")
            steps.append(Join(living[-1], tuple(draw(topics))))
            continue
        member = draw(st.sampled_from(living))
        if kind == "leave":
            living.remove(member)
            steps.append(Leave(member))
        elif kind == "restart":
            born += 1
            living[living.index(member)] = f"m{born}"
            steps.append(Restart(member, f"m{born}"))
        elif kind == "lapse":
            steps.append(Lapse(member))
        else:
            steps.append(Resubscribe(member, tuple(draw(topics))))
    return Churn(cluster, tuple(steps))


def _topic_lists(cluster: ClusterMetadata, *, missing: bool) -> st.SearchStrategy[list[str]]:
    return _lists_of((*cluster.partitions, *((MISSING_TOPIC,) if missing else ())))


@lru_cache(_KEPT)  # Hypothesis validates a strategy when it is first drawn from: half of all work
def _lists_of(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True) if names else st.just([])


def _claimed(
    draw: st.DrawFn,
    cluster: ClusterMetadata,
    members: Mapping[str, list[str]],
    claims: Claims,
    max_partitions: int,
    shared: bool,
) -> tuple[dict[str, list[tuple[str, int]]], dict[str, int]]:
    """What each member says it owns, and since which generation."""
    owned: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
    generations = dict.fromkeys(members, -1)
    if claims == "none" or not members:
        return owned, generations
    if claims == "valid" and not shared and not draw(st.booleans()):
        return owned, generations
    for topic, count in cluster.partitions.items():
        owners = (None, *(member for member, topics in members.items() if topic in topics))
        for number, owner in enumerate(draw(_owners(owners, count))):
            if owner is not None:
                owned[owner].append((topic, number))
    if shared and not any(topic == _TOPICS[0] for each in owned.values() for topic, _ in each):
        owned["m1"].append((_TOPICS[0], 0))
    if claims == "any":
        counts = tuple(cluster.partitions.items())
        for member, partition in draw(_more_claims(tuple(members), counts, max_partitions)):
            owned[member].append(partition)
    for member in members:
        if claims == "any":
            generations[member] = draw(_GENERATIONS)
            continue
        joined_before = draw(st.booleans())
        if owned[member] or joined_before:
            generations[member] = GENERATION
    return owned, generations


@lru_cache(_KEPT)
def _owners(candidates: tuple[str | None, ...], count: int) -> st.SearchStrategy[list[str | None]]:
    """Of the partitions of one topic: all the same, or each its own."""
    one = st.sampled_from(candidates)
    return one.map(lambda owner: [owner] * count) | st.lists(one, min_size=count, max_size=count)


@lru_cache(_KEPT)
def _more_claims(
    members: tuple[str, ...], counts: tuple[tuple[str, int], ...], max_partitions: int
) -> st.SearchStrategy[list[tuple[str, tuple[str, int]]]]:
    """Members, and what they claim besides: what others have, or what does not exist."""
    existing = [(topic, p) for topic, count in counts for p in range(count)]
    names = st.sampled_from([*(topic for topic, _ in counts), MISSING_TOPIC])
    anything = st.tuples(names, st.integers(0, max_partitions + 1))
    somewhere = (st.sampled_from(existing) if existing else st.nothing()) | anything
    return st.lists(st.tuples(st.sampled_from(members), somewhere), max_size=5)


def _user_data(owned: PartitionSet, generation_id: int) -> st.SearchStrategy[bytes | None]:
    javas = st.just(encode_sticky_user_data(owned, generation_id))
    return st.just(b"") | javas | st.none() | st.binary(max_size=12)
