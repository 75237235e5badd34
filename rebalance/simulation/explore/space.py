"""The states of a group and the steps between them.

Why: this is the whole of what an exploration may choose: who starts when, which frame arrives next,
which timer fires, when a write, a listener or the assignor is done, and which fault happens when.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.timers import TimerKind
from rebalance.simulation.checkers import AtRest, Violation
from rebalance.simulation.explore.broker import Broker, Patience, Sent
from rebalance.simulation.explore.consumer import fresh
from rebalance.simulation.explore.facts import Fact
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.explore.parts import (
    BrokerPart,
    BrokerStep,
    ConsumerPart,
    FaultsPart,
    Parts,
    WatchPart,
)
from rebalance.simulation.explore.watch import Watch
from rebalance.simulation.network import api_name

__all__ = ["Space", "State", "Step"]


class State(NamedTuple):
    """All there is at one moment. Equal parts are one object, so comparing two is quick."""

    broker: BrokerPart
    watch: WatchPart
    faults: FaultsPart
    consumers: tuple[ConsumerPart, ...]


class Step(NamedTuple):
    """One thing that may happen, and the state it leads to."""

    label: str
    fault: str
    """Its kind, "" for what needs none."""
    state: State
    facts: tuple[Fact, ...]
    violations: tuple[Violation, ...]


class Space:
    """The state space of one group."""

    def __init__(self, group: ExploredGroup, parts: Parts | None = None) -> None:
        self.group = group
        self.parts = parts or Parts(group)
        # Of no group: what its coordinator still waits for has a timer, which is still to fire.
        self._rest = (AtRest(t=0, group_ids=()),)
        self._index = {member.name: at for at, member in enumerate(group.members)}
        self.initial = State(
            self.parts.broker(Broker.fresh(group.config)),
            self.parts.watch(Watch.fresh(group)),
            self.parts.faults(group.faults),
            tuple(self.parts.consumer(fresh(member)) for member in group.members),
        )

    def steps(self, state: State) -> Iterator[Step]:
        """All that may happen next, in a fixed order."""
        yield from self._of_broker(state)
        for at, consumer in enumerate(state.consumers):
            for sent in (consumer.next, consumer.late):
                if sent is not None:
                    yield self._arrival(state, at, sent)
            yield from self._by_itself(state, at)

    def _by_itself(self, state: State, at: int) -> Iterator[Step]:
        consumer = state.consumers[at]
        for choice in consumer.choices:
            fault = choice.fault
            if choice.waits_at_broker and consumer.address not in state.broker.held:
                fault = ""  # the answer cannot come
            if not fault or state.faults.allows(fault):
                own = consumer.step(choice)
                consumers = _with(state.consumers, at, own.part)
                yield self._seen(state, choice.label, fault, state.broker, consumers, own.facts)

    def at_rest(self, state: State) -> bool:
        """Everybody has what it was given, and the group as a whole has everything."""
        return all(each.settled for each in state.consumers) and not state.watch.unrest

    def judged_at_rest(self, state: State) -> tuple[Violation, ...]:
        """What must not stay as it is in a state of rest."""
        return state.watch.after(self._rest)[1]

    def enforced(self, state: State, at: int) -> State:
        """The same after this consumer's user asked for a rebalance."""
        part, facts = state.consumers[at].enforced()
        consumers = _with(state.consumers, at, part)
        return self._seen(state, "", "", state.broker, consumers, facts).state

    # --- the broker ------------------------------------------------------------------------------

    def _of_broker(self, state: State) -> Iterator[Step]:
        broker = state.broker
        if broker.is_writing:
            label = "the broker's oldest write ends"
            yield self._told(state, label, "", broker.written(ErrorCode.NONE), state.consumers)
            if state.faults.allows("fail"):
                label = "the broker's oldest write fails"
                failed = broker.written(ErrorCode.NOT_ENOUGH_REPLICAS)
                yield self._told(state, label, "fail", failed, state.consumers)
        for timer in broker.timers:
            fault = "timeout" if self._is_early(state, timer) else ""
            if not fault or state.faults.allows(fault):
                label = f"coordinator: {timer.key} is over"
                yield self._told(state, label, fault, broker.fire(timer), state.consumers)

    @staticmethod
    def _is_early(state: State, timer: Patience) -> bool:
        """Everybody whose silence it measures is alive, and only late."""
        if not timer.member_ids:
            return timer.key.kind in (TimerKind.JOIN, TimerKind.SYNC)
        alive = {each for part in state.consumers for each in part.member_ids}
        return timer.member_ids <= alive

    def _arrival(self, state: State, at: int, sent: Sent) -> Step:
        taken = state.consumers[at].taken(sent)
        late = ", late," if sent is state.consumers[at].late else ""
        label = f"the {api_name(sent.request)} of {sent.name}{late} arrives"
        step = state.broker.receive(sent)
        return self._told(state, label, "", step, _with(state.consumers, at, taken))

    def _told(
        self,
        state: State,
        label: str,
        fault: str,
        step: BrokerStep,
        consumers: tuple[ConsumerPart, ...],
    ) -> Step:
        for spoken in step.spoken:
            at = self._index[spoken.name]
            consumers = _with(consumers, at, consumers[at].told(spoken))
        return self._seen(state, label, fault, step.part, consumers, step.facts)

    @staticmethod
    def _seen(
        state: State,
        label: str,
        fault: str,
        broker: BrokerPart,
        consumers: tuple[ConsumerPart, ...],
        facts: tuple[Fact, ...],
    ) -> Step:
        watch, violations = state.watch.after(facts)
        faults = state.faults.without(fault) if fault else state.faults
        return Step(label, fault, State(broker, watch, faults, consumers), facts, violations)


def _with(
    consumers: tuple[ConsumerPart, ...], at: int, part: ConsumerPart
) -> tuple[ConsumerPart, ...]:
    return (*consumers[:at], part, *consumers[at + 1 :])
