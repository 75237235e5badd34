"""What was seen so far, as far as it bears on what may come: both views, all checkers.

Why: a checker's memory is part of a state. Two states that differ in nothing but in what a checker
has seen are two states.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from rebalance.simulation.checkers import Checkers, Violation
from rebalance.simulation.explore.answers import Answers
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.explore.facts import Fact
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["Watch"]


@dataclass(frozen=True, slots=True)
class Watch:
    """The views and checkers as they stand. They must never be told anything: copy them before."""

    views: Views
    checkers: Checkers
    answers: Answers

    @classmethod
    def fresh(cls, group: ExploredGroup) -> "Watch":
        """Before anything happened but that the topics are known."""
        eager = frozenset(member.name for member in group.members if member.eager)
        views = Views()
        made = cls(views, Checkers(views, lambda lane: lane in eager), Answers())
        for topic, partitions in group.topics.items():
            made._see(trace.TopicKnown(t=0, topic=topic, partitions=partitions))
        return made

    def key(self) -> Hashable:
        """What makes two alike."""
        return canonical(self)

    def after(self, facts: Iterable[Fact]) -> tuple["Watch", tuple[Violation, ...]]:
        """What is known after these facts, and what was wrong about them."""
        made = copied(self)
        found: list[Violation] = []
        for fact in facts:
            found += made._see(fact)
        return made, tuple(found)

    def _see(self, fact: Fact) -> list[Violation]:
        t = fact.t if isinstance(fact, trace.Event) else 0
        found = [Violation(rule=rule, t=t, message=said) for rule, said in self.answers.see(fact)]
        if not isinstance(fact, trace.Event):
            return found
        self.checkers.check(fact)
        found += self.checkers.violations
        self.checkers.violations.clear()
        self.views.apply(fact)
        if isinstance(fact, trace.MemberFailed):
            message = f"{fact.member} fails for nothing that was done to it: {fact.error}"
            found.append(Violation(rule="I05", t=fact.t, message=message))
        return found

    # --- rest ------------------------------------------------------------------------------------

    def unrest(self, group_id: str) -> str:
        """Why the group is not at rest, as far as its views tell; empty when it is."""
        group = self.views.groups.get(group_id)
        lanes = self.views.lanes_of(group_id)
        if group is None:
            return "nobody came" if lanes else ""
        expected = {lane.member_id for lane in lanes}
        if group.state != ("Stable" if expected else "Empty") and group.state != "Dead":
            return f"the group is {group.state}"
        if set(group.members) != expected:
            others = ", ".join(sorted(set(group.members) ^ expected))
            return f"the group and its consumers do not agree on {others}"
        unowned = self.views.unowned(group_id) + self.views.owned_in_vain(group_id)
        names = ", ".join(f"{topic}-{partition}" for topic, partition in unowned)
        return f"{names} is owned by nobody who wants it" if names else ""
