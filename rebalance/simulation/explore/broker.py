"""The coordinator and its log: the part of a state that all consumers talk to.

Why: as with a `Consumer`, a `Broker` is never changed; what it does with an event is worked out
once.
Rule kept: the token of a request is where its answer goes, and the request itself: nothing is to be
remembered beside the coordinator. Writes end in their order, one at a time.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.coordinator import GroupCoordinator
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Appended, Effect, Received, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import CoordinatorRequest, JoinGroupRequest
from rebalance.protocol.responses import CoordinatorResponse
from rebalance.protocol.timers import TimerKey, TimerKind
from rebalance.simulation.checkers import Answer, Arrival, TimerFired
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.explore.facts import Fact, Standing
from rebalance.simulation.explore.suffixes import Suffixes
from rebalance.timeline import trace
from rebalance.tracing import coordinator_event

__all__ = ["LATE", "Broker", "Done", "Patience", "Sent", "Spoken"]

NOW = 0
"""Time stands still: see docs/explore.md."""

LATE = -1
"""Stands for every connection that is no more."""


class Sent(NamedTuple):
    """A request, and where its answer goes: the token the coordinator is given."""

    name: str
    number: int
    request: CoordinatorRequest


class Spoken(NamedTuple):
    """An answer, and where it goes."""

    name: str
    number: int
    response: CoordinatorResponse


class Patience(NamedTuple):
    """A timer, and the members whose silence it measures; none: it only sets a pace."""

    key: TimerKey
    member_ids: frozenset[str]


class Done(NamedTuple):
    """What became of the broker, what it says to whom, what was seen."""

    broker: "Broker"
    spoken: tuple[Spoken, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Broker:
    """A coordinator as it stands. It must never be told anything: copy it before."""

    coordinator: GroupCoordinator
    suffixes: Suffixes

    @classmethod
    def fresh(cls, config: CoordinatorConfig) -> "Broker":
        """One that has no groups."""
        suffixes = Suffixes()
        return cls(GroupCoordinator(config, suffixes.next), suffixes)

    def key(self) -> Hashable:
        """What makes two alike."""
        return canonical(context_of(self.coordinator)), canonical(self.suffixes)

    # --- what may happen to it -------------------------------------------------------------------

    def receive(self, sent: Sent) -> Done:
        """A request is next in line."""
        made = copied(self)
        request = sent.request
        if isinstance(request, JoinGroupRequest):
            made.suffixes.client_id = request.group_instance_id or request.client_id
        effects = made.coordinator.handle(Received(token=sent, request=request), NOW)
        return made._done((Arrival(NOW, request, request),), effects)

    @property
    def is_writing(self) -> bool:
        """A write has not ended."""
        return bool(context_of(self.coordinator)._appends)

    def written(self, error: ErrorCode) -> Done:
        """The oldest write ends."""
        made = copied(self)
        token = next(iter(context_of(made.coordinator)._appends))
        effects = made.coordinator.handle(Appended(token=token, error=error), NOW)
        return made._done((), effects)

    def fire(self, key: TimerKey) -> Done:
        """This timer runs out, and no other."""
        made = copied(self)
        context_of(made.coordinator).timers.arm(key, NOW)
        return made._done((TimerFired(key),), made.coordinator.advance(NOW))

    def _done(self, first: tuple[Fact, ...], effects: Iterable[Effect]) -> Done:
        facts, spoken = list(first), []
        for effect in effects:
            if isinstance(effect, Reply):
                token = effect.token
                assert isinstance(token, Sent)
                request = token.request
                facts.append(Answer(NOW, request, request, effect.response))
                if token.number != LATE:
                    spoken.append(Spoken(token.name, token.number, effect.response))
            else:
                event = coordinator_event(effect, NOW)
                if event is not None:
                    facts.append(event)
        self._end_writes_for_nobody()
        return Done(self, tuple(spoken), (*self._standing(facts), *facts))

    def _standing(self, facts: Iterable[Fact]) -> Iterator[Standing]:
        """The groups that went on, or should have: some checkers want to see more of these."""
        went_on = {
            fact.group_id: None
            for fact in facts
            if isinstance(fact, trace.GroupStateChanged | trace.JoinCompleted)
        }
        went_on |= {
            fact.key.group_id: None
            for fact in facts
            if isinstance(fact, TimerFired) and fact.key.kind in (TimerKind.JOIN, TimerKind.SYNC)
        }
        for group_id in went_on:
            group = self.coordinator.group(group_id)
            if group is not None:
                yield Standing(group)

    def _end_writes_for_nobody(self) -> None:
        """Whether these succeed changes nothing, nor when."""
        appends = context_of(self.coordinator)._appends
        while appends and next(iter(appends.values())).then is None:
            self.coordinator.handle(Appended(token=next(iter(appends))), NOW)

    # --- what it waits for -----------------------------------------------------------------------

    def timers(self) -> tuple[Patience, ...]:
        """The armed timers, in an order that does not depend on when they were armed."""
        context = context_of(self.coordinator)
        return tuple(
            Patience(key, _awaited(context, key))
            for key in sorted((key for key, _ in context.timers.armed()), key=str)
            if key.kind is not TimerKind.RETENTION
        )

    def held(self) -> frozenset[tuple[str, int]]:
        """Connections, by consumer and number, on which the coordinator still owes an answer.

        One that was parked and replaced is never answered (J17).
        """
        context = context_of(self.coordinator)
        members = [m for group in context.groups.values() for m in group.members.values()]
        owed = [token for m in members for token in (m.join_token, m.sync_token)]
        owed += [getattr(append.then, "token", None) for append in context._appends.values()]
        return frozenset((each.name, each.number) for each in owed if isinstance(each, Sent))


def context_of(coordinator: GroupCoordinator) -> Context:
    """What a coordinator knows: a state is compared by all of it, not by what it shows."""
    return coordinator._context


def _awaited(context: Context, key: TimerKey) -> frozenset[str]:
    group: ClassicGroup = context.groups[key.group_id]
    match key.kind:
        case TimerKind.SESSION:
            return frozenset({key.member_id})
        case TimerKind.JOIN:
            absent = {m.member_id for m in group.members.values() if not m.awaits_join}
            return frozenset(absent | set(group.pending))
        case TimerKind.SYNC:
            return frozenset(group.pending_sync)
        case _:
            return frozenset()
