"""A cluster in virtual time: one broker, consumers, a trace, checkers that look at every event.

Why: this is what a scenario file, a fuzzer and a benchmark all drive. Everything that is a decision
of the protocol is made by the real coordinator and the real members; here is only the world around
them. The same calls with the same seed give the same trace, byte for byte.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assignors.interface import Assignor, RebalanceProtocol
from assignors.model import TopicPartition
from rebalance.member.config import MemberConfig
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Behaviour
from rebalance.simulation.checkers import (
    AtRest,
    Checkers,
    Committed,
    RecordsEnded,
    Unsettled,
    Violation,
)
from rebalance.simulation.cluster import Cluster
from rebalance.simulation.faults import Faults
from rebalance.simulation.hosting import Host
from rebalance.simulation.lines import Lines
from rebalance.simulation.node import Node
from rebalance.simulation.path import Delay
from rebalance.simulation.process import Process
from rebalance.simulation.records import Logs
from rebalance.simulation.rest import Rest
from rebalance.simulation.views import Lane, Views
from rebalance.simulation.world import World
from rebalance.timeline.trace import Event, Header, Step, TopicKnown, Trace, TraceEnded

__all__ = ["MemberSpec", "Simulation"]

STABLE_WITHIN_MS = 600_000
"""How long a group may take to come to rest before it counts as stuck."""

_IDLE_MS = 10_000
"""An application that processes nothing for so long has nothing more to do."""


@dataclass(slots=True, kw_only=True)
class MemberSpec:
    """A consumer as it will be started, as often as it is started."""

    name: str
    topics: tuple[str, ...]
    assignors: tuple[Assignor, ...]
    config: MemberConfig
    behaviour: Behaviour = field(default_factory=Behaviour)
    lost: dict[str, int] = field(default_factory=dict)
    """A fault: requests of these APIs get lost on their way, once so many more got through."""
    lost_answers: dict[str, int] = field(default_factory=dict)
    """A fault: the same of the answers to them."""
    delay: Delay | None = None
    """How long its frames travel; None: as long as those of others."""
    lives: int = 0


class Simulation:
    """One broker and its consumers. All times in virtual milliseconds."""

    def __init__(
        self,
        *,
        seed: int = 0,
        config: CoordinatorConfig | None = None,
        nodes: int = 1,
        delay: Delay | None = None,
        note: str = "",
        host: Host | None = None,
    ) -> None:
        self.seed = seed
        self._host = host
        self.delay = delay or Delay()
        self.world = World(seed)
        self.trace = Trace(Header(source="simulation", clock="virtual", note=note))
        self.views = Views()
        self.faults = Faults(self)
        self.checkers = Checkers(self.views, self._is_eager)
        self.members: dict[str, MemberSpec] = {}
        self.processes: dict[str, Process] = {}
        """Member's name -> its current or last life."""
        self.offsets: dict[tuple[str, TopicPartition], int] = {}
        """(group id, partition) -> committed offset"""
        self.tells_requests = False
        """Whether the trace tells of the requests of members that are started from now on."""
        self.logs = Logs()
        self.asked_session_ms = 0
        """The longest session that somebody asked for who is no consumer."""
        self._protocols: dict[str, RebalanceProtocol] = {}
        self._recording = True
        self._to_come: list[str] = []
        self.cluster = Cluster(
            self.world,
            config or CoordinatorConfig(),
            nodes=nodes,
            emit=self.emit,
            on_commit=self._on_commit,
        )
        self._rest = Rest(self.views, self.processes, self._to_come, self.cluster.group)
        self.checkers.watch(config or CoordinatorConfig(), self.cluster.group)

    @property
    def node(self) -> Node:
        """The first broker: the only one, unless more were asked for."""
        return self.cluster.nodes[1]

    @property
    def now(self) -> int:
        """Virtual milliseconds since the beginning."""
        return self.world.now

    @property
    def events_processed(self) -> int:
        """Events of the world so far: deliveries, timers, polls, jobs."""
        return self.world.processed

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What the checkers found."""
        return tuple(self.checkers.violations)

    # --- what happens to the cluster -------------------------------------------------------------

    def topic(self, name: str, partitions: int) -> None:
        """Create a topic, give it more partitions, or (0) delete it."""
        if partitions:
            self.cluster.topics[name] = partitions
        else:
            self.cluster.topics.pop(name, None)
        self.logs.topic(name, partitions, self.now)
        self.emit(TopicKnown(t=self.now, topic=name, partitions=partitions))

    def produce(self, topic: str, rate_per_s: int) -> None:
        """From now on each partition of a topic gets so many records a second; 0: no more.

        Raises:
            KeyError: there is no such topic.
        """
        for process in self._alive():
            process.settle()
        self.logs.produce(topic, rate_per_s, self.now)

    def define(self, spec: MemberSpec) -> None:
        """Make a consumer known; `start` brings it to life."""
        self.members[spec.name] = spec

    def start(self, name: str) -> Process:
        """A new life of a consumer. Its lane is its name, from the second life on `name.2`, ...

        Raises:
            ValueError: it is still running.
        """
        spec, running = self.members[name], self.processes.get(name)
        if running is not None and running.alive:
            raise ValueError(f"{name} is running: close or crash it before it is started again")
        spec.lives += 1
        process = Process(
            self.world,
            name if spec.lives == 1 else f"{name}.{spec.lives}",
            spec.config,
            spec.assignors,
            behaviour=spec.behaviour,
            lines=self._lines(spec),
            logs=self.logs,
            emit=self.emit,
            tells_requests=self.tells_requests,
            told=self.checkers.told,
            topics=spec.topics,
            host=self._host,
            events_so_far=lambda: len(self.trace.events),
        )
        self.processes[name] = process
        self._protocols[process.name] = process.protocol
        process.start(spec.topics)
        return process

    def _lines(self, spec: MemberSpec) -> Lines:
        lines = Lines(self.cluster, lambda: self.delay, spec.lost, spec.lost_answers)
        lines.delay(spec.delay)
        return lines

    def later(self, name: str, delay_ms: int, act: Callable[[str], None], what: str) -> None:
        """Call `act(name)` in so long; until then nothing is at rest: `name` is still to `what`."""
        words = f"{name} is still to {what}"

        def now() -> None:
            self._to_come.remove(words)
            act(name)

        self._to_come.append(words)
        self.world.after(delay_ms, now)

    def step(self, text: str, member: str = "", cause: str = "") -> None:
        """Write into the trace that something was done on purpose."""
        self.emit(Step(t=self.now, text=text, member=member, cause=cause))

    # --- time ------------------------------------------------------------------------------------

    def run_until(self, time: int, stop: Callable[[], bool] | None = None) -> bool:
        """Let time pass until `time` (ms), or until `stop()` (asked after each change): True."""
        if stop is not None and stop():
            return True
        return self.world.run(time, stop)

    def run_for(self, duration_ms: int) -> None:
        """Let so much time pass."""
        self.world.run(self.now + duration_ms)

    def run_until_stable(self, within_ms: int = STABLE_WITHIN_MS) -> bool:
        """Let time pass until every group is at rest; False if that took longer than allowed."""
        return self.run_until(self.now + within_ms, lambda: self._rest.is_reached)

    # --- rest ------------------------------------------------------------------------------------

    def unrest(self) -> list[str]:
        """Why the groups are not at rest, in words; empty when they are."""
        return self._rest.missing()

    def blockers(self) -> list[str]:
        """Who keeps the groups from rest, since when, and what each waits for."""
        return self._rest.blockers()

    # --- the end ---------------------------------------------------------------------------------

    def ended(self) -> Trace:
        """The trace so far as one that runs until now: also the time in which nothing happened."""
        end = TraceEnded(t=self.now)
        return Trace(self.trace.header, [*self.trace.events, end])

    def end(self) -> None:
        """The story is told: the trace runs until here, and this is its last event."""
        self.trace.add(TraceEnded(t=self.now))  # nothing to check, nothing that led to a violation
        self._recording = False

    def settle(self) -> None:
        """Rules I05 and I06, after the story: without further faults all come to rest, and stay so.

        What happens here is checked but not part of the trace. Whoever stands still goes on first,
        or it could never end.
        """
        self._recording = False
        self._come_to_rest()
        if self._host is not None:
            self._read_to_the_end()
        self.tell_progress()
        self.checkers.told(RecordsEnded(t=self.now))

    def _read_to_the_end(self) -> None:
        """Producers stop; time passes as long as somebody makes progress with what is there."""
        for topic in self.logs.produced_to():
            self.produce(topic, 0)
        before = -1
        while (processed := self._processed()) > before:
            before = processed
            self.run_for(_IDLE_MS)

    def _processed(self) -> int:
        groups = self.views.groups
        return sum(self.checkers.records.counts(group_id).processed for group_id in groups)

    def tell_progress(self) -> None:
        """Tell the checkers what was processed until now; nothing else changes."""
        for process in self._alive():
            if not process.paused:
                process.positions.tell_progress()

    def lag(self, group_id: str, topic: str) -> int | None:
        """Records of a topic that exist and are not committed; None: its log has no end."""
        lag = 0
        for partition in self.logs.partitions(topic):
            end = self.logs.end(partition, self.now)
            if end is None:
                return None
            lag += end - self.offsets.get((group_id, partition), 0)
        return lag

    def _come_to_rest(self) -> None:
        self.cluster.mend()
        for process in self.processes.values():
            process.lines.mend()
            process.resume()
        self.run_until(max([self.now, *(process.busy_until for process in self._alive())]))
        if not self.run_until_stable():
            self._unsettled(["; ".join(self.blockers())])
            return
        self._stay_at_rest()
        self.checkers.told(AtRest(t=self.now, group_ids=tuple(self.views.groups)))
        before = self._owners()
        for group_id in self.views.groups:
            members = (p for p in self._alive() if p.config.group_id == group_id)
            member = next((p for p in members if p.state is MemberState.STABLE), None)
            if member is not None:
                member.enforce("does anything move without a reason?")
        if not self.run_until_stable():
            self._unsettled(["; ".join(self.blockers())])
        elif (after := self._owners()) != before and after.keys() == before.keys():
            self._unsettled(["a rebalance with the same members and topics moved partitions"])
        if self._host is None:  # code of a user takes its time to close
            self._one_leaves()

    def _one_leaves(self) -> None:
        """Somebody leaves and comes back; where claims are kept, the others keep theirs."""
        before = {lane.name: set(lane.owned) for lane in self._keepers()}
        gone: list[str] = []
        for group_id in self.views.groups:
            leaving = [
                process
                for process in self._alive()
                if process.config.group_id == group_id
                and process.state is MemberState.STABLE
                and process.config.group_instance_id is None
            ]
            if len(leaving) > 1:
                leaving[-1].close()
                gone.append(leaving[-1].config.client_id)
        if not self.run_until_stable():
            self._unsettled(["; ".join(self.blockers())])
            return
        for lane in self._keepers():
            if not before.get(lane.name, set()) <= lane.owned:
                self._unsettled([f"{lane.name} lost partitions because another member left"])
        self._come_back(gone)

    def _come_back(self, names: list[str]) -> None:
        """Who left comes again: others give something up, and it gets that."""
        for name in names:
            self.members[name].lost.clear()
            self.start(name)
        if self.run_until_stable():
            self.checkers.told(AtRest(t=self.now, group_ids=tuple(self.views.groups)))
        else:
            self._unsettled(["; ".join(self.blockers())])

    def _keepers(self) -> Iterable[Lane]:
        """Who lives in a group whose assignor is sticky and whose members all want the same."""
        for group in self.views.groups.values():
            lanes = self.views.lanes_of(group.group_id)
            alike = len({(lane.topics, self._protocols[lane.name]) for lane in lanes}) == 1
            if alike and group.protocol_name.endswith("sticky"):
                yield from lanes

    def _stay_at_rest(self) -> None:
        """Whoever is awake and heard of is not given up on: for one and a half session timeouts."""
        began = len(self.views.rebalances)
        sessions = [process.config.session_timeout_ms for process in self._alive()]
        self.run_for(max([self.asked_session_ms, *sessions]) * 3 // 2)
        for rebalance in self.views.rebalances[began:]:
            self._unsettled(
                [f"group {rebalance.group_id} rebalances without a reason: {rebalance.cause}"]
            )

    def _unsettled(self, problems: Iterable[str]) -> None:
        for problem in problems:
            self.checkers.told(Unsettled(t=self.now, problem=problem))

    def _alive(self) -> Iterable[Process]:
        return (process for process in self.processes.values() if process.alive)

    def _owners(self) -> dict[str, list[tuple[str, int]]]:
        """Of who lives, in groups that must keep what they have.

        A leader whose assignor raises is gone after one rebalance more. In a group on its way from
        eager to cooperative those that are still eager claim nothing, so that plans may change.
        """
        living = [lane for lane in self.views.lanes.values() if not lane.ended]
        spoken: dict[str, set[RebalanceProtocol]] = {}
        for lane in living:
            spoken.setdefault(lane.group_id, set()).add(self._protocols[lane.name])
        settled = (lane for lane in living if len(spoken[lane.group_id]) == 1)
        return {lane.name: sorted(lane.owned) for lane in settled}

    # --- what is told ----------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """One more event of the trace: checked, seen, written."""
        self.checkers.check(event)
        self.views.apply(event)
        if self._recording:
            self.trace.add(event)
        self.world.touched = True

    def _on_commit(self, group_id: str, partition: TopicPartition, offset: int) -> None:
        self.offsets[group_id, partition] = offset
        self.checkers.told(
            Committed(t=self.now, group_id=group_id, partition=partition, offset=offset)
        )

    def _is_eager(self, lane: str) -> bool:
        return self._protocols[lane] is RebalanceProtocol.EAGER
