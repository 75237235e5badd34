"""I05, M06: a plan keeps what its assignor is known for, as it is made.

Why: at rest only the last plan is looked at, and not that of a group which was never left in peace.
Rule kept: judged by what the assignor was told, never by what the members did with the plan.
"""

from collections.abc import Hashable, Mapping
from typing import ClassVar

from assignors.model import GroupAssignment
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.plan_facts import Planned
from rebalance.simulation.values import partition_name, partition_names

__all__ = ["ClaimedIsWithheld", "PlanKeepsItsPromise", "SameInputSamePlan"]

_WITHOUT_MEMORY = ("range", "roundrobin")
"""Assignors to which it is all the same who had what."""

_COOPERATIVE = "cooperative-"
"""How the names of those begin that withhold what others claim."""


class PlanKeepsItsPromise:
    """`range` spreads each topic evenly; `roundrobin` and `sticky` all that equals want alike.

    A cooperative plan withholds what is claimed: it may yet become even when that is handed over.
    """

    RULE: ClassVar[str] = "I05"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Plans as they are made."""
        return {Planned: self._planned}

    def _planned(self, fact: Planned) -> None:
        inner = fact.assignor.removeprefix(_COOPERATIVE)
        topics = sorted({topic for _, each in fact.members for topic in each.topics})
        if inner == "range":
            for topic in topics:
                self._spread(fact, topic)
        alike = len({frozenset(each.topics) for _, each in fact.members}) == 1
        if alike and inner in ("roundrobin", "sticky"):
            counts = {member_id: len(fact.plan[member_id]) for member_id, _ in fact.members}
            there = sum(fact.cluster.partitions.get(topic, 0) for topic in topics)
            self._uneven(fact, counts, there, "")

    def _spread(self, fact: Planned, topic: str) -> None:
        counts = {
            member_id: len(fact.plan[member_id].by_topic.get(topic, ()))
            for member_id, subscription in fact.members
            if topic in subscription.topics
        }
        self._uneven(fact, counts, fact.cluster.partitions.get(topic, 0), f" of {topic}")

    def _uneven(self, fact: Planned, counts: dict[str, int], there: int, of_what: str) -> None:
        """Somebody has more than its share, or less, and what is withheld of all that is `there`
        cannot make up for it."""
        given = sum(counts.values())
        withheld = there - given if fact.assignor.startswith(_COOPERATIVE) else 0
        share, spare = divmod(given + withheld, len(counts))
        lacking = sum(max(share - count, 0) for count in counts.values())
        rich, poor = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        if counts[rich] > share + (spare > 0) or lacking > withheld:
            self._report(
                self,
                fact.t,
                f"{fact.assignor} plans {counts[rich]} partitions{of_what} for {rich} of "
                f"{fact.group_id} and {counts[poor]} for {poor}",
                code=fact.assignor,
            )


class SameInputSamePlan:
    """Asked the same again, an assignor says the same: a rebalance for no reason moves nothing."""

    RULE: ClassVar[str] = "I05"

    def __init__(self, report: Report) -> None:
        self._report = report
        self._last_plans: dict[tuple[str, str], tuple[Hashable, GroupAssignment]] = {}
        """By group and assignor: what it was asked last, and what it said."""

    def looks(self) -> Mapping[type, Look]:
        """Plans as they are made."""
        return {Planned: self._planned}

    def _planned(self, fact: Planned) -> None:
        asked, key = _asked(fact), (fact.group_id, fact.assignor)
        before = self._last_plans.get(key)
        self._last_plans[key] = (asked, fact.plan)
        if before is None or before[0] != asked or before[1] == fact.plan:
            return
        moved = [
            f"{member_id} {partition_names(set(before[1][member_id]) ^ set(fact.plan[member_id]))}"
            for member_id, _ in fact.members
            if before[1][member_id] != fact.plan[member_id]
        ]
        told = "; ".join(moved)
        self._report(
            self,
            fact.t,
            f"{fact.assignor} of {fact.group_id} was asked the same again: {told}",
            code=fact.assignor,
        )


def _asked(fact: Planned) -> Hashable:
    if fact.assignor not in _WITHOUT_MEMORY:
        return fact.cluster, fact.members
    members = ((who, s.topics, s.group_instance_id, s.rack_id) for who, s in fact.members)
    return fact.cluster, tuple(sorted(members, key=lambda each: each[0]))


class ClaimedIsWithheld:
    """A cooperative plan gives nobody what another says that it owns, however old its word."""

    RULE: ClassVar[str] = "M06"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Plans as they are made."""
        return {Planned: self._planned}

    def _planned(self, fact: Planned) -> None:
        if not fact.assignor.startswith(_COOPERATIVE):
            return
        given_to = {
            partition: member_id
            for member_id, partitions in fact.plan.items()
            for partition in partitions
        }
        for claimant, subscription in fact.members:
            for partition in subscription.owned:
                member_id = given_to.get(partition, claimant)
                if member_id != claimant:
                    self._report(
                        self,
                        fact.t,
                        f"{fact.assignor} gives {partition_name(partition)} of {fact.group_id} to "
                        f"{member_id} while {claimant} claims it",
                        code=fact.assignor,
                    )
