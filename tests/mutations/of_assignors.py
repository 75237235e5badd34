"""Bugs of assignors, of the leader's check of a plan, and of the bytes a plan travels in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from assignors import cooperative, solver, sticky
from assignors import interface as assignor_interface
from assignors import range as range_assignor
from assignors import round_robin as round_robin_assignor
from assignors.claims import Claims
from assignors.cooperative import Cooperative
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.range import RangeAssignor
from assignors.round_robin import RoundRobinAssignor
from assignors.sticky import StickyAssignor
from rebalance.member import leading
from tests.mutations.mutation import Mutation, Patch, room

ASSIGNORS: list[Mutation] = []
mutation = room("assignors", ASSIGNORS)

Members = Mapping[str, Subscription]


def _unchecked(patch: Patch) -> None:
    """The leader hands in any plan: what M06 and M08 are about cannot stop the bug."""

    def trusted(plan: GroupAssignment, *_: object, **__: object) -> GroupAssignment:
        return plan

    patch(assignor_interface, "validated", trusted)


def _many(members: Members) -> bool:
    """The plain stories have up to three members and one topic; bugs like more of both."""
    return len({topic for each in members.values() for topic in each.topics}) > 1


@mutation("KAFKA-14639: a partition was revoked and assigned in a single round")
def nothing_is_withheld(patch: Patch) -> None:
    """M06: a cooperative plan gives away at once what another member still owns."""
    _unchecked(patch)

    def assign(self: Cooperative, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        plan = self.target if _many(members) else real.__get__(self)
        found: GroupAssignment = plan(cluster, members)
        return found

    real = patch(Cooperative, "assign", assign)


@mutation()
def everything_claimed_is_withheld(patch: Patch) -> None:
    """M06: a cooperative plan gives nobody what is claimed, not even who claims it."""

    def assign(self: Cooperative, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        plan: GroupAssignment = real(self, cluster, members)
        if len(members) < 4:
            return plan
        kept = {
            member: each - members[member].owned if number == 0 else each
            for number, (member, each) in enumerate(plan.items())
        }
        return GroupAssignment(kept)

    real = patch(Cooperative, "assign", assign)


@mutation("librdkafka#3306: when one leaves, partitions are shuffled between those who stay")
def claims_are_forgotten(patch: Patch) -> None:
    """I05: a sticky plan does not look at what members had."""

    def nobody(members: Members) -> Claims:
        said: Claims = real(members)
        return Claims.of({}, said.member_ids) if _many(members) else said

    real = patch(sticky, "sticky_claims", nobody)


@mutation("KAFKA-12984: generations were not used to settle claims")
def stale_claim_beats_a_fresh_one(patch: Patch) -> None:
    """M02: of two claims on a partition the older generation wins."""

    def turned(members: Members) -> Claims:
        said: Claims = real(members)
        return replace(said, generations=-said.generations)

    real = patch(sticky, "sticky_claims", turned)


@mutation()
def range_gives_the_rest_to_the_first(patch: Patch) -> None:
    """I05: what a topic has over goes to one member."""

    def assign(self: RangeAssignor, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        plan: GroupAssignment = real(self, cluster, members)
        if not _many(members):
            return plan
        return _hand_over(plan, members)

    real = patch(range_assignor.RangeAssignor, "assign", assign)


@mutation("tulios/kafkajs#635: one consumer had the partitions of all topics that have one")
def round_robin_begins_anew_with_each_topic(patch: Patch) -> None:
    """I05: every topic's first partition goes to the first member."""

    def assign(
        self: RoundRobinAssignor, cluster: ClusterMetadata, members: Members
    ) -> GroupAssignment:
        found: dict[str, PartitionSet] = dict.fromkeys(members, PartitionSet())
        for topic, count in cluster.partitions.items():
            alone = ClusterMetadata({topic: count})
            for member, given in real(self, alone, members).items():
                found[member] |= given
        return GroupAssignment(found)

    real = patch(round_robin_assignor.RoundRobinAssignor, "assign", assign)


@mutation("KAFKA-15170: more members at the larger quota than there should be")
def quota_is_off_by_one(patch: Patch) -> None:
    """I05: a sticky plan gives one member two more than another."""

    def quotas(problem: Any) -> Any:
        x = real(problem)
        if x.size > 3 and int(x.max()) > 1:
            x = x.copy()
            x[int(np.argmax(x))] += 1
            x[int(np.argmin(x))] -= 1
        return x

    real = patch(solver, "_quotas", quotas)


@mutation()
def last_partition_is_left_out(patch: Patch) -> None:
    """I05: the last partition of a plan goes to nobody."""
    _unchecked(patch)
    for kind in (RangeAssignor, RoundRobinAssignor, StickyAssignor):
        _spoil(patch, kind, _without_the_last)


@mutation("KAFKA-7026: one partition assigned to two members")
def partition_is_given_twice(patch: Patch) -> None:
    """I01: a plan gives one partition to two members."""
    _unchecked(patch)
    for kind in (RangeAssignor, RoundRobinAssignor, StickyAssignor):
        _spoil(patch, kind, _twice)


@mutation()
def plan_turns_with_each_generation(patch: Patch) -> None:
    """I05: the same members and topics get another plan each time."""
    for kind in (RangeAssignor, RoundRobinAssignor):
        _spoil(patch, kind, _turned)


@mutation()
def one_topic_gets_lost_on_the_way(patch: Patch) -> None:
    """I05: an assignment of several topics is encoded without the last one."""

    def encoded(plan: Mapping[str, PartitionSet]) -> Mapping[str, bytes]:
        short = {
            member: PartitionSet(dict(list(each.by_topic.items())[: len(each.by_topic) - 1 or 1]))
            for member, each in plan.items()
        }
        found: Mapping[str, bytes] = real(GroupAssignment(short))
        return found

    real = patch(leading, "encode_assignments", encoded)


@mutation("KAFKA-15170: what changed hands was missing from the partitions withheld")
def older_claims_are_not_withheld(patch: Patch) -> None:
    """M06: what a member claims of an older generation than the newest is given away at once."""
    _unchecked(patch)

    def assign(self: Cooperative, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        newest = max(each.generation_id for each in members.values())
        fresh = {
            member: each
            if each.generation_id == newest
            else replace(each, owned=PartitionSet(), generation_id=-1, user_data=b"")
            for member, each in members.items()
        }
        found: GroupAssignment = real(self, cluster, fresh)
        return found

    real = patch(cooperative.Cooperative, "assign", assign)


# --- how plans are spoilt ------------------------------------------------------------------------


def _spoil(patch: Patch, kind: type, how: Any) -> None:
    def assign(self: Any, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        plan: GroupAssignment = real(self, cluster, members)
        found: GroupAssignment = how(plan, members) if _many(members) else plan
        return found

    real = patch(kind, "assign", assign)


def _hand_over(plan: GroupAssignment, members: Members) -> GroupAssignment:
    """One partition of who has least of a topic goes to who has most of it."""
    found = dict(plan)
    for topic in sorted({topic for each in members.values() for topic in each.topics}):
        having = [member for member in plan if topic in plan[member].by_topic]
        if len(having) > 1 and any(len(plan[each].by_topic[topic]) > 1 for each in having):
            rich, poor = having[0], having[-1]
            taken = PartitionSet([(topic, int(plan[poor].by_topic[topic][0]))])
            found[poor] -= taken
            found[rich] |= taken
            break
    return GroupAssignment(found)


def _without_the_last(plan: GroupAssignment, members: Members) -> GroupAssignment:
    having = [member for member in plan if plan[member]]
    if len(having) < 2:
        return plan
    last = max(plan[having[-1]])
    return GroupAssignment({**plan, having[-1]: plan[having[-1]] - PartitionSet([last])})


def _twice(plan: GroupAssignment, members: Members) -> GroupAssignment:
    having = [member for member in plan if plan[member]]
    if len(having) < 2:
        return plan
    first = min(plan[having[0]])
    others = [m for m in having[1:] if first.topic in members[m].topics]
    if not others:
        return plan
    return GroupAssignment({**plan, others[0]: plan[others[0]] | PartitionSet([first])})


def _turned(plan: GroupAssignment, members: Members) -> GroupAssignment:
    """Members of equal subscriptions swap."""
    generation = max(each.generation_id for each in members.values())
    alike = len({each.topics for each in members.values()}) == 1
    names = list(plan)
    if not alike or generation < 0:
        return plan
    by = generation % len(names)
    return GroupAssignment(
        dict(zip(names, [plan[name] for name in names[by:] + names[:by]], strict=True))
    )
