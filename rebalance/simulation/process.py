"""A consumer process: a real member machine, an application thread, two connections.

Why: it does for `ClassicMember` what a client library does around it: carries requests, keeps one
wake-up for the next deadline, runs listeners and the leader's assignor. It can stand still (garbage
collection), crash, and close. No rule of the protocol is here.
Two connections, as Java's consumer and aiokafka have them: one for what goes to the coordinator,
one for the rest.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Literal

from assignors.interface import Assignor, AssignorError, common_protocol, run_assignor
from assignors.model import PartitionSet, TopicPartition
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.config import MemberConfig
from rebalance.member.errors import MemberUsageError
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetFetchRequest
from rebalance.protocol.responses import OffsetFetchResponse, Response
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Behaviour, Thread
from rebalance.simulation.lines import Lines
from rebalance.simulation.world import World
from rebalance.timeline import trace
from rebalance.tracing import member_events

__all__ = ["Process", "SimulatedFailure"]

_RETRY_MS = 100


class SimulatedFailure(Exception):  # noqa: N818 - what a scenario made fail, not an error of ours
    """What a listener or an assignor raises when a scenario tells it to."""


class Process:
    """One life of one consumer. `name` is its lane in the trace."""

    def __init__(
        self,
        world: World,
        name: str,
        config: MemberConfig,
        assignors: Sequence[Assignor],
        *,
        behaviour: Behaviour,
        lines: Lines,
        emit: Callable[[trace.Event], None],
    ) -> None:
        self.name = name
        self.config = config
        self.behaviour = behaviour
        self.lines = lines
        self.protocol = common_protocol(assignors)
        self.member = ClassicMember(config, assignors)
        self.state = MemberState.UNSUBSCRIBED
        self.alive = True
        self.paused = False
        self.committed = 0
        self.refused: dict[str, int] = {}
        """Commits that were refused: Kafka's error name -> how many."""
        self.crash_on: ErrorCode | None = None
        """A fault: the process dies as an answer with this error arrives."""
        self._world = world
        self._emit = emit
        self._thread = Thread(world, behaviour.rate_per_s)
        self._backlog: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._paused_at = 0
        self._inbox: deque[events.MemberEvent | None] = deque()
        self._telling = False
        self._fetches = 0
        self._fetching: dict[TopicPartition, int] = {}
        """Assigned partitions without a position yet -> the fetch that will bring it."""
        self._wakes_at: int | None = None
        self._commits = 0
        self._committed_at = 0
        self._last_committed: dict[TopicPartition, int] = {}

    @property
    def busy_until(self) -> int:
        """When the application's thread is free (ms); in the past when it is."""
        return self._thread.free_at

    # --- what a script does ----------------------------------------------------------------------

    def start(self, topics: tuple[str, ...]) -> None:
        """Come to life and want `topics`."""
        group_id = self.config.group_id
        self._emit(
            trace.MemberStarted(
                t=self._world.now, group_id=group_id, member=self.name, topics=topics
            )
        )
        self._committed_at = self._world.now
        self._tell(events.Subscribe(topics=topics))
        self._poll()

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Want other topics from now on; none: unsubscribe."""
        self._emit(
            trace.Subscribed(
                t=self._world.now, group_id=self.config.group_id, member=self.name, topics=topics
            )
        )
        self._do(self._wish, events.Subscribe(topics=topics) if topics else events.Unsubscribe())

    def enforce(self, reason: str) -> None:
        """Ask for a rebalance."""
        self._do(self._wish, events.EnforceRebalance(reason=reason))

    def commit(self) -> None:
        """Commit the positions as they are."""
        self._do(self._commit)

    def occupy(self, duration_ms: int) -> None:
        """The application is busy with one batch for so long: no polls, no listeners."""
        self._thread.occupy(duration_ms)

    def close(self) -> None:
        """Close the consumer in good order, once its thread is free."""
        self._on_thread(0, self._tell, events.Close())

    def crash(self) -> None:
        """The process is gone: nothing is said to anybody, its sockets are cut."""
        if self.alive:
            self._end("crashed")

    def pause(self) -> None:
        """Stand still: nothing is processed, sent or timed out until `resume`."""
        if self.alive and not self.paused:
            self.paused, self._paused_at = True, self._world.now
            self._say(trace.MemberPaused)

    def resume(self) -> None:
        """Go on. What happened meanwhile is dealt with now, in its order."""
        if not self.paused:
            return
        self.paused = False
        self._thread.stand_still(self._paused_at)
        self._say(trace.MemberResumed)
        backlog, self._backlog = self._backlog, []
        for action, args in backlog:
            self._do(action, *args)

    # --- gates: a dead process does nothing, a paused one does it later ---------------------------

    def _do(self, action: Callable[..., None], *args: Any) -> None:
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((action, args))
        else:
            action(*args)

    def _after(self, delay_ms: int, action: Callable[..., None], *args: Any) -> None:
        self._world.after(delay_ms, self._do, action, *args)

    def _on_thread(self, duration_ms: int, action: Callable[..., None], *args: Any) -> None:
        """Occupy the application's thread, then act: at once if it is free and it takes no time."""
        ends = self._thread.occupy(duration_ms)
        if ends <= self._world.now:
            self._do(action, *args)
        else:
            self._world.at(ends, self._do, action, *args)

    # --- the application -------------------------------------------------------------------------

    def _poll(self) -> None:
        if self.state in (MemberState.FAILED, MemberState.STOPPED):
            return
        if self.state is MemberState.LEAVING:  # inside unsubscribe() or close(), which are no polls
            self._after(self.behaviour.poll_ms, self._poll)
            return
        if self._thread.busy:
            self._after(self._thread.free_at - self._world.now, self._poll)
            return
        self._tell(events.Polled())
        due = self.behaviour.commit_ms
        if due and self._world.now - self._committed_at >= due:
            self._committed_at = self._world.now
            self._commit()
        self._after(self.behaviour.poll_ms, self._poll)

    def _commit(self) -> None:
        before = self._last_committed
        moved = {p: at for p, at in self._thread.positions().items() if before.get(p) != at}
        if moved:
            self._last_committed = before | moved
            self._commits += 1
            self._tell(events.CommitOffsets(commit_id=self._commits, offsets=moved))

    def _commit_finished(self, effect: events.CommitFinished) -> None:
        errors = sorted({code.name for code in effect.refused.values()})
        for error in errors:
            self.refused[error] = self.refused.get(error, 0) + 1
        self.committed += not errors

    def _fetch_positions(self, partitions: PartitionSet) -> None:
        """Where to read on: the committed offsets, as a consumer does after an assignment."""
        if not partitions:
            return
        self._fetches += 1
        number = self._fetches
        self._fetching |= dict.fromkeys(partitions, number)
        request = OffsetFetchRequest(group_id=self.config.group_id, partitions=tuple(partitions))

        def fetched(response: Response | None) -> None:
            self._do(self._positions_fetched, number, response)

        if not self.lines.send(events.Destination.COORDINATOR, request, fetched):
            self._after(_RETRY_MS, self._positions_fetched, number, None)

    def _positions_fetched(self, number: int, response: Response | None) -> None:
        """What was given up meanwhile is not read, also if it was assigned anew."""
        waiting = [p for p, fetch in self._fetching.items() if fetch == number]
        if not isinstance(response, OffsetFetchResponse):
            self._after(_RETRY_MS, self._fetch_again, number)
            return
        at = {each.partition: max(each.offset, 0) for each in response.offsets}
        for partition in waiting:
            del self._fetching[partition]
        self._thread.read((partition, at[partition]) for partition in waiting if partition in at)

    def _fetch_again(self, number: int) -> None:
        self._fetch_positions(
            PartitionSet(p for p, fetch in self._fetching.items() if fetch == number)
        )

    def _leave_off(self, partitions: PartitionSet) -> None:
        self._thread.leave_off(partitions)
        for partition in partitions:
            self._fetching.pop(partition, None)

    # --- the member ------------------------------------------------------------------------------

    def _wish(self, event: events.MemberEvent) -> None:
        """What a user asks for; a consumer that failed or is closed raises, and that is all."""
        with suppress(MemberUsageError):
            self._tell(event)

    def _tell(self, event: events.MemberEvent | None) -> None:
        """Tell the member and do what it says; None: time has passed. One event after another."""
        self._inbox.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._inbox:
                event, now = self._inbox.popleft(), self._world.now
                member = self.member
                effects = member.advance(now) if event is None else member.handle(event, now)
                for effect in effects:
                    if self.alive:
                        self._CARRY_OUT.get(type(effect), Process._notice)(self, effect)
        finally:
            self._telling = False
        self._arm()

    def _arm(self) -> None:
        """One wake-up, never later than the next deadline; an early one arms the next."""
        deadline = self.member.next_deadline() if self.alive else None
        if deadline is not None and (self._wakes_at is None or deadline < self._wakes_at):
            self._wakes_at = deadline
            self._world.at(deadline, self._do, self._wake, deadline)

    def _wake(self, armed: int) -> None:
        if armed == self._wakes_at:
            self._wakes_at = None
            self._tell(None)

    def _send(self, effect: events.Send) -> None:
        token = effect.token

        def answered(response: Response | None) -> None:
            self._do(self._answered, token, response)

        if not self.lines.send(effect.to, effect.request, answered):
            self._after(1, self._answered, token, None)

    def _answered(self, token: int, response: Response | None) -> None:
        if response is None:
            self._tell(events.Unanswered(token=token))
        elif self.crash_on is not None and getattr(response, "error", None) is self.crash_on:
            self.crash()
        else:
            self._tell(events.Answered(token=token, response=response))

    def _take_positions(self, effect: events.TakePositions) -> None:
        self._on_thread(0, self._positions_taken, effect)

    def _positions_taken(self, effect: events.TakePositions) -> None:
        at = self._thread.positions()
        offsets = {p: at[p] for p in effect.partitions if p in at}
        self._leave_off(effect.partitions)
        self._last_committed |= offsets
        self._tell(events.PositionsTaken(token=effect.token, offsets=offsets))

    def _revoke(self, effect: events.Revoke) -> None:
        self._leave_off(effect.partitions)
        self._on_thread(self.behaviour.revoke_ms, self._let_go, effect, "revoke")

    def _lose(self, effect: events.Lose) -> None:
        self._leave_off(effect.partitions)
        self._notice(effect)
        self._on_thread(self.behaviour.lose_ms, self._called, effect.token, "lose")

    def _let_go(self, effect: events.Revoke, callback: str) -> None:
        self._notice(effect)
        self._called(effect.token, callback)

    def _assign(self, effect: events.Assign) -> None:
        self._notice(effect)
        self._on_thread(self.behaviour.assign_ms, self._taken_over, effect)

    def _taken_over(self, effect: events.Assign) -> None:
        self._fetch_positions(effect.partitions)
        self._called(effect.token, "assign")

    def _called(self, token: int, callback: str) -> None:
        error: BaseException | None = None
        if callback in self.behaviour.failing:
            error = SimulatedFailure(f"{callback} listener of {self.name} raises")
        self._tell(events.CallbackDone(token=token, error=error))

    def _run_assignor(self, effect: events.RunAssignor) -> None:
        self._after(self.behaviour.assignor_ms, self._assignor_ran, effect)

    def _assignor_ran(self, effect: events.RunAssignor) -> None:
        try:
            if "assignor" in self.behaviour.failing:
                raise SimulatedFailure(f"assignor of {self.name} raises")
            plan = run_assignor(
                effect.assignor, effect.cluster, effect.members, protocol=self.protocol
            )
        except (AssignorError, SimulatedFailure) as error:
            self._tell(events.AssignorFailed(token=effect.token, error=error))
        else:
            self._tell(events.AssignorDone(token=effect.token, assignment=plan))

    def _state_changed(self, effect: events.MemberStateChanged) -> None:
        self.state = effect.state
        self._world.seen["member", effect.previous.value, effect.state.value] += 1
        self._world.touched = True
        if effect.state is MemberState.STOPPED:
            self._end("closed")

    def _notice(self, effect: events.MemberEffect) -> None:
        event = member_events(
            effect, self._world.now, group_id=self.config.group_id, member=self.name
        )
        if event is not None:
            self._emit(event)

    def _end(self, how: Literal["closed", "crashed"]) -> None:
        self.alive = self.paused = False
        self._backlog.clear()
        self._inbox.clear()
        self.lines.cut()
        self._emit(
            trace.MemberStopped(
                t=self._world.now, group_id=self.config.group_id, member=self.name, how=how
            )
        )

    def _say(self, kind: type[trace.MemberPaused] | type[trace.MemberResumed]) -> None:
        self._emit(kind(t=self._world.now, group_id=self.config.group_id, member=self.name))

    _CARRY_OUT: ClassVar[Mapping[type, Callable[..., None]]] = {
        events.Send: _send,
        events.TakePositions: _take_positions,
        events.Revoke: _revoke,
        events.Assign: _assign,
        events.Lose: _lose,
        events.RunAssignor: _run_assignor,
        events.CommitFinished: _commit_finished,
        events.MemberStateChanged: _state_changed,
    }
