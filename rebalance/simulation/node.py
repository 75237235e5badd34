"""The broker of a simulation: the real coordinator, a topic table and a log that takes its time.

Why: it does for `GroupCoordinator` what a broker does: hands requests in, carries answers out,
writes records, arms one wake-up for the next deadline. No rule of the protocol is here.
"""

from collections import deque
from collections.abc import Callable, Iterable

from assignors.model import ClusterMetadata, TopicPartition
from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Append, Appended, Effect, Received, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit
from rebalance.protocol.requests import FindCoordinatorRequest, MetadataRequest, Request
from rebalance.protocol.responses import FindCoordinatorResponse, MetadataResponse
from rebalance.simulation.network import Connection
from rebalance.simulation.world import World
from rebalance.timeline.trace import Event
from rebalance.tracing import coordinator_event

__all__ = ["NODE_ID", "Node", "OnCommit"]

NODE_ID = 1

OnCommit = Callable[[str, TopicPartition, int], None]
"""Told group id, partition and offset of every commit that became durable."""


class Node:
    """One broker, coordinator of every group."""

    def __init__(
        self,
        world: World,
        config: CoordinatorConfig,
        *,
        emit: Callable[[Event], None],
        on_commit: OnCommit,
    ) -> None:
        self._world = world
        self._emit = emit
        self._on_commit = on_commit
        self._members = 0
        self._coordinator = GroupCoordinator(config, self._suffix)
        self._parked: dict[int, tuple[Connection, int]] = {}
        self._requests = 0
        self._carrying_out = False
        self._arrived: deque[tuple[Connection, int, Request]] = deque()
        """Requests that an answer let in while it was carried out with others."""
        self._wakes_at: int | None = None
        self._written_at = 0
        self.topics: dict[str, int] = {}
        self.append_ms = 0
        """How long the log takes to write."""
        self.failing_appends = 0
        """A fault: so many of the next appends fail."""

    @property
    def coordinator(self) -> GroupCoordinator:
        """The machine itself, for who wants a snapshot of it."""
        return self._coordinator

    def _suffix(self) -> str:
        # Kafka takes a UUID; a number reads better and is the same in every run.
        self._members += 1
        return str(self._members)

    # --- requests --------------------------------------------------------------------------------

    def receive(self, connection: Connection, number: int, request: Request) -> None:
        """Answer at once, or hand it to the coordinator, which answers now or later.

        One after another: what one request brings about is told before the next one is looked at.
        """
        if self._carrying_out:
            self._arrived.append((connection, number, request))
        elif isinstance(request, FindCoordinatorRequest):
            connection.reply(number, FindCoordinatorResponse(node_id=NODE_ID))
        elif isinstance(request, MetadataRequest):
            known = {t: self.topics[t] for t in request.topics if t in self.topics}
            connection.reply(number, MetadataResponse(cluster=ClusterMetadata(known)))
        else:
            token = self._requests
            self._requests += 1
            self._parked[token] = (connection, number)
            received = Received(token=token, request=request)
            self._carry_out(self._coordinator.handle(received, self._world.now))

    def closed(self, connection: Connection) -> None:
        """Forget what this connection waits for; the coordinator is told nothing, as in Kafka."""
        gone = [token for token, (waiting, _) in self._parked.items() if waiting is connection]
        for token in gone:
            del self._parked[token]

    # --- effects ---------------------------------------------------------------------------------

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        self._carrying_out = True
        for effect in effects:
            if isinstance(effect, Reply):
                waiting = self._parked.pop(effect.token, None)  # type: ignore[call-overload]
                if waiting is not None:
                    connection, number = waiting
                    connection.reply(number, effect.response)
            elif isinstance(effect, Append):
                # One log: a quick append does not overtake a slow one.
                self._written_at = max(self._written_at, self._world.now + self.append_ms)
                self._world.at(self._written_at, self._appended, effect)
            else:
                event = coordinator_event(effect, self._world.now)
                if event is not None:
                    self._emit(event)
        self._carrying_out = False
        self._arm()
        while self._arrived:
            self.receive(*self._arrived.popleft())

    def _appended(self, append: Append) -> None:
        error = ErrorCode.NONE
        if self.failing_appends:
            self.failing_appends -= 1
            error = ErrorCode.NOT_ENOUGH_REPLICAS
        else:
            for record in append.records:
                if isinstance(record, OffsetCommit) and record.value is not None:
                    self._on_commit(append.group_id, record.partition, record.value.offset)
        done = Appended(token=append.token, error=error)
        self._carry_out(self._coordinator.handle(done, self._world.now))

    # --- time ------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """One wake-up, never later than the next deadline; an early one arms the next."""
        deadline = self._coordinator.next_deadline()
        if deadline is not None and (self._wakes_at is None or deadline < self._wakes_at):
            self._wakes_at = deadline
            self._world.at(deadline, self._wake, deadline)

    def _wake(self, armed: int) -> None:
        if armed != self._wakes_at:
            return
        self._wakes_at = None
        self._carry_out(self._coordinator.advance(self._world.now))
