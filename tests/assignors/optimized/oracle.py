"""The truth for tiny groups: objective and constraints by their definitions, every plan tried.

Knows nothing of models, flows or solvers; exact in fractions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from assignors.claims import settle
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.optimized import Apart, Capacity, Constraints, Objective, Together, What, Who
from assignors.optimized.member_data import MemberData, decode, encode, holding

few = settings(deadline=None, max_examples=60, derandomize=True)

Partition = tuple[str, int]
Plan = Mapping[str, PartitionSet]


@dataclass(frozen=True, eq=False)
class Case:
    """A group with everything that is asked of it."""

    cluster: ClusterMetadata
    members: Mapping[str, Subscription]
    objective: Objective
    constraints: Constraints

    @cached_property
    def said(self) -> dict[str, MemberData]:
        return {m: decode(each.user_data) or MemberData() for m, each in self.members.items()}

    @cached_property
    def partitions(self) -> list[Partition]:
        topics = {topic for each in self.members.values() for topic in each.topics}
        return [
            (topic, number)
            for topic in sorted(topics)
            for number in range(self.cluster.partitions.get(topic, 0))
        ]

    def capacity(self, member: str) -> Capacity:
        return self.capacities[member]

    @cached_property
    def capacities(self) -> dict[str, Capacity]:
        return {member: self._capacity(member) for member in self.members}

    def _capacity(self, member: str) -> Capacity:
        result = self.said[member].capacity
        for limit in self.constraints.capacity:
            if self.means(limit.who, member):
                result = Capacity(**{**result.to_data(), **limit.capacity.to_data()})
        return result

    def means(self, who: Who, member: str) -> bool:
        subscription, own = self.members[member], self.said[member]
        if who.member is not None:
            return who.member in (member, subscription.group_instance_id)
        if who.label is not None:
            return own.labels.get(who.label[0]) == who.label[1]
        return (subscription.rack_id or own.rack) == who.rack

    @cached_property
    def owners(self) -> dict[Partition, str]:
        """The settled owners that may keep what they own."""
        settled = settle(self.cluster, {m: holding(each) for m, each in self.members.items()})
        found = {p: settled.owner_of(*p) for p in self.partitions}
        return {p: m for p, m in found.items() if m is not None and self._may_have(p, m)}

    def _may_have(self, partition: Partition, member: str) -> bool:
        if not self.may(partition, member):
            return False
        for each in self.constraints.together:
            if each.cost is None:
                for bundle in self.bundles(each):
                    if partition in bundle and not all(self.may(p, member) for p in bundle):
                        return False
        return True

    def may(self, partition: Partition, member: str) -> bool:
        if partition[0] not in self.members[member].topics:
            return False
        for pin in self.constraints.pins:
            holds = pin.must or any(
                self.means(pin.who, m) and pin.what.topic in each.topics
                for m, each in self.members.items()
            )
            if names(pin.what, partition) and holds and not self.means(pin.who, member):
                return False
        return not any(
            names(ban.what, partition) and self.means(ban.who, member)
            for ban in self.constraints.bans
        )

    def bundles(self, each: Together) -> list[list[Partition]]:
        there = self.partitions
        if not each.by_number:
            return [[p for p in there if any(names(what, p) for what in each.what)]]
        topics = {what.topic for what in each.what}
        numbers = sorted({number for topic, number in there if topic in topics})
        return [[p for p in there if p[0] in topics and p[1] == n] for n in numbers]

    def excess_together(self, plan: Mapping[Partition, str], each: Together) -> int:
        used = [{plan[p] for p in bundle} for bundle in self.bundles(each)]
        return sum(max(len(members) - 1, 0) for members in used)

    def excess_apart(self, plan: Mapping[Partition, str], each: Apart) -> int:
        there = [p for p in self.partitions if any(names(w, p) for w in each.what)]
        met: dict[str, set[Any]] = {}
        for p in there:
            place: str | None = plan[p]
            if each.label is not None:
                place = self.said[plan[p]].labels.get(each.label)
            thing = p if each.each else next(i for i, w in enumerate(each.what) if names(w, p))
            if place is not None:
                met.setdefault(place, set()).add(thing)
        return sum(len(things) - 1 for things in met.values())

    @cached_property
    def weights(self) -> dict[Partition, Fraction]:
        return {partition: self.weight(partition) for partition in self.partitions}

    def weight(self, partition: Partition) -> Fraction:
        given: Any = self.objective.weights.to_data().get(
            partition[0], self.objective.default_weight
        )
        if isinstance(given, list):
            at = partition[1]
            given = given[at] if at < len(given) else self.objective.default_weight
        return Fraction(given)

    def feasible(self, plan: Mapping[Partition, str], *, may: bool = False) -> bool:
        if not may and not all(self.may(p, m) for p, m in plan.items()):
            return False
        for member in self.members:
            mine = [p for p, m in plan.items() if m == member]
            capacity = self.capacity(member)
            if capacity.max_partitions is not None and len(mine) > capacity.max_partitions:
                return False
            load = sum((self.weights[p] for p in mine), Fraction(0))
            if capacity.max_weight is not None and load > Fraction(capacity.max_weight):
                return False
        owners = self.owners
        if self.constraints.max_moves is not None:
            left = max(self.constraints.max_moves - (len(plan) - len(owners)), 0)
            if sum(plan[p] != m for p, m in owners.items()) > left:
                return False
        hard_together = [e for e in self.constraints.together if e.cost is None]
        hard_apart = [e for e in self.constraints.apart if e.cost is None]
        return not any(self.excess_together(plan, e) for e in hard_together) and not any(
            self.excess_apart(plan, e) for e in hard_apart
        )

    def cost(self, plan: Mapping[Partition, str]) -> Fraction:
        return sum(self.costs(plan).values(), Fraction(0))

    def costs(self, plan: Mapping[Partition, str]) -> dict[str, Fraction]:
        objective = self.objective
        weights = self.weights
        average = sum(weights.values(), Fraction(0)) / max(len(plan), 1) or Fraction(1)
        shares = {m: Fraction(self.capacity(m).share) for m in self.members}
        least = max(shares.values(), default=Fraction(1)) / 1000  # less counts as that
        shares = {m: max(share, least) for m, share in shares.items()}
        mean = sum(shares.values(), Fraction(0)) / max(len(shares), 1)
        balance = Fraction(0)
        for member, share in shares.items():
            load = sum((weights[p] for p, m in plan.items() if m == member), Fraction(0)) / average
            balance += load * load / (share / mean)
        gone = [p for p, m in self.owners.items() if plan[p] != m]
        costs = {
            "balance": Fraction(objective.balance) * balance,
            "movement": Fraction(objective.movement) * len(gone)
            + Fraction(objective.movement_by_weight)
            * sum((weights[p] / average for p in gone), Fraction(0)),
            "rack": Fraction(objective.rack) * sum(self._misses(p, m) for p, m in plan.items()),
        }
        for together in self.constraints.together:
            if together.cost is not None:
                here = Fraction(together.cost) * self.excess_together(plan, together)
                costs[str(together)] = costs.get(str(together), Fraction(0)) + here
        for apart in self.constraints.apart:
            if apart.cost is not None:
                here = Fraction(apart.cost) * self.excess_apart(plan, apart)
                costs[str(apart)] = costs.get(str(apart), Fraction(0)) + here
        return costs

    def _misses(self, partition: Partition, member: str) -> bool:
        rack = self.members[member].rack_id or self.said[member].rack
        racks = self.cluster.racks.get(partition[0], ())
        return (
            rack is not None
            and bool(racks)
            and bool(racks[partition[1]])
            and (rack not in racks[partition[1]])
        )

    def plans(self) -> Iterator[dict[Partition, str]]:
        partitions = self.partitions
        options = [[m for m in sorted(self.members) if self.may(p, m)] for p in partitions]
        for choice in itertools.product(*options):
            yield dict(zip(partitions, choice, strict=True))

    def best(self) -> Fraction | None:
        """The least cost of a feasible plan, None if there is none."""
        costs = [self.cost(plan) for plan in self.plans() if self.feasible(plan, may=True)]
        return min(costs, default=None)


def by_partition(plan: Plan) -> dict[Partition, str]:
    return {(t, n): member for member, partitions in plan.items() for t, n in partitions}


def names(what: What, partition: Partition) -> bool:
    return what.topic == partition[0] and (
        what.partitions is None or partition[1] in what.partitions
    )


TOPICS = ("a", "b", "c")
RACKS = ("r1", "r2")


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    kinds: Sequence[str] = ("weights", "capacity", "moves", "rack", "pins", "together", "apart"),
    max_partitions: int = 6,
) -> Case:
    """Tiny groups with some of everything in `kinds`."""
    # Rather many than few: what is small is found by shrinking.
    sizes = [(2, 2, 1), (3, 2, 0), (1, 2, 3), (2, 3, 1), (1, 0, 0), (2, 2, 2), (3, 3, 0)]
    fitting = [each for each in sizes if sum(each) <= max_partitions]
    counts = dict(zip(TOPICS, draw(st.sampled_from(fitting)), strict=True))
    racks = {}
    if "rack" in kinds:
        rack_sets = st.frozensets(st.sampled_from(RACKS), max_size=2)
        racks = {t: [draw(rack_sets) for _ in range(n)] for t, n in counts.items()}
    cluster = ClusterMetadata(counts, racks)
    ids = [f"m{n}" for n in range(draw(st.sampled_from([3, 3, 2, 1, 0])))]
    members = {member: draw(_subscriptions(kinds)) for member in draw(st.permutations(ids))}
    return Case(cluster, members, draw(_objectives(kinds)), draw(_constraints(kinds)))


@st.composite
def _subscriptions(draw: st.DrawFn, kinds: Sequence[str]) -> Subscription:
    some = st.lists(st.sampled_from([*TOPICS, "gone"]), max_size=4)
    topics = draw(st.just(list(TOPICS)) | some)
    partition = st.tuples(st.sampled_from(TOPICS), st.integers(0, 3))
    held = PartitionSet(draw(st.lists(partition, max_size=4)))
    generation = draw(st.integers(1, 2))
    rack = draw(st.none() | st.sampled_from(RACKS)) if "rack" in kinds else None
    said = b""
    in_user_data = draw(st.booleans())
    if in_user_data:
        share = draw(st.sampled_from([1, 1, 2, 4])) if "capacity" in kinds else 1
        most = draw(st.none() | st.integers(0, 4)) if "capacity" in kinds else None
        labels = {"zone": draw(st.sampled_from(["x", "y"]))} if draw(st.booleans()) else {}
        said = encode(
            MemberData(
                capacity=Capacity(share=share, max_partitions=most),
                labels=labels,
                rack=rack,
                held=held,
                generation_id=generation,
            )
        )
    return Subscription(
        topics=topics,
        owned=PartitionSet() if in_user_data else held,
        generation_id=generation,
        rack_id=None if in_user_data else rack,
        user_data=said,
    )


def _objectives(kinds: Sequence[str]) -> st.SearchStrategy[Objective]:
    weight = st.integers(0, 9) | st.sampled_from([0.5, 2.25])
    weights = st.dictionaries(st.sampled_from(TOPICS), weight | st.lists(weight, max_size=3))
    return st.builds(
        Objective,
        weights=weights if "weights" in kinds else st.just({}),
        balance=st.sampled_from([0, 1, 1, 2.5]),
        movement=st.sampled_from([0, 0.01, 1, 3]),
        movement_by_weight=st.sampled_from([0, 0, 0.5]) if "weights" in kinds else st.just(0),
        rack=st.sampled_from([0, 1, 4]) if "rack" in kinds else st.just(0),
    )


_WHO = st.sampled_from(
    [
        Who(member="m0"),
        Who(member="m1"),
        Who(member="absent"),
        Who(label=("zone", "x")),
        Who(rack="r1"),
    ]
)


@st.composite
def _whats(draw: st.DrawFn) -> What:
    numbers = draw(st.none() | st.lists(st.integers(0, 3), min_size=1, max_size=2))
    topic = draw(st.sampled_from(TOPICS))
    return What(topic=topic, partitions=None if numbers is None else tuple(numbers))


@st.composite
def _constraints(draw: st.DrawFn, kinds: Sequence[str]) -> Constraints:
    from assignors.optimized import Ban, Limit, Pin

    some: dict[str, Any] = {}
    cost = st.none() | st.sampled_from([0.5, 3])
    topics = draw(st.permutations(TOPICS))[: draw(st.integers(2, 3))]
    whole = tuple(What(topic=topic) for topic in topics)
    if "moves" in kinds:
        some["max_moves"] = draw(st.none() | st.integers(0, 4))
    if "capacity" in kinds and draw(st.booleans()):
        capacity = st.builds(
            Capacity,
            share=st.sampled_from([1, 2]),
            max_partitions=st.none() | st.integers(0, 5),
            max_weight=st.none() | st.integers(0, 20),
        )
        limits = st.builds(Limit, who=_WHO, capacity=capacity)
        some["capacity"] = tuple(draw(st.lists(limits, max_size=2)))
    if "pins" in kinds and draw(st.booleans()):
        some["pins"] = (Pin(what=draw(_whats()), who=draw(_WHO), must=draw(st.booleans())),)
        some["bans"] = tuple(draw(st.lists(st.builds(Ban, what=_whats(), who=_WHO), max_size=2)))
    if "together" in kinds and draw(st.booleans()):
        some["together"] = (Together(what=whole, by_number=draw(st.booleans()), cost=draw(cost)),)
    if "apart" in kinds and draw(st.booleans()):
        label = draw(st.none() | st.just("zone"))
        each = draw(st.booleans())
        some["apart"] = (Apart(what=whole, label=label, each=each, cost=draw(cost)),)
    return Constraints(**some)
