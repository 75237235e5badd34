"""Runs every checker after every event, and keeps what they find."""

from collections import deque
from collections.abc import Callable

from rebalance.protocol.config import CoordinatorConfig
from rebalance.simulation.checkers.at_rest import (
    BalancedAtRest,
    NothingPendingAtRest,
    OneOwnerAtRest,
)
from rebalance.simulation.checkers.checker import Checker, Fact, Look, Snapshot
from rebalance.simulation.checkers.convergence import Convergence
from rebalance.simulation.checkers.coordinator_clock import ClockOf
from rebalance.simulation.checkers.eager_joins import EagerJoinsWithNothing
from rebalance.simulation.checkers.generations import (
    GenerationsAreNew,
    GroupGenerations,
    MemberGenerations,
)
from rebalance.simulation.checkers.join_answers import JoinAnswers, JoinRefusals, TwinIsFenced
from rebalance.simulation.checkers.join_phase import (
    InitialDelayHolds,
    JoinPhaseEnds,
    NobodyLeftOut,
    SyncPhaseEnds,
)
from rebalance.simulation.checkers.joined_again import OnlyWhoJoined
from rebalance.simulation.checkers.joins_heard import JoinsHeard
from rebalance.simulation.checkers.offsets import OffsetsGrow
from rebalance.simulation.checkers.one_owner import GivenOnce, TakenFromNobody
from rebalance.simulation.checkers.parked import NobodyForgotten
from rebalance.simulation.checkers.plans import (
    ClaimedIsWithheld,
    PlanKeepsItsPromise,
    SameInputSamePlan,
)
from rebalance.simulation.checkers.problem import Problem
from rebalance.simulation.checkers.record_book import RecordBook
from rebalance.simulation.checkers.record_rules import (
    NothingBeforeTheCommit,
    NothingSkipped,
    OnlyOwnersProcess,
)
from rebalance.simulation.checkers.refusals import StopsAtItsFirstAnswer
from rebalance.simulation.checkers.revoked_first import RevokedFirst
from rebalance.simulation.checkers.size import NotTooMany
from rebalance.simulation.checkers.violation import Skipped, Violation, WentBack
from rebalance.simulation.checkers.wire_answers import (
    CommitAnswers,
    HeartbeatAnswers,
    PlanIsTheLeaders,
    SyncAnswers,
)
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.checkers.wire_groups import WireGroups
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["Checkers"]

_LAST_EVENTS = 8

_ON_THE_WIRE = (Arrival, Answer)
"""Looked at by class and by the class of the request. Told of more often than anything else."""


class Checkers:
    """All checkers over one simulation. `is_eager` says what protocol a lane is configured for."""

    def __init__(self, views: Views, is_eager: Callable[[str], bool]) -> None:
        self.violations: list[Violation] = []
        self._views = views
        self._recent: deque[trace.Event] = deque(maxlen=_LAST_EVENTS)
        self._looks: dict[object, tuple[Look, ...]] = {}
        self.records = RecordBook()
        self._keep(self.records)
        groups = WireGroups()
        self._keep(groups)
        self._keep(JoinsHeard(views))
        for checker in (
            GroupGenerations(self.report),
            GenerationsAreNew(self.report),
            MemberGenerations(self.report),
            EagerJoinsWithNothing(views, is_eager, self.report),
            OnlyWhoJoined(views, self.report),
            GivenOnce(self.report),
            RevokedFirst(views, self.report),
            TakenFromNobody(views, self.report),
            OffsetsGrow(self.records, self.report),
            NothingSkipped(self.records, self.report),
            NothingBeforeTheCommit(self.records, views, self.report),
            OnlyOwnersProcess(views, self.report),
            Convergence(self.report),
            OneOwnerAtRest(views, self.report),
            BalancedAtRest(views, self.report),
            HeartbeatAnswers(groups, self.report),
            SyncAnswers(groups, self.report),
            PlanIsTheLeaders(groups, self.report),
            CommitAnswers(groups, self.report),
            JoinAnswers(groups, self.report),
            JoinRefusals(self.report),
            TwinIsFenced(groups, self.report),
            PlanKeepsItsPromise(self.report),
            SameInputSamePlan(self.report),
            ClaimedIsWithheld(self.report),
            StopsAtItsFirstAnswer(self.report),
        ):
            self.add(checker)

    def watch(self, config: CoordinatorConfig, snapshot: Snapshot) -> None:
        """Also what needs to know the coordinator's settings, or what it says of a group."""
        for checker in (
            NotTooMany(config.group_max_size, self._views, self.report),
            NobodyForgotten(snapshot, self.report),
            NothingPendingAtRest(snapshot, self.report),
        ):
            self.add(checker)

    def measure(self, config: CoordinatorConfig, snapshot: Snapshot, clock_of: ClockOf) -> None:
        """Also what measures how long something took: where time passes."""
        delay_ms = config.group_initial_rebalance_delay_ms
        for checker in (
            NobodyLeftOut(snapshot, clock_of, self.report),
            JoinPhaseEnds(snapshot, clock_of, self.report),
            InitialDelayHolds(delay_ms, snapshot, clock_of, self.report),
            SyncPhaseEnds(snapshot, clock_of, self.report),
        ):
            self.add(checker)

    def add(self, checker: Checker) -> None:
        """One more; it is shown what happens from now on, after those before it."""
        self._keep(checker)

    def _keep(self, checker: Checker | RecordBook | WireGroups | JoinsHeard) -> None:
        for kind, look in checker.looks().items():
            self._looks[kind] = (*self._looks.get(kind, ()), look)

    def check(self, event: trace.Event) -> None:
        """Look at one event; the views do not contain it yet."""
        self._recent.append(event)
        for look in self._looks.get(type(event), ()):
            look(event)

    def told(self, fact: Fact) -> None:
        """Look at a fact that is no event of the trace."""
        kind: object = type(fact)
        if kind in _ON_THE_WIRE:
            kind = (kind, type(fact.request))  # type: ignore[union-attr]
        for look in self._looks.get(kind, ()):
            look(fact)

    def report(
        self,
        checker: Checker,
        t: int,
        message: str,
        *,
        code: str = "",
        about: Problem | Skipped | WentBack | None = None,
    ) -> None:
        """A rule is broken."""
        self.violations.append(
            Violation(
                rule=checker.RULE,
                checker=type(checker).__name__,
                code=code,
                about=about,
                t=t,
                message=message,
                last_events=tuple(self._recent),
            )
        )
