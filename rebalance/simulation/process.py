"""A consumer process: a real member machine, an application thread, two connections.

Why: it does for `ClassicMember` what a client library does around it. It comes to life, polls,
stands still (garbage collection), crashes and closes; its parts are in files of their own: the gate
that a pause closes, the machine's driver, positions and commits, listener and assignor. No rule of
the protocol is here.
Two connections, as Java's consumer and aiokafka have them: one for what goes to the coordinator,
one for the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from assignors.interface import Assignor, common_protocol
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.config import MemberConfig
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import Response
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Behaviour, Thread
from rebalance.simulation.callbacks import Callbacks
from rebalance.simulation.checkers import Fact
from rebalance.simulation.clock import Clock
from rebalance.simulation.driver import MemberDriver
from rebalance.simulation.gate import Gate
from rebalance.simulation.hosting import Host, Hosted, Surroundings
from rebalance.simulation.lines import Lines
from rebalance.simulation.positions import Positions
from rebalance.simulation.records import Logs
from rebalance.simulation.telling import RequestTeller
from rebalance.simulation.threaded import ThreadedApplication
from rebalance.simulation.values import seconds
from rebalance.simulation.waiting import CALLS, Waiting
from rebalance.simulation.world import World
from rebalance.timeline import trace
from rebalance.tracing import member_events

__all__ = ["Process"]


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
        logs: Logs,
        emit: Callable[[trace.Event], None],
        told: Callable[[Fact], None],
        topics: tuple[str, ...] = (),
        host: Host | None = None,
        events_so_far: Callable[[], int] = lambda: 0,
        tells_requests: bool = False,
    ) -> None:
        self.name = name
        self.config = config
        self.lines = lines
        self.protocol = common_protocol(assignors)
        self.crash_on: ErrorCode | None = None
        """A fault: the process dies as an answer with this error arrives."""
        self._world = world
        self._emit = emit
        self._gate = Gate(world)
        self._teller: RequestTeller | None = None
        if tells_requests:
            self._teller = RequestTeller(world, self._gate, emit, config.group_id, name)
        self._thread = Thread(world, behaviour.rate_per_s, logs)
        self._waiting = Waiting()
        self._since = world.now
        self.clock = Clock(world)
        self._driver = MemberDriver(
            self._gate, self.clock, ClassicMember(config, assignors), self._perform
        )
        self.positions = Positions(
            name, self._driver.member, self._gate, self._thread, lines, self._driver.tell, told
        )
        self.callbacks = Callbacks(
            name,
            behaviour,
            self.protocol,
            gate=self._gate,
            thread=self._thread,
            positions=self.positions,
            tell=self._driver.tell,
            notice=self._notice,
        )
        self._application: Hosted
        if host is None:
            self._application = ThreadedApplication(
                self._gate, self._thread, self._driver, self.positions, self.callbacks
            )
        else:
            self._application = host(self._around(topics, logs, told, events_so_far))
        self._performed = self._performers()

    def _performers(self) -> Mapping[type, Callable[..., None]]:
        """Who does what the member asks for."""
        return {
            events.Send: self._send,
            events.TakePositions: self._application.take_positions,
            events.Revoke: self._application.revoke,
            events.Assign: self._application.assign,
            events.Lose: self._application.lose,
            events.RunAssignor: self.callbacks.run_assignor,
            events.CommitFinished: self._application.commit_finished,
            events.MemberStateChanged: self._state_changed,
        }

    def _around(
        self,
        topics: tuple[str, ...],
        logs: Logs,
        told: Callable[[Fact], None],
        events_so_far: Callable[[], int],
    ) -> Surroundings:
        return Surroundings(
            name=self.name,
            topics=topics,
            member=self.member,
            config=self.config,
            commit_ms=self.behaviour.commit_ms,
            gate=self._gate,
            lines=self.lines,
            logs=logs,
            tell=self._driver.tell,
            told=told,
            subscribe=self.subscribe,
            notice=self._notice,
            events_so_far=events_so_far,
            crash=self.crash,
        )

    # --- what can be seen of it ------------------------------------------------------------------

    @property
    def member(self) -> ClassicMember:
        """The machine itself, for who wants to look at it."""
        return self._driver.member

    @property
    def state(self) -> MemberState:
        """The machine's state."""
        return self._driver.state

    @property
    def alive(self) -> bool:
        """Neither crashed nor closed."""
        return self._gate.alive

    @property
    def paused(self) -> bool:
        """It stands still."""
        return self._gate.paused

    @property
    def busy_until(self) -> int:
        """When the application's thread is free (ms); in the past when it is."""
        return self._application.busy_until

    @property
    def behaviour(self) -> Behaviour:
        """What its application is like."""
        return self.callbacks.behaviour

    def condition(self) -> str:
        """What it is at, since when, and what it waits for: to be read."""
        if not self.alive:
            return "is gone"
        told = f"is {self.state.value} since {seconds(self._since)}"
        if self.paused:
            told += f", stands still since {seconds(self._gate.paused_at)}"
        if self._thread.busy:
            told += f", is busy until {seconds(self._thread.free_at)}"
        waits = " and ".join(self._waiting.words(self.member.waiting_for))
        return f"{told}, waits for {waits}" if waits else told

    # --- what a script does ----------------------------------------------------------------------

    def start(self, topics: tuple[str, ...]) -> None:
        """Come to life and want `topics`."""
        group_id = self.config.group_id
        self._emit(
            trace.MemberStarted(
                t=self._world.now,
                group_id=group_id,
                member=self.name,
                topics=topics,
                session_timeout_ms=self.config.session_timeout_ms,
                rebalance_timeout_ms=self.config.max_poll_interval_ms,
            )
        )
        self._driver.tell(events.Subscribe(topics=topics))
        self._application.start()

    def behave(self, changes: Mapping[str, object]) -> None:
        """From now on its application is like this (fields of `Behaviour`)."""
        self.callbacks.behaviour = self.behaviour.with_changes(changes)

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Want other topics from now on; none: unsubscribe."""
        self._emit(
            trace.Subscribed(
                t=self._world.now, group_id=self.config.group_id, member=self.name, topics=topics
            )
        )
        wish = events.Subscribe(topics=topics) if topics else events.Unsubscribe()
        self._gate.do(self._driver.wish, wish)

    def enforce(self, reason: str) -> None:
        """Ask for a rebalance."""
        self._gate.do(self._driver.wish, events.EnforceRebalance(reason=reason))

    def commit(self) -> None:
        """Commit the positions as they are."""
        self._application.commit()

    def occupy(self, duration_ms: int) -> None:
        """The application is busy with one batch for so long: no polls, no listeners."""
        self._application.occupy(duration_ms)

    def close(self) -> None:
        """Close the consumer in good order, once its application is free."""
        self._application.close()

    def settle(self) -> None:
        """How fast logs grow is about to change."""
        if not self.paused:
            self._thread.settle()

    def crash(self) -> None:
        """The process is gone: nothing is said to anybody, its sockets are cut."""
        if self.alive:
            if self.paused:
                self._thread.stand_still(self._gate.paused_at)
            self._end("crashed")

    def pause(self) -> None:
        """Stand still: nothing is processed, sent or timed out until `resume`."""
        if self.alive and not self.paused:
            self._thread.settle()
            self._gate.pause()
            self._say(trace.MemberPaused)

    def resume(self) -> None:
        """Go on. What happened meanwhile is dealt with now, in its order."""
        if self.paused:
            self._gate.open()
            self._thread.stand_still(self._gate.paused_at)
            self._say(trace.MemberResumed)
            self._gate.catch_up()

    def jump(self, ahead_ms: int) -> None:
        """Its clock shows so much more from now on; what is due by that is done now."""
        self.clock.jump(ahead_ms)
        self._driver.arm()

    # --- what the member asks for ----------------------------------------------------------------

    def _perform(self, effect: events.MemberEffect) -> None:
        if type(effect) in CALLS:
            self._waiting.asked(effect, self._world.now)  # type: ignore[arg-type]
        self._performed.get(type(effect), self._notice)(effect)

    def _send(self, effect: events.Send) -> None:
        token = effect.token
        self._waiting.asked(effect, self._world.now)

        def answered(response: Response | None) -> None:
            self._gate.do(self._answered, token, response)

        told = answered if self._teller is None else self._teller.sends(effect.request, answered)
        if not self.lines.send(effect.to, effect.node_id, effect.request, told):
            self._gate.after(1, self._answered, token, None)

    def _answered(self, token: int, response: Response | None) -> None:
        self._waiting.answered(token)
        if response is None:
            self._driver.tell(events.Unanswered(token=token))
        elif self.crash_on is not None and getattr(response, "error", None) is self.crash_on:
            self.crash()
        else:
            self._driver.tell(events.Answered(token=token, response=response))

    def _state_changed(self, effect: events.MemberStateChanged) -> None:
        self._driver.state, self._since = effect.state, self._world.now
        self._world.seen["member", effect.previous.value, effect.state.value] += 1
        self._world.touched = True
        if effect.state is MemberState.STOPPED:
            self._end("closed")

    # --- what is told ----------------------------------------------------------------------------

    def _notice(self, effect: events.MemberEffect) -> None:
        event = member_events(
            effect, self._world.now, group_id=self.config.group_id, member=self.name
        )
        if event is not None:
            self._emit(event)

    def _end(self, how: Literal["closed", "crashed"]) -> None:
        self.positions.tell_progress()
        self._gate.end()
        self._driver.end()
        self.lines.cut()
        self._emit(
            trace.MemberStopped(
                t=self._world.now, group_id=self.config.group_id, member=self.name, how=how
            )
        )
        self._application.ended()

    def _say(self, kind: type[trace.MemberPaused] | type[trace.MemberResumed]) -> None:
        self._emit(kind(t=self._world.now, group_id=self.config.group_id, member=self.name))
