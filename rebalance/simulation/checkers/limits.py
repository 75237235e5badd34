"""What Kafka's classic protocol itself leaves undone, recognised while it happens.

Why: a static member that comes back into a settled group gets its assignment without a rebalance
(J15, KIP-345), and two things that its old self was still to do nobody does any more. Neither is a
bug of whoever shows it; both last until the next rebalance, whatever brings that.

Rule kept: as narrow as the events allow. A limit excuses partitions of one group that nobody owns,
or that are owned in vain, of one generation, by the one instance that was replaced; a rebalance
that begins ends the excuse, and so does a log that refuses the replacement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rebalance.protocol.causes import Cause
from rebalance.simulation.checkers.checker import Look
from rebalance.simulation.checkers.member_facts import LookedAtTopics
from rebalance.simulation.checkers.problem import Problem, ProblemKind
from rebalance.simulation.checkers.violation import Unsettled
from rebalance.simulation.views import Partition, Views, flattened
from rebalance.timeline import trace

__all__ = ["LEADER_CAME_BACK", "NO_SECOND_ROUND", "Limits"]

NO_SECOND_ROUND = "a static member was replaced between two rounds of a cooperative rebalance"
"""KIP-345 beside KIP-429: it was told to give partitions up, and is restarted before it joins
again. Nobody else knows that a second round was due."""

LEADER_CAME_BACK = "a topic changed before a static leader that came back looked at it first"
"""KIP-814: what it compares later looks with is its first one, for nobody tells it of how many
partitions the assignment was made. In Java, too: ConsumerCoordinator.onLeaderElected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replacement:
    """What it changed, for a log that refuses it: then the coordinator takes it back."""

    withheld: frozenset[Partition]
    inherited: bool
    """The replaced one was an heir itself."""
    led: bool
    leader_came_back: bool
    """Before it."""


@dataclass(slots=True, kw_only=True)
class _Generation:
    """A generation, until a rebalance begins."""

    leader: str
    """Its member id; empty while the one that takes its place has none yet."""
    claims: Mapping[str, frozenset[Partition]]
    """member id -> what it owned when it asked to join"""
    to_give_up: dict[str, frozenset[Partition]] = field(default_factory=dict)
    """member id -> what of that it was not given again"""
    withheld: set[Partition] = field(default_factory=set)
    """What members were to give up that were replaced before they joined again."""
    unsaid: frozenset[Partition] = frozenset()
    """Claimed by one that was replaced before it was told what it is to give up."""
    heirs: dict[str, frozenset[Partition]] = field(default_factory=dict)
    """member id -> what the one before claimed, until it is told its part"""
    replaced: dict[str, _Replacement] = field(default_factory=dict)
    """By the member id that went."""
    leader_comes_back: bool = False
    """The leader was replaced, and has not looked at the topics since."""
    grown: set[Partition] = field(default_factory=set)
    """New since the generation began."""
    gone: set[Partition] = field(default_factory=set)
    """Deleted since the generation began."""
    unseen: set[Partition] = field(default_factory=set)
    """New or deleted by what a leader that came back saw at its first look."""


class Limits:
    """Follows each group's settled generation; asked for the limit of a problem that was told."""

    RULE: ClassVar[str] = "J15"

    def __init__(self, views: Views) -> None:
        self._views = views
        self._generations: dict[str, _Generation] = {}
        self._claims: dict[str, dict[str, frozenset[Partition]]] = {}
        self._limits: dict[tuple[int, Problem], str] = {}

    def of(self, t: int, problem: Problem) -> str:
        """The limit to which a problem told at that time (ms) is due; empty where to none."""
        return self._limits.get((t, problem), "")

    def looks(self) -> Mapping[type, Look]:
        """What makes a generation and ends it, replacements, topics, and problems."""
        return {
            trace.Joining: self._joining,
            trace.JoinCompleted: self._completed,
            trace.AssignmentSent: self._sent,
            trace.MemberRemoved: self._removed,
            trace.MemberJoined: self._added,
            LookedAtTopics: self._looked,
            trace.TopicKnown: self._topic,
            trace.RebalanceStarted: self._rebalance,
            Unsettled: self._unsettled,
        }

    def _joining(self, event: trace.Joining) -> None:
        owned = frozenset(self._views.lanes[event.member].owned)
        self._claims.setdefault(event.group_id, {})[event.member_id] = owned

    def _completed(self, event: trace.JoinCompleted) -> None:
        claims = dict(self._claims.get(event.group_id, {}))
        self._generations[event.group_id] = _Generation(leader=event.leader, claims=claims)

    def _sent(self, event: trace.AssignmentSent) -> None:
        generation = self._generations.get(event.group_id)
        if generation is None:
            return
        kept = frozenset(flattened(event.partitions))
        if event.member_id in generation.claims:
            generation.to_give_up[event.member_id] = generation.claims[event.member_id] - kept
        if event.member_id in generation.heirs:
            generation.withheld |= generation.heirs.pop(event.member_id) - kept

    def _removed(self, event: trace.MemberRemoved) -> None:
        self._claims.get(event.group_id, {}).pop(event.member_id, None)
        generation = self._generations.get(event.group_id)
        if generation is None or event.cause != Cause.STATIC_MEMBER_REPLACED.value:
            return
        who = event.member_id
        inherited = generation.heirs.pop(who, None)
        replacement = _Replacement(
            withheld=generation.to_give_up.get(who, frozenset()) - generation.withheld,
            inherited=inherited is not None,
            led=who == generation.leader,
            leader_came_back=generation.leader_comes_back,
        )
        generation.replaced[who] = replacement
        generation.withheld |= replacement.withheld
        if inherited is not None:
            generation.unsaid = inherited
        elif who not in generation.to_give_up:  # made without it, which had not joined again (J11)
            generation.unsaid = generation.claims.get(who, frozenset())
        if replacement.led:
            generation.leader, generation.leader_comes_back = "", True

    def _added(self, event: trace.MemberJoined) -> None:
        generation = self._generations.get(event.group_id)
        if generation is None:
            return
        if not generation.leader:
            generation.leader = event.member_id
        taken_back = generation.replaced.pop(event.member_id, None)
        if taken_back is not None:
            generation.withheld -= taken_back.withheld
            if taken_back.led:
                generation.leader_comes_back = taken_back.leader_came_back
            if not taken_back.inherited:
                generation.unsaid = frozenset()
        if generation.unsaid:
            generation.heirs[event.member_id] = generation.unsaid
            generation.unsaid = frozenset()

    def _looked(self, fact: LookedAtTopics) -> None:
        generation = self._generations.get(fact.group_id)
        if generation is None or not generation.leader_comes_back:
            return
        if self._views.lanes[fact.member].member_id == generation.leader:
            seen = set(flattened({t: tuple(range(n)) for t, n in fact.partitions.items()}))
            generation.unseen |= generation.grown & seen | generation.gone - seen
            generation.leader_comes_back = False

    def _topic(self, event: trace.TopicKnown) -> None:
        before = self._views.topics.get(event.topic, 0)
        new = {(event.topic, partition) for partition in range(before, event.partitions)}
        gone = {(event.topic, partition) for partition in range(event.partitions, before)}
        for generation in self._generations.values():
            generation.grown = generation.grown - gone | new
            generation.gone |= gone

    def _rebalance(self, event: trace.RebalanceStarted) -> None:
        self._generations.pop(event.group_id, None)

    def _unsettled(self, fact: Unsettled) -> None:
        problem = fact.problem
        generation = self._generations.get(problem.group_id)
        if generation is None or problem.after:
            return
        limit = ""
        if problem.kind is ProblemKind.UNOWNED:
            limit = _limit(generation, frozenset(self._views.unowned(problem.group_id)))
        elif problem.kind is ProblemKind.IN_VAIN:
            vain = frozenset(self._views.owned_in_vain(problem.group_id))
            limit = LEADER_CAME_BACK if vain <= generation.unseen else ""
        if limit:
            self._limits[fact.t, problem] = limit


def _limit(generation: _Generation, unowned: frozenset[Partition]) -> str:
    if unowned <= generation.withheld:
        return NO_SECOND_ROUND
    if unowned <= generation.unseen | generation.withheld:
        return LEADER_CAME_BACK
    return ""
