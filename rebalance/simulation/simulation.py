"""A cluster in virtual time: one broker, consumers, a trace, checkers that look at every event.

Why: this is what a scenario file, a fuzzer and a benchmark all drive. Everything that is a decision
of the protocol is made by the real coordinator and the real members; here is only the world around
them. The same calls with the same seed give the same trace, byte for byte.
"""

from collections.abc import Callable, Iterable, Sequence

from assignors.interface import RebalanceProtocol
from assignors.model import TopicPartition
from rebalance.protocol.config import CoordinatorConfig
from rebalance.simulation.callbacks import SimulatedFailure
from rebalance.simulation.checkers import (
    Checkers,
    Committed,
    Forgotten,
    Problem,
    Violation,
)
from rebalance.simulation.checkers.fatal import FailsForAReason
from rebalance.simulation.checkers.limits import Limits
from rebalance.simulation.checkers.member_facts import Forbidden
from rebalance.simulation.checkers.read_by_two import ReadByTwo
from rebalance.simulation.cluster import Cluster
from rebalance.simulation.faults import Faults
from rebalance.simulation.hosting import Host
from rebalance.simulation.lines import Lines
from rebalance.simulation.network import Connection
from rebalance.simulation.node import Node
from rebalance.simulation.path import Delay, Path
from rebalance.simulation.process import Outside, Process
from rebalance.simulation.records import Logs
from rebalance.simulation.rest import Rest
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.stranger import Stranger
from rebalance.simulation.views import Views
from rebalance.simulation.world import World
from rebalance.timeline.trace import (
    Event,
    GroupStateChanged,
    Header,
    Step,
    TopicKnown,
    Trace,
    TraceEnded,
)

__all__ = ["Simulation"]

STABLE_WITHIN_MS = 600_000
"""How long a group may take to come to rest before it counts as stuck."""


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
        self.config = config or CoordinatorConfig()
        self.host = host
        self.delay = delay or Delay()
        self.world = World(seed)
        self.trace = Trace(Header(source="simulation", clock="virtual", note=note))
        self.views = Views()
        self.faults = Faults(self)
        self.checkers = Checkers(self.views, self._is_eager)
        self.limits = Limits(self.views)
        """Which problems are due to Kafka's protocol itself."""
        self.read_by_two = ReadByTwo(self.views)
        """Which offsets that went back are."""
        self.members: dict[str, MemberSpec] = {}
        self.processes: dict[str, Process] = {}
        """Member's name -> its current or last life."""
        self.offsets: dict[tuple[str, TopicPartition], int] = {}
        """(group id, partition) -> committed offset"""
        self.tells_requests = False
        """Whether the trace tells of the requests of members that are started from now on."""
        self.logs = Logs()
        self.asked_session_ms = 0
        """The longest session that anybody asked for, whether or not it is still there."""
        self._protocols: dict[str, RebalanceProtocol] = {}
        self._offers: dict[str, frozenset[str]] = {}
        self._recording = True
        self._to_come: list[str] = []
        self._last_to_come = 0
        self.cluster = Cluster(
            self.world,
            self.config,
            nodes=nodes,
            emit=self.emit,
            on_commit=self._on_commit,
            on_forgotten=self._on_forgotten,
            told=self.checkers.told,
        )
        self._rest = Rest(self.views, self.processes, self._to_come, self.cluster.group)
        self._watch(self.config)

    def _watch(self, config: CoordinatorConfig) -> None:
        """Also by those that must know the settings, and by who says what is no violation."""
        report = self.checkers.report
        self.checkers.watch(config, self.cluster.group)
        self.checkers.measure(config, self.cluster.group, self.cluster.clock_of)
        self.checkers.add(
            FailsForAReason(self.views, config, self._offered, SimulatedFailure, report)
        )
        self.checkers.add(self.limits)
        self.checkers.add(self.read_by_two)

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
        if not partitions:
            self.tell_progress()
        self.logs.topic(name, partitions, self.now)
        self.emit(TopicKnown(t=self.now, topic=name, partitions=partitions))
        self.cluster.topic(name, partitions)
        for process in self.alive():
            process.topic_changed(name, partitions)

    def produce(self, topic: str, rate_per_s: int) -> None:
        """From now on each partition of a topic gets so many records a second; 0: no more.

        Raises:
            KeyError: there is no such topic.
        """
        for process in self.alive():
            process.settle()
        self.logs.produce(topic, rate_per_s, self.now, self._read_to(topic))

    def _read_to(self, topic: str) -> dict[int, int]:
        """Partition -> how far anybody has read it, also who has not committed, or is gone."""
        self.tell_progress()
        reached: dict[int, int] = {}
        at = [
            *((partition, offset) for (_, partition), offset in self.offsets.items()),
            *(
                (partition, max((end for _, end in book.done), default=0))
                for _, partition, book in self.checkers.records
            ),
            *(each for process in self.alive() for each in process.positions.now().items()),
        ]
        for partition, offset in at:
            if partition.topic == topic:
                number = partition.partition
                reached[number] = max(offset, reached.get(number, 0))
        return reached

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
        self.asked_session_ms = max(self.asked_session_ms, spec.config.session_timeout_ms)
        process = Process(
            name if spec.lives == 1 else f"{name}.{spec.lives}",
            spec,
            lines=self._lines(spec),
            outside=self._outside(),
        )
        self.processes[name] = process
        if spec.forbidden:
            self.checkers.told(Forbidden(member=process.name))
        self._protocols[process.name] = process.protocol
        self._offers[process.name] = frozenset(each.name for each in spec.assignors)
        process.start()
        return process

    def stranger(self) -> Stranger:
        """Somebody who is no consumer, and sends what it likes to a group's coordinator."""

        def connect(group_id: str) -> Connection | None:
            node_id = self.cluster.coordinator_of(group_id) or self.cluster.addresses[0]
            return self.cluster.connect(node_id, Path(usual_delay=lambda: self.delay))

        return Stranger(self.world, connect)

    def _outside(self) -> Outside:
        return Outside(
            world=self.world,
            logs=self.logs,
            emit=self.emit,
            told=self.checkers.told,
            host=self.host,
            events_so_far=lambda: len(self.trace.events),
            tells_requests=self.tells_requests,
        )

    def _lines(self, spec: MemberSpec) -> Lines:
        lines = Lines(self.cluster, lambda: self.delay, spec.lost, spec.lost_answers)
        lines.delay(spec.delay)
        lines.outages = spec.outages
        lines.forbid(spec.forbidden)
        for token, split in spec.splits.items():
            lines.split(token, split)
        return lines

    def later(self, name: str, delay_ms: int, act: Callable[[str], None], what: str) -> None:
        """Call `act(name)` in so long; until then nothing is at rest: `name` is still to `what`."""
        words = f"{name} is still to {what}"

        def now() -> None:
            self._to_come.remove(words)
            act(name)

        self._to_come.append(words)
        self._last_to_come = max(self._last_to_come, self.now + delay_ms)
        self.world.after(delay_ms, now)

    def step(self, text: str, member: str = "", cause: str = "", group_id: str = "") -> None:
        """Write into the trace that something was done on purpose: to a consumer, a group, or to
        nobody in particular."""
        group_id = group_id or self._group_of(member)
        self.emit(Step(t=self.now, text=text, member=member, cause=cause, group_id=group_id))

    def _group_of(self, member: str) -> str:
        """Of a consumer, or of one of its lives; empty: nobody's."""
        spec = self.members.get(member) or self.members.get(member.rpartition(".")[0])
        return "" if spec is None else spec.config.group_id

    # --- time ------------------------------------------------------------------------------------

    def run_until(self, time: int, stop: Callable[[], bool] | None = None) -> bool:
        """Let time pass until `time` (ms), or until `stop()` (asked after each change): True."""
        if stop is not None and stop():
            return True
        return self.world.run(time, stop)

    def run_for(self, duration_ms: int) -> None:
        """Let so much time pass."""
        self.world.run(self.now + duration_ms)

    def begin_anew(self) -> None:
        """See that all of the trace so far is of an earlier millisecond than what comes now."""
        if self.trace.last_t == self.now:
            self.world.end_instant()

    def run_until_stable(self, within_ms: int | None = None) -> bool:
        """Let time pass until every group is at rest; False if that took longer than allowed.

        `within_ms` is counted from now. None: ten minutes, after the last step that is to come.
        """
        if within_ms is not None:
            return self.run_until(self.now + within_ms, lambda: self._rest.is_reached)
        begun = self.now
        while self.now < (end := max(begun, self._last_to_come) + STABLE_WITHIN_MS):
            if self.run_until(end, lambda: self._rest.is_reached):
                return True
        return False

    # --- rest ------------------------------------------------------------------------------------

    def unrest(self) -> list[str]:
        """Why the groups are not at rest, in words; empty when they are."""
        return self._rest.missing()

    def blockers(self) -> list[str]:
        """Who keeps the groups from rest, since when, and what each waits for."""
        return self._rest.blockers()

    def problem(self) -> Problem | None:
        """The same as one problem, of the kind of the first; None: all are at rest."""
        return self._rest.problem()

    def unsettled(self) -> list[Problem]:
        """Why groups are not at rest though each of their members is, one problem a group; none
        until the members are."""
        return self._rest.unsettled()

    def to_come(self) -> list[str]:
        """Who keeps the groups from rest, or will: what the story has cost is not known yet."""
        return self.blockers() or self._rest.overdue()

    # --- the end ---------------------------------------------------------------------------------

    def ended(self) -> Trace:
        """The trace so far as one that runs until now: also the time in which nothing happened."""
        end = TraceEnded(t=self.now)
        return Trace(self.trace.header, [*self.trace.events, end])

    def end(self) -> None:
        """The story is told: the trace runs until here, and this is its last event."""
        self.trace.add(TraceEnded(t=self.now))  # nothing to check, nothing that led to a violation
        self._recording = False

    def stop_recording(self) -> None:
        """What happens from now on is checked, but no part of the trace."""
        self._recording = False

    def tell_progress(self) -> None:
        """Tell the checkers what was processed until now; nothing else changes."""
        for process in self.alive():
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

    def alive(self) -> Iterable[Process]:
        """The processes that are running."""
        return (process for process in self.processes.values() if process.alive)

    def protocol_of(self, lane: str) -> RebalanceProtocol:
        """What a life of a consumer is configured for."""
        return self._protocols[lane]

    # --- what is told ----------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """One more event of the trace: checked, seen, written."""
        self.checkers.check(event)
        self.views.apply(event)
        if type(event) is GroupStateChanged:
            self.world.seen["group", event.previous, event.state] += 1
        if self._recording:
            self.trace.add(event)
        self.world.touched = True

    def _on_commit(self, group_id: str, offsets: Sequence[tuple[TopicPartition, int]]) -> None:
        for partition, offset in offsets:
            self.offsets[group_id, partition] = offset
        self.checkers.told(Committed(t=self.now, group_id=group_id, offsets=offsets))

    def _on_forgotten(self, group_id: str, partition: TopicPartition) -> None:
        self.offsets.pop((group_id, partition), None)
        self.checkers.told(Forgotten(t=self.now, group_id=group_id, partition=partition))

    def _is_eager(self, lane: str) -> bool:
        return self.protocol_of(lane) is RebalanceProtocol.EAGER

    def _offered(self, lane: str) -> frozenset[str]:
        return self._offers[lane]
