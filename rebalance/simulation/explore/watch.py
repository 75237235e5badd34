"""What was seen so far, as far as it bears on what may come: both views, all checkers.

Why: a checker's memory is part of a state. Two states that differ in nothing but in what a checker
has seen are two states.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.simulation.checkers import Checkers, Violation
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.explore.facts import Fact, Standing
from rebalance.simulation.explore.failures import NobodyFails
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.explore.pending import PendingIsWaitedFor
from rebalance.simulation.explore.timeouts import (
    JoinTimerEndsTheJoinPhase,
    SyncTimerEndsTheSyncPhase,
)
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["Watch"]


class Eyes(NamedTuple):
    """The views, the checkers, and what they may ask the coordinator for while they look."""

    views: Views
    checkers: Checkers
    standing: dict[str, GroupSnapshot]
    """Group id -> the group after this step; empty between steps."""

    def see(self, fact: Fact) -> None:
        """Take in one fact."""
        if isinstance(fact, Standing):
            self.standing[fact.group.group_id] = fact.group
        elif isinstance(fact, trace.Event):
            self.checkers.check(fact)
            self.views.apply(fact)
        else:
            self.checkers.told(fact)


@dataclass(frozen=True, slots=True)
class Watch:
    """All that watch, as they stand. They must never be told anything: copy them before."""

    eyes: Eyes
    key: Hashable
    """What makes two alike."""

    @classmethod
    def fresh(cls, group: ExploredGroup) -> "Watch":
        """Before anything happened but that the topics are known."""
        eager = frozenset(member.name for member in group.members if member.eager)
        views, standing = Views(), dict[str, GroupSnapshot]()
        checkers = Checkers(views, lambda lane: lane in eager)
        checkers.watch(group.config, standing.get)
        for checker in (
            PendingIsWaitedFor(checkers.report),
            JoinTimerEndsTheJoinPhase(standing.get, checkers.report),
            SyncTimerEndsTheSyncPhase(standing.get, checkers.report),
            NobodyFails(checkers.report),
        ):
            checkers.add(checker)
        eyes = Eyes(views, checkers, standing)
        for topic, partitions in group.topics.items():
            eyes.see(trace.TopicKnown(t=0, topic=topic, partitions=partitions))
        return cls(eyes, canonical(tuple(eyes)))

    def after(self, facts: tuple[Fact, ...]) -> tuple["Watch", tuple[Violation, ...]]:
        """What is known after these facts, and what was wrong about them."""
        eyes = Eyes(*copied((self.eyes.views, self.eyes.checkers, self.eyes.standing)))
        for fact in facts:
            eyes.see(fact)
        found = tuple(eyes.checkers.violations)
        eyes.checkers.violations.clear()
        eyes.standing.clear()
        return Watch(eyes, canonical(tuple(eyes))), found

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
