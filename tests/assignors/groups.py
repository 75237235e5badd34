"""Groups for the tests: random ones for Hypothesis, and the members' side of a rebalance."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st

from assignors.claims import settle
from assignors.model import ClusterMetadata, PartitionSet, Subscription

Group = tuple[ClusterMetadata, dict[str, Subscription]]

# No test may fail because the machine is busy, and all together stay well under a minute.
quick = settings(deadline=None, max_examples=40)

TOPICS = ("a", "b", "c", "d")


@st.composite
def groups(
    draw: st.DrawFn,
    *,
    max_partitions: int = 6,
    max_members: int = 5,
    claims: bool = True,
    alike: bool = False,
) -> Group:
    """A group with arbitrary subscriptions and, with `claims`, hostile ownership claims."""
    counts = st.integers(0, max_partitions)
    cluster = ClusterMetadata(draw(st.dictionaries(st.sampled_from(TOPICS), counts)))
    topics = st.lists(st.sampled_from([*TOPICS, "unknown"]), max_size=5)
    same = draw(topics)
    partition = st.tuples(st.sampled_from(TOPICS), st.integers(0, max_partitions + 1))
    owned = st.lists(partition, max_size=8) if claims else st.just([])
    members = {
        f"m{number}": Subscription(
            topics=same if alike else draw(topics),
            owned=PartitionSet(draw(owned)),
            generation_id=draw(st.integers(-1, 3)),
            group_instance_id=draw(st.none() | st.just(f"i{9 - number}")),
        )
        for number in draw(st.permutations(range(draw(st.integers(0, max_members)))))
    }
    return cluster, members


def own(
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    generation_id: int = 9,
) -> dict[str, Subscription]:
    """The members as they join next, owning what the plan gave them."""
    return {
        member: replace(each, owned=plan[member], generation_id=generation_id, user_data=b"")
        for member, each in members.items()
    }


def best_by_brute_force(group: Group) -> tuple[int, int]:
    """The least sum of squared loads, and the fewest moves with it, by trying everything."""
    return min(every_plan(group))


def every_plan(group: Group) -> set[tuple[int, int]]:
    """The sum of squared loads and the moves of every valid plan."""
    cluster, members = group
    settled = settle(cluster, members)
    ids = settled.member_ids
    options = [
        [number for number, member in enumerate(ids) if topic in members[member].topics]
        for topic, _ in (settled.index.partition(n) for n in range(settled.index.size))
    ]
    owners = settled.owner.tolist()

    def score(choice: tuple[int, ...]) -> tuple[int, int]:
        loads = [choice.count(number) for number in range(len(ids))]
        moves = sum(was >= 0 and was != now for was, now in zip(owners, choice, strict=True))
        return sum(load * load for load in loads), moves

    return {score(choice) for choice in itertools.product(*options)}


def tiny(group: Group) -> Group:
    """Small enough to try every plan."""
    cluster, members = group
    if sum(cluster.partitions.values()) > 8:
        cluster = ClusterMetadata({t: min(n, 2) for t, n in cluster.partitions.items()})
    return cluster, members
