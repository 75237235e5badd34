"""The cases: which groups every assignor is given, each made from a seed that stands here.

The rule kept here: a case is a function of its name and of our own assignors, which make the plan
that the group had before; every subject of a run gets the same bytes.

Letters: u = everybody subscribes to everything, h = random subsets; a, b, c, d are sizes. fresh =
nobody owns anything; join = one member more; leave = a tenth of the members, chosen at random, is
gone. What the members own is a plan of our sticky assignor, in long runs of ids; in the cases
called dealt it is one of the round-robin assignor, partition by partition, which is what a group
brings along that changes its assignor, and costs every codec more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from random import Random

from assignors import ClusterMetadata, PartitionSet, Subscription
from assignors.round_robin import RoundRobinAssignor
from assignors.sticky import StickyAssignor
from benchmarks.assignors.handover import Handed

SEED = 2026
GENERATION = 7
Topics = Sequence[str]
Subscriptions = Mapping[str, Topics]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Topics, partitions of each, members, and how many topics a member of h takes at most."""

    topics: int
    partitions: int
    members: int
    most: int


SIZES = {
    "a": Size(topics=10, partitions=100, members=100, most=10),
    "b": Size(topics=100, partitions=100, members=1_000, most=20),
    "c": Size(topics=1_000, partitions=100, members=1_000, most=50),
    "d": Size(topics=1_000, partitions=1_000, members=10_000, most=50),
}
SMALL = Size(topics=10, partitions=10, members=10, most=10)
EVENTS = ("fresh", "join", "leave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input. `easier`: cases that a subject must have finished before it is given this one."""

    name: str
    what: str
    make: Callable[[], Handed]
    uniform: bool
    easier: tuple[str, ...] = ()


def size_of(group: Handed) -> str:
    """Its size in words, for headings."""
    topics = len(group.cluster.partitions)
    return f"{group.partitions:,} partitions, {topics:,} topics, {len(group.members):,} members"


def names_of(kind: str, count: int) -> list[str]:
    """Topic names or member ids, in an order that sorting keeps."""
    return [f"{kind}-{number:05d}" for number in range(count)]


def subscriptions(size: Size, *, uniform: bool, seed: int) -> tuple[ClusterMetadata, Subscriptions]:
    """The cluster, and the topics of one member more than the size says: who joins is the last."""
    topics = names_of("topic", size.topics)
    random = Random(seed)
    return ClusterMetadata(dict.fromkeys(topics, size.partitions)), {
        member: topics if uniform else random_subset(random, topics, size.most)
        for member in names_of("consumer", size.members + 1)
    }


def random_subset(random: Random, topics: Topics, most: int) -> Topics:
    """1 to `most` of the topics, each number and each subset equally likely."""
    return sorted(random.sample(topics, random.randint(1, most)))


def lettered(size: Size, *, uniform: bool, event: str, dealt: bool = False) -> Handed:
    """The group of a case that is named by letters."""
    cluster, wanted = subscriptions(size, uniform=uniform, seed=SEED)
    newcomer = list(wanted)[-1]
    before = {member: topics for member, topics in wanted.items() if member != newcomer}
    if event == "fresh":
        return group(cluster, before, {})
    owned = prior(cluster, before, dealt=dealt)
    return group(cluster, wanted if event == "join" else remaining(before), owned)


def skewed() -> Handed:
    """A million partitions in topics whose sizes fall as 1/rank, random subsets; some leave."""
    members, topics, partitions = 10_000, 1_000, 1_000_000
    # Whole numbers that add up: each topic gets what the rounded running total grows by.
    ends = list(accumulate((1 / rank for rank in range(1, topics + 1)), initial=0.0))
    totals = [round(partitions * end / ends[-1]) for end in ends]
    counts = [after - before for before, after in pairwise(totals)]
    names = names_of("topic", topics)
    cluster = ClusterMetadata(dict(zip(names, counts, strict=True)))
    random = Random(SEED)
    wanted = {member: random_subset(random, names, 50) for member in names_of("consumer", members)}
    return group(cluster, remaining(wanted), prior(cluster, wanted))


def nested() -> Handed:
    """1,000 topics of 100 partitions, 1,000 members, each subscribed to the first so many; some
    leave. Of two subscriptions one always contains the other."""
    random = Random(SEED)
    names, members = names_of("topic", 1_000), names_of("consumer", 1_000)
    lengths = [random.randint(1, len(names)) for _ in members[1:]]
    wanted = {
        member: names[:length]
        for member, length in zip(members, [len(names), *lengths], strict=True)
    }
    return _some_leave(wanted)


def chain() -> Handed:
    """1,000 topics of 100 partitions, 1,000 members, the nth subscribed to the nth topic and the
    next; some leave. Whoever stays can only shift partitions along the chain, so that strict
    balance moves a large part of all of them."""
    names, members = names_of("topic", 1_000), names_of("consumer", 1_000)
    return _some_leave({member: names[at : at + 2] for at, member in enumerate(members)})


def _some_leave(wanted: Subscriptions) -> Handed:
    topics = sorted({topic for each in wanted.values() for topic in each})
    cluster = ClusterMetadata(dict.fromkeys(topics, 100))
    return group(cluster, remaining(wanted), prior(cluster, wanted))


def remaining(wanted: Subscriptions) -> Subscriptions:
    """All but a tenth of the members, chosen at random."""
    gone = set(Random(SEED + 1).sample(sorted(wanted), len(wanted) // 10))
    return {member: topics for member, topics in wanted.items() if member not in gone}


def prior(
    cluster: ClusterMetadata, wanted: Subscriptions, *, dealt: bool = False
) -> Mapping[str, PartitionSet]:
    """The plan that the group had before."""
    members = group(cluster, wanted, {}).members
    if dealt:
        return RoundRobinAssignor().assign(cluster, members)
    return StickyAssignor(spread="contiguous").assign(cluster, members)


def group(
    cluster: ClusterMetadata, wanted: Subscriptions, owned: Mapping[str, PartitionSet]
) -> Handed:
    """The members, each with what it owns."""
    nothing = PartitionSet()
    members = {
        member: Subscription(
            topics=topics,
            owned=owned.get(member, nothing),
            generation_id=GENERATION if owned.get(member) else -1,
        )
        for member, topics in wanted.items()
    }
    return Handed(cluster=cluster, members=members)


def _lettered_cases() -> Iterable[Case]:
    for spoken, uniform in (("the same topics", True), ("random topics", False)):
        letter = "u" if uniform else "h"
        for size, following in zip(SIZES, ("", *SIZES), strict=False):
            for event in EVENTS:
                make = partial(lettered, SIZES[size], uniform=uniform, event=event)
                smaller = (f"{letter}{following}-{event}",) if following else ()
                yield Case(
                    name=f"{letter}{size}-{event}",
                    what=f"{spoken}, {event}",
                    make=make,
                    uniform=uniform,
                    easier=smaller,
                )
                if event != "fresh":
                    yield Case(
                        name=f"{letter}{size}-{event}-dealt",
                        what=f"{spoken}, {event} after round-robin",
                        make=partial(make, dealt=True),
                        uniform=uniform,
                        easier=(f"{letter}{size}-{event}", *(f"{each}-dealt" for each in smaller)),
                    )


def _other_cases() -> Iterable[Case]:
    for event in EVENTS:
        yield Case(
            name=f"small-{event}",
            what=f"the same topics, {event}",
            make=partial(lettered, SMALL, uniform=True, event=event),
            uniform=True,
        )
    for name, what, make in (
        ("nested", "each member's topics contain another's, leave", nested),
        ("chain", "each member's topics overlap with the next one's, leave", chain),
    ):
        yield Case(name=f"{name}-leave", what=what, make=make, uniform=False, easier=("hc-leave",))
    yield Case(
        name="skewed-leave",
        what="topic sizes as 1/rank, random topics, leave",
        make=skewed,
        uniform=False,
        easier=("hd-leave",),
    )


CASES: Mapping[str, Case] = {case.name: case for case in (*_lettered_cases(), *_other_cases())}
