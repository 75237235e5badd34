"""The parts of a state, each kept once, with what becomes of it worked out once.

Why: a group of two has hundreds of thousands of states, but its coordinator and its consumers have
some thousands each. So a state is a tuple of parts, equal parts are one object, and a step is
looked up where it was taken before.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from assignors.model import ClusterMetadata
from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.checkers import Violation
from rebalance.simulation.explore.acting import Acting, replied, taken, taken_late
from rebalance.simulation.explore.broker import LATE, Broker, Done, Patience, Sent, Spoken
from rebalance.simulation.explore.choices import Choice, choices
from rebalance.simulation.explore.consumer import Consumer
from rebalance.simulation.explore.facts import Fact
from rebalance.simulation.explore.group import ExploredGroup, Faults
from rebalance.simulation.explore.watch import Watch
from rebalance.timeline import trace

__all__ = [
    "BrokerPart",
    "BrokerStep",
    "ConsumerPart",
    "FaultsPart",
    "OwnStep",
    "Parts",
    "WatchPart",
]


class OwnStep(NamedTuple):
    """What becomes of a consumer that did something by itself."""

    part: "ConsumerPart"
    facts: tuple[Fact, ...]


class BrokerStep(NamedTuple):
    """What becomes of the broker, and of whom it speaks to."""

    part: "BrokerPart"
    spoken: tuple[Spoken, ...]
    facts: tuple[Fact, ...]


class ConsumerPart:
    """A consumer, and all it may do next."""

    __slots__ = (
        "_choices",
        "_cluster",
        "_heard",
        "_parts",
        "_steps",
        "address",
        "consumer",
        "late",
        "member_ids",
        "next",
        "settled",
    )

    def __init__(self, parts: "Parts", consumer: Consumer, cluster: ClusterMetadata) -> None:
        self.consumer = consumer
        self.settled = consumer.settled
        self.member_ids = consumer.member_ids
        line = consumer.line
        self.address = (consumer.name, line.number)
        """Its current connection."""
        self.next: Sent | None = None
        """What the broker may read next from its connection."""
        if line.to_broker and line.at_broker is None:
            self.next = Sent(consumer.name, line.number, line.to_broker[0].request)
        self.late: Sent | None = None
        """What the broker may read next from connections that are no more."""
        if line.late:
            self.late = Sent(consumer.name, LATE, line.late[0])
        self._parts = parts
        self._cluster = cluster
        self._choices: tuple[Choice, ...] | None = None
        self._steps: dict[str, OwnStep] = {}
        self._heard: dict[object, ConsumerPart] = {}

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All that it may do by itself, in a fixed order."""
        if self._choices is None:
            self._choices = tuple(choices(self.consumer))
        return self._choices

    def step(self, choice: Choice) -> OwnStep:
        """What becomes of it; `choice` is one of `choices`."""
        step = self._steps.get(choice.label)
        if step is None:
            step = self._steps[choice.label] = self._acted(choice.act)
        return step

    def enforced(self) -> OwnStep:
        """Its user asked for a rebalance."""
        return self._acted(Acting.enforce)

    def _acted(self, act: Callable[[Acting], None]) -> OwnStep:
        acting = Acting(self.consumer, self._cluster)
        act(acting)
        part = self._parts.consumer(acting.done())
        return OwnStep(part, self._parts.facts(tuple(acting.facts)))

    def taken(self, sent: Sent) -> "ConsumerPart":
        """The broker has read that request of it."""
        made = self._heard.get(sent.number == LATE)
        if made is None:
            take = taken_late if sent.number == LATE else taken
            made = self._heard[sent.number == LATE] = self._parts.consumer(take(self.consumer))
        return made

    def told(self, spoken: Spoken) -> "ConsumerPart":
        """The broker has answered it."""
        made = self._heard.get(spoken)
        if made is None:
            heard = replied(self.consumer, spoken.number, spoken.response)
            made = self._heard[spoken] = self._parts.consumer(heard)
        return made


class BrokerPart:
    """A broker, and what it does with what comes."""

    __slots__ = ("_done", "_parts", "broker", "held", "is_writing", "timers")

    def __init__(self, parts: "Parts", broker: Broker) -> None:
        self.broker = broker
        self.timers: tuple[Patience, ...] = broker.timers()
        self.held = broker.held()
        self.is_writing = broker.is_writing
        self._parts = parts
        self._done: dict[Hashable, BrokerStep] = {}

    def receive(self, sent: Sent) -> BrokerStep:
        """A request is next."""
        return self._step(sent, lambda: self.broker.receive(sent))

    def fire(self, timer: Patience) -> BrokerStep:
        """This timer runs out."""
        return self._step(timer, lambda: self.broker.fire(timer.key))

    def written(self, error: ErrorCode) -> BrokerStep:
        """The oldest write ends."""
        return self._step(error, lambda: self.broker.written(error))

    def _step(self, event: Hashable, act: Callable[[], Done]) -> BrokerStep:
        step = self._done.get(event)
        if step is None:
            done = act()
            step = self._done[event] = BrokerStep(
                self._parts.broker(done.broker), done.spoken, self._parts.facts(done.facts)
            )
        return step


class WatchPart:
    """What was seen so far."""

    __slots__ = ("_after", "_group_id", "_parts", "_unrest", "watch")

    def __init__(self, parts: "Parts", watch: Watch, group_id: str) -> None:
        self.watch = watch
        self._parts = parts
        self._group_id = group_id
        self._unrest: str | None = None
        self._after: dict[int, tuple[WatchPart, tuple[Violation, ...]]] = {}

    def after(self, facts: tuple[Fact, ...]) -> tuple["WatchPart", tuple[Violation, ...]]:
        """What is known after these facts (as `Parts.facts` gave them), and what was wrong."""
        if not facts:
            return self, ()
        known = self._after.get(id(facts))
        if known is None:
            watch, found = self.watch.after(facts)
            known = self._after[id(facts)] = (self._parts.watch(watch), found)
        return known

    @property
    def unrest(self) -> str:
        """Why the group is not at rest; empty when it is."""
        if self._unrest is None:
            self._unrest = self.watch.unrest(self._group_id)
        return self._unrest


class FaultsPart:
    """Faults that may still happen."""

    __slots__ = ("_parts", "faults")

    def __init__(self, parts: "Parts", faults: Faults) -> None:
        self._parts = parts
        self.faults = faults

    def allows(self, kind: str) -> bool:
        """One of this kind may."""
        return bool(getattr(self.faults, kind))

    def without(self, kind: str) -> "FaultsPart":
        """One of this kind did."""
        return self._parts.faults(self.faults.without(kind))


class Parts:
    """All parts met so far."""

    def __init__(self, group: ExploredGroup) -> None:
        self._group = group
        self._cluster = ClusterMetadata(dict(group.topics))
        self._consumers: dict[Hashable, ConsumerPart] = {}
        self._brokers: dict[Hashable, BrokerPart] = {}
        self._watches: dict[Hashable, WatchPart] = {}
        self._faults: dict[Faults, FaultsPart] = {}
        self._facts: dict[Hashable, tuple[Fact, ...]] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many different ones of each sort were met."""
        return {
            "consumers": len(self._consumers),
            "brokers": len(self._brokers),
            "views": len(self._watches),
        }

    def consumer(self, consumer: Consumer) -> ConsumerPart:
        """The one part that is this."""
        key = consumer.key()
        part = self._consumers.get(key)
        if part is None:
            part = self._consumers[key] = ConsumerPart(self, consumer, self._cluster)
        return part

    def broker(self, broker: Broker) -> BrokerPart:
        """The one part that is this."""
        key = broker.key()
        part = self._brokers.get(key)
        if part is None:
            part = self._brokers[key] = BrokerPart(self, broker)
        return part

    def watch(self, watch: Watch) -> WatchPart:
        """The one part that is this."""
        key = watch.key
        part = self._watches.get(key)
        if part is None:
            part = self._watches[key] = WatchPart(self, watch, self._group.group_id)
        return part

    def faults(self, faults: Faults) -> FaultsPart:
        """The one part that is this."""
        part = self._faults.get(faults)
        if part is None:
            part = self._faults[faults] = FaultsPart(self, faults)
        return part

    def facts(self, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """The one tuple that is this: from here on it is known by its identity."""
        return self._facts.setdefault(tuple(_key(fact) for fact in facts), facts)


def _key(fact: Fact) -> Hashable:
    """An event as its line of a trace: its partitions are a mapping and have no hash."""
    return trace.event_line(fact) if isinstance(fact, trace.Event) else fact
