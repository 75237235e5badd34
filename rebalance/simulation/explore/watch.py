"""What was seen so far, as far as it bears on what may come: both views, all checkers.

Why: a checker's memory is part of a state. Two states that differ in nothing but in what a checker
has seen are two states.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.simulation.checkers import Checkers, Violation
from rebalance.simulation.explore.answers import Answers
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.explore.facts import Fact
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["Watch"]


class Eyes(NamedTuple):
    """What sees the trace: the views and the invariants' checkers."""

    views: Views
    checkers: Checkers

    def see(self, event: trace.Event) -> list[Violation]:
        """Take in one event; what is wrong about it."""
        self.checkers.check(event)
        found = list(self.checkers.violations)
        self.checkers.violations.clear()
        self.views.apply(event)
        if isinstance(event, trace.MemberFailed):
            message = f"{event.member} fails for nothing that was done to it: {event.error}"
            found.append(Violation(rule="I05", t=event.t, message=message))
        return found


@dataclass(frozen=True, slots=True)
class Watch:
    """All that watch, as they stand. They must never be told anything: copy them before."""

    eyes: Eyes
    answers: Answers
    key: tuple[Hashable, Hashable]
    """What makes two alike: of the eyes, of the answers."""

    @classmethod
    def fresh(cls, group: ExploredGroup) -> "Watch":
        """Before anything happened but that the topics are known."""
        eager = frozenset(member.name for member in group.members if member.eager)
        views = Views()
        eyes = Eyes(views, Checkers(views, lambda lane: lane in eager))
        for topic, partitions in group.topics.items():
            eyes.see(trace.TopicKnown(t=0, topic=topic, partitions=partitions))
        answers = Answers()
        return cls(eyes, answers, (canonical(tuple(eyes)), canonical(answers)))

    def after(self, facts: tuple[Fact, ...]) -> tuple["Watch", tuple[Violation, ...]]:
        """What is known after these facts, and what was wrong about them."""
        found: list[Violation] = []
        eyes, (eyes_key, _) = self.eyes, self.key
        answers = copied(self.answers)
        for fact in facts:
            for rule, message in answers.see(fact):
                found.append(Violation(rule=rule, t=0, message=message))
        events = [fact for fact in facts if isinstance(fact, trace.Event)]
        if events:
            views, checkers = copied((eyes.views, eyes.checkers))
            eyes = Eyes(views, checkers)
            for event in events:
                found += eyes.see(event)
            eyes_key = canonical(tuple(eyes))
        return Watch(eyes, answers, (eyes_key, canonical(answers))), tuple(found)

    @property
    def views(self) -> Views:
        """Both views of ownership."""
        return self.eyes.views

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
