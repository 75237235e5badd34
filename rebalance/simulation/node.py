"""One broker of a simulation: the real coordinator, a disk that takes its time, a clock of its own.

Why: it does for `GroupCoordinator` what a broker does: hands requests in, carries answers out,
writes records, arms one wake-up for the next deadline. No rule of the protocol is here. A crash
loses the machine and everything that was not durable; what starts again has a new one, which is
given its groups from the log.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from assignors.model import ClusterMetadata
from rebalance.coordinator import GroupCoordinator, GroupSnapshot
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    CoordinatorEvent,
    Effect,
    Elected,
    Loaded,
    Received,
    Replayed,
    Reply,
    Resigned,
    TopicDeleted,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.notices import MemberAdded, StateChanged
from rebalance.protocol.records import Record
from rebalance.protocol.requests import (
    CoordinatorRequest,
    FindCoordinatorRequest,
    MetadataRequest,
    OffsetCommitRequest,
    Request,
)
from rebalance.protocol.responses import (
    FindCoordinatorResponse,
    MetadataResponse,
    OffsetCommitResponse,
)
from rebalance.protocol.states import GroupState
from rebalance.simulation.checkers import Answer, Arrival, Fact, Reading, WriteFailed
from rebalance.simulation.clock import Clock
from rebalance.simulation.commits import Refused, existing, with_refused
from rebalance.simulation.disk import Disk
from rebalance.simulation.network import Connection
from rebalance.simulation.offsets_log import OffsetsLog, Write
from rebalance.simulation.permissions import refusal
from rebalance.simulation.world import World
from rebalance.timeline.trace import Event
from rebalance.tracing import coordinator_event

__all__ = ["Node", "Surroundings"]


class Surroundings(Protocol):
    """What a broker knows of its cluster."""

    topics: dict[str, int]
    log: OffsetsLog

    def coordinator_of(self, group_id: str) -> int | None:
        """The node that coordinates a group; None: nobody now."""

    def new_member_number(self) -> int:
        """One that was not given before."""

    def durable(self, records: Iterable[Record]) -> None:
        """These are in the log for good."""


class _Asked:
    """A request that is answered now or later, known by itself: the coordinator's token."""

    __slots__ = ("connection", "number", "refused", "request")

    def __init__(
        self,
        connection: Connection,
        number: int,
        request: CoordinatorRequest,
        refused: Refused = (),
    ) -> None:
        self.connection = connection
        self.number = number
        self.request = request
        self.refused = refused
        """What of a commit the coordinator was not asked for."""


class Node:
    """One broker; it coordinates the groups of the partitions that it was elected for."""

    def __init__(
        self,
        world: World,
        node_id: int,
        config: CoordinatorConfig,
        surroundings: Surroundings,
        emit: Callable[[Event], None],
        told: Callable[[Fact], None],
    ) -> None:
        self.node_id = node_id
        self.disk = Disk()
        self.clock = Clock(world)
        self.is_up = True
        self._world = world
        self._config = config
        self._surroundings = surroundings
        self._emit = emit
        self._told = told
        self._reset()

    def _reset(self) -> None:
        """As a broker that has just started."""
        self._coordinator = GroupCoordinator(self._config, self._suffix)
        self._snapshots: dict[str, GroupSnapshot | None] = {}
        """Groups that somebody looked at since the coordinator was told something."""
        self._connections: dict[Connection, None] = {}
        self._elections: dict[int, int] = {}
        self._carrying_out = False
        self._arrived: deque[tuple[Connection, int, Request]] = deque()
        """Requests that an answer let in while it was carried out with others."""
        self._wakes_at: int | None = None
        self._written_at = 0
        self._slowest_write_ms = 0
        """So far, in its own clock's milliseconds."""
        # Told of one partition, it answers for no other.
        self._handle(Resigned(partition=0))

    @property
    def coordinator(self) -> GroupCoordinator:
        """The machine itself, for who wants a snapshot of it."""
        return self._coordinator

    def group(self, group_id: str) -> GroupSnapshot | None:
        """A group as it stands, made once for all who look before something happens again."""
        if group_id not in self._snapshots:
            self._snapshots[group_id] = self._coordinator.group(group_id)
        return self._snapshots[group_id]

    @property
    def topics(self) -> dict[str, int]:
        """The cluster's topics and how many partitions each has."""
        return self._surroundings.topics

    @property
    def reading(self) -> Reading:
        """What its clock shows, and how late it may be."""
        return Reading(
            shown_ms=self.clock.now,
            jumped_ms=self.clock.jumped_ms,
            late_ms=self._slowest_write_ms + self.clock.step_ms,
        )

    def _suffix(self) -> str:
        # Kafka takes a UUID; a number reads better and is the same in every run.
        return str(self._surroundings.new_member_number())

    # --- what happens to it ----------------------------------------------------------------------

    def lead(self, partitions: Iterable[int]) -> None:
        """It coordinates the groups of these from the beginning; nothing is in their log."""
        for partition in partitions:
            self._elections[partition] = 1
            for event in (Elected(partition=partition), Loaded(partition=partition)):
                self._tell_it(event)

    def elect(self, partition: int, loading_ms: int) -> None:
        """It coordinates the groups of a partition, once it has read their log for so long."""
        election = self._elections[partition] = self._elections.get(partition, 0) + 1
        self._handle(Elected(partition=partition))
        if loading_ms:
            self._world.after(loading_ms, self._load, self._coordinator, partition, election)
        else:
            self._load(self._coordinator, partition, election)

    def resign(self, partition: int) -> None:
        """Another one leads the partition: what was written to it stands, nobody is told so."""
        self._elections[partition] = self._elections.get(partition, 0) + 1
        self._surroundings.durable(self._surroundings.log.acknowledge_all(partition))
        self._handle(Resigned(partition=partition))

    def crash(self, led: Iterable[int]) -> None:
        """Gone, with all connections and all that was not durable of the partitions it `led`.

        The groups are nobody's from here on, and the trace says so: their members are nobody's
        members, until another coordinator has them from the log.
        """
        for partition in led:
            self._surroundings.log.take_back_all(partition)
            for effect in self._tell_it(Resigned(partition=partition)):
                self._tell(effect)
        self.is_up = False
        connections = tuple(self._connections)
        self._reset()
        for connection in connections:
            connection.cut()

    def topic_deleted(self, topic: str) -> None:
        """Its groups forget what they committed to it; a broker that is down hears nothing."""
        if self.is_up:
            self._handle(TopicDeleted(topic=topic))

    def start(self) -> None:
        """It runs again and coordinates nothing yet."""
        self.is_up = True

    def _load(self, coordinator: GroupCoordinator, partition: int, election: int) -> None:
        if coordinator is not self._coordinator or election != self._elections[partition]:
            return  # it crashed or resigned meanwhile
        records = tuple(self._surroundings.log.read(partition))
        if records:
            self._handle(Replayed(partition=partition, records=records))
        before = set(coordinator.group_ids)
        effects = self._tell_it(Loaded(partition=partition))
        for group_id in coordinator.group_ids:
            if group_id not in before and any(_is_of(effect, group_id) for effect in effects):
                self._tell(_arrived(coordinator, group_id, effects))
        self._carry_out(effects)

    # --- requests --------------------------------------------------------------------------------

    def accept(self, connection: Connection) -> None:
        """A client connects."""
        self._connections[connection] = None

    def receive(self, connection: Connection, number: int, request: Request) -> None:
        """Answer at once, or hand it to the coordinator, which answers now or later.

        One after another: what one request brings about is told before the next one is looked at.
        """
        if self._carrying_out:
            self._arrived.append((connection, number, request))
        elif connection.forbidden and (refused := refusal(request)) is not None:
            connection.reply(number, refused)
        elif isinstance(request, FindCoordinatorRequest):
            connection.reply(number, self._find(request.group_id))
        elif isinstance(request, MetadataRequest):
            known = {t: self.topics[t] for t in request.topics if t in self.topics}
            connection.reply(number, MetadataResponse(cluster=ClusterMetadata(known)))
        elif isinstance(request, OffsetCommitRequest):
            there, absent = existing(request, self.topics)
            if there.offsets or not absent:
                self._ask(_Asked(connection, number, there, absent))
            else:
                connection.reply(number, OffsetCommitResponse(partitions=absent))
        else:
            self._ask(_Asked(connection, number, request))

    def _ask(self, asked: _Asked) -> None:
        self._told(Arrival(self._world.now, asked, asked.request))
        self._handle(Received(token=asked, request=asked.request))

    def closed(self, connection: Connection) -> None:
        """Nobody hears what it is answered; the coordinator is told nothing, as in Kafka."""
        self._connections.pop(connection, None)

    def _find(self, group_id: str) -> FindCoordinatorResponse:
        node_id = self._surroundings.coordinator_of(group_id)
        if node_id is None:
            return FindCoordinatorResponse(error=ErrorCode.COORDINATOR_NOT_AVAILABLE)
        return FindCoordinatorResponse(node_id=node_id)

    # --- effects ---------------------------------------------------------------------------------

    def _handle(self, event: CoordinatorEvent) -> None:
        self._carry_out(self._tell_it(event))

    def _tell_it(self, event: CoordinatorEvent) -> tuple[Effect, ...]:
        """What the coordinator says to it."""
        self._snapshots.clear()
        return self._coordinator.handle(event, self.clock.now)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        self._carrying_out = True
        for effect in effects:
            if isinstance(effect, Reply):
                self._answer(effect)
            elif isinstance(effect, Append):
                self._append(effect)
            else:
                self._tell(effect)
        self._carrying_out = False
        self._arm()
        while self._arrived:
            self.receive(*self._arrived.popleft())

    def _answer(self, effect: Reply) -> None:
        asked = effect.token
        assert isinstance(asked, _Asked)
        response = effect.response
        self._told(Answer(self._world.now, asked, asked.request, response))
        if asked.refused and isinstance(response, OffsetCommitResponse):
            response = with_refused(response, asked.refused)
        asked.connection.reply(asked.number, response)

    def _tell(self, effect: Effect) -> None:
        event = coordinator_event(effect, self._world.now)
        if event is not None:
            self._emit(event)

    def _append(self, effect: Append) -> None:
        partition = partition_of(effect.group_id, self._config.offsets_topic_num_partitions)
        write = self._surroundings.log.write(partition, effect.records)
        # One log: a quick append does not overtake a slow one.
        self._written_at = max(self._written_at, self._world.now + self.disk.write_ms)
        began = self.clock.counted_ms
        self._world.at(
            self._written_at, self._appended, self._coordinator, effect.token, write, began
        )

    def _appended(
        self, coordinator: GroupCoordinator, token: int, write: Write, began: int
    ) -> None:
        if coordinator is not self._coordinator:
            return  # it crashed meanwhile
        self._slowest_write_ms = max(self._slowest_write_ms, self.clock.counted_ms - began)
        error = ErrorCode.NONE
        if not write.settled:
            error = self.disk.outcome()
            if error is ErrorCode.NONE:
                self._surroundings.durable(self._surroundings.log.acknowledge(write))
            else:
                self._surroundings.log.take_back(write)
                group_id = write.records[0].group_id
                self._told(WriteFailed(t=self._world.now, group_id=group_id, error=error))
        self._handle(Appended(token=token, error=error))

    # --- time ------------------------------------------------------------------------------------

    def jump(self, ahead_ms: int) -> None:
        """Its clock shows so much more from now on; what is due by that is done now."""
        self.clock.jump(ahead_ms)
        self._arm()

    def run_clock_at(self, permille: int) -> None:
        """Its clock counts so many milliseconds in a second from now on."""
        self.clock.run_at(permille)
        self._arm()

    def _arm(self) -> None:
        """One wake-up, never later than the next deadline; an early one arms the next."""
        deadline = self._coordinator.next_deadline()
        if deadline is None:
            return
        deadline = self.clock.world_time(deadline)
        if self._wakes_at is None or deadline < self._wakes_at:
            self._wakes_at = deadline
            self._world.at(deadline, self._wake, self._coordinator, deadline)

    def _wake(self, coordinator: GroupCoordinator, armed: int) -> None:
        if coordinator is not self._coordinator or armed != self._wakes_at:
            return
        self._wakes_at = None
        self._snapshots.clear()
        self._carry_out(coordinator.advance(self.clock.now))


def _is_of(effect: Effect, group_id: str) -> bool:
    return isinstance(effect, MemberAdded | StateChanged) and effect.group_id == group_id


def _arrived(
    coordinator: GroupCoordinator, group_id: str, effects: Iterable[Effect]
) -> StateChanged:
    """The group is here again; the machine itself tells only what changes after that."""
    group = coordinator.group(group_id)
    assert group is not None
    changes = (e for e in effects if isinstance(e, StateChanged) and e.group_id == group_id)
    first = next(changes, None)
    return StateChanged(
        group_id=group_id,
        previous=GroupState.DEAD,
        state=group.state if first is None else first.previous,
        generation_id=group.generation_id,
    )
