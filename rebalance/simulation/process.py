"""A consumer process: a real member machine, an application thread, two connections.

Why: it does for `ClassicMember` what a client library does around it. It comes to life, polls,
stands still (garbage collection), crashes and closes; its parts are in files of their own: the gate
that a pause closes, the machine's driver, positions and commits, listener and assignor. No rule of
the protocol is here.
Two connections, as Java's consumer and aiokafka have them: one for what goes to the coordinator,
one for the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from assignors.interface import common_protocol
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest
from rebalance.protocol.responses import HeartbeatResponse, MetadataResponse, Response
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Behaviour, Thread
from rebalance.simulation.callbacks import Callbacks
from rebalance.simulation.checkers import Fact, LookedAtTopics
from rebalance.simulation.clock import Clock
from rebalance.simulation.driver import MemberDriver
from rebalance.simulation.gate import Gate
from rebalance.simulation.hearing import OUT, failed, membership, refused
from rebalance.simulation.hosting import Host, Hosted, Surroundings
from rebalance.simulation.lines import Lines
from rebalance.simulation.positions import Positions
from rebalance.simulation.records import Logs
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.spells import Spells
from rebalance.simulation.telling import RequestTeller
from rebalance.simulation.threaded import ThreadedApplication
from rebalance.simulation.values import seconds
from rebalance.simulation.waiting import CALLS, Waiting
from rebalance.simulation.world import World
from rebalance.timeline import trace
from rebalance.tracing import member_events

__all__ = ["Outside", "Process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What all processes of a simulation have around them."""

    world: World
    logs: Logs
    emit: Callable[[trace.Event], None]
    """Write an event into the trace."""
    told: Callable[[Fact], None]
    """Tell the checkers what became of records."""
    host: Host | None
    """Brings code of a user to life in place of the simulated thread."""
    events_so_far: Callable[[], int]
    tells_requests: bool
    """The trace tells of requests and answers, too."""


class Process:
    """One life of one consumer. `name` is its lane in the trace."""

    def __init__(self, name: str, spec: MemberSpec, *, lines: Lines, outside: Outside) -> None:
        self.name = name
        self.config = spec.config
        self.lines = lines
        self.assignors = spec.assignors
        self.protocol = common_protocol(spec.assignors)
        self.crash_on: ErrorCode | None = None
        """A fault: the process dies as an answer with this error arrives."""
        self._topics = spec.topics
        self._world = world = outside.world
        self._emit = outside.emit
        self._told = outside.told
        self._gate = Gate(world)
        self._pauses = Spells[None]()
        self._lives = True
        self._teller: RequestTeller | None = None
        if outside.tells_requests:
            group_id = spec.config.group_id
            self._teller = RequestTeller(world, self._gate, self._emit, group_id, name)
        self._thread = Thread(world, spec.behaviour.rate_per_s, outside.logs)
        self._batch_ms = 0
        self._waiting = Waiting()
        self._since = world.now
        self.clock = Clock(world)
        self._driver = MemberDriver(
            self._gate, self.clock, ClassicMember(spec.config, spec.assignors), self._perform
        )
        self.positions = Positions(
            name, self.member, self._gate, self._thread, lines, self._driver.tell, outside.told
        )
        self.callbacks = Callbacks(
            name,
            spec.behaviour,
            self.protocol,
            group_id=spec.config.group_id,
            gate=self._gate,
            thread=self._thread,
            positions=self.positions,
            tell=self._driver.tell,
            notice=self._notice,
            told=outside.told,
        )
        self._application = self._hosted(outside)
        self._performed = self._performers()

    def _hosted(self, outside: Outside) -> Hosted:
        """The application: a thread that reads, or what takes its place."""
        if outside.host is not None:
            return outside.host(self._around(outside))
        return ThreadedApplication(
            self._gate, self._thread, self._driver, self.positions, self.callbacks
        )

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
            events.Failed: self._failed,
        }

    def _around(self, outside: Outside) -> Surroundings:
        return Surroundings(
            name=self.name,
            topics=self._topics,
            member=self.member,
            config=self.config,
            commit_ms=self.behaviour.commit_ms,
            gate=self._gate,
            lines=self.lines,
            logs=outside.logs,
            tell=self._driver.tell,
            told=outside.told,
            subscribe=self.subscribe,
            notice=self._notice,
            events_so_far=outside.events_so_far,
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
        """Its consumer is neither crashed nor closed."""
        return self._lives

    @property
    def paused(self) -> bool:
        """It stands still."""
        return self._gate.paused

    @property
    def busy_until(self) -> int:
        """When the application's thread is free (ms); in the past when it is."""
        return self._application.busy_until

    @property
    def overdue(self) -> bool:
        """It is busy for longer than its group lets it, so that something is still to come."""
        return (
            self.alive and self._thread.busy and self._batch_ms > self.config.max_poll_interval_ms
        )

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

    def start(self) -> None:
        """Come to life and want the topics that it was declared with."""
        group_id = self.config.group_id
        self._emit(
            trace.MemberStarted(
                t=self._world.now,
                group_id=group_id,
                member=self.name,
                topics=self._topics,
                session_timeout_ms=self.config.session_timeout_ms,
                rebalance_timeout_ms=self.config.max_poll_interval_ms,
            )
        )
        self._driver.tell(events.Subscribe(topics=self._topics))
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
        self._batch_ms = duration_ms
        self._application.occupy(duration_ms)

    def close(self) -> None:
        """Close the consumer in good order, once its application is free."""
        self._application.close()

    def settle(self) -> None:
        """How fast logs grow is about to change."""
        if not self.paused:
            self._thread.settle()

    def topic_changed(self, topic: str, partitions: int) -> None:
        """A topic has more partitions, or (0) none any more."""
        if partitions:
            self._gate.do(self.positions.logs_are_there, topic)
        else:
            self.positions.logs_are_gone(topic)

    def crash(self) -> None:
        """The process is gone: nothing is said to anybody, its sockets are cut."""
        if self.alive:
            if self.paused:
                self._thread.stand_still(self._gate.paused_at)
            self._end("crashed")
        elif self._gate.alive:
            self._gone()

    def pause(self) -> int:
        """Stand still: nothing is processed, sent or timed out until `resume`.

        Returns:
            What ends this pause alone, by `end_pause`.
        """
        if self.alive and not self.paused:
            self._thread.settle()
            self._gate.pause()
            self._say(trace.MemberPaused)
        return self._pauses.begin(None)

    def end_pause(self, token: int) -> None:
        """One pause is over: go on, unless another is on."""
        self._pauses.end(token)
        if not self._pauses:
            self.resume()

    def resume(self) -> None:
        """Go on. What happened meanwhile is dealt with now, in its order."""
        self._pauses.clear()
        if self.paused:
            self._gate.open()
            self._thread.stand_still(self._gate.paused_at)
            self._say(trace.MemberResumed)
            self._gate.catch_up()

    def jump(self, ahead_ms: int) -> None:
        """Its clock shows so much more from now on; what is due by that is done now."""
        self.clock.jump(ahead_ms)
        self._driver.arm()

    def run_clock_at(self, permille: int) -> None:
        """Its clock counts so many milliseconds in a second from now on."""
        self.clock.run_at(permille)
        self._driver.arm()

    # --- what the member asks for ----------------------------------------------------------------

    def _perform(self, effect: events.MemberEffect) -> None:
        if type(effect) in CALLS:
            self._waiting.asked(effect, self._world.now)  # type: ignore[arg-type]
        self._performed.get(type(effect), self._notice)(effect)

    def _send(self, effect: events.Send) -> None:
        self._waiting.asked(effect, self._world.now)

        def answered(response: Response | None) -> None:
            self._gate.do(self._answered, effect, response)

        told = answered if self._teller is None else self._teller.sends(effect.request, answered)
        if not self.lines.send(effect.to, effect.node_id, effect.request, told):
            self._gate.after(1, self._answered, effect, None)

    def _answered(self, sent: events.Send, response: Response | None) -> None:
        token = sent.token
        self._waiting.answered(token)
        if response is None:
            self._driver.tell(events.Unanswered(token=token))
        elif self.crash_on is not None and getattr(response, "error", None) is self.crash_on:
            self.crash()
        elif isinstance(response, HeartbeatResponse) and response.error in OUT:
            self._refused(sent, response)
        elif isinstance(response, MetadataResponse):
            self._looks(token, response)
        else:
            self._driver.tell(events.Answered(token=token, response=response))

    def _looks(self, token: int, response: MetadataResponse) -> None:
        """It hears which topics there are; the checkers are told of what it takes."""
        awaited = token in self.member.waiting_for
        self._driver.tell(events.Answered(token=token, response=response))
        if awaited and response.error is ErrorCode.NONE:
            counts = response.cluster.partitions
            group_id = self.config.group_id
            self._told(LookedAtTopics(group_id=group_id, member=self.name, partitions=counts))

    def _refused(self, sent: events.Send, response: HeartbeatResponse) -> None:
        """It hears that it is out; the checkers are told what it makes of it."""
        assert isinstance(sent.request, HeartbeatRequest)
        asked_as = (sent.request.member_id, sent.request.generation_id)
        awaited = sent.token in self.member.waiting_for
        was = membership(self.member)
        self._driver.tell(events.Answered(token=sent.token, response=response))
        if awaited and asked_as == was:
            self._told(refused(self.member, self.name, was, response.error, self._world.now))

    def _state_changed(self, effect: events.MemberStateChanged) -> None:
        self._driver.state, self._since = effect.state, self._world.now
        self._world.seen["member", effect.previous.value, effect.state.value] += 1
        self._world.touched = True
        if effect.state is MemberState.STOPPED:
            self._end("closed")

    def _failed(self, effect: events.Failed) -> None:
        self._told(failed(self.member, self.name, effect, self._world.now))
        self._notice(effect)

    # --- what is told ----------------------------------------------------------------------------

    def _notice(self, effect: events.MemberEffect) -> None:
        event = member_events(
            effect, self._world.now, group_id=self.config.group_id, member=self.name
        )
        if event is not None:
            self._emit(event)

    def _end(self, how: Literal["closed", "crashed"]) -> None:
        self.positions.tell_progress()
        self._lives = False
        self._driver.end()
        if self._teller is not None:
            self._teller.end()
        self.lines.cut()
        self._emit(
            trace.MemberStopped(
                t=self._world.now, group_id=self.config.group_id, member=self.name, how=how
            )
        )
        if how == "crashed" or not self._application.closed():
            self._gone()

    def _gone(self) -> None:
        """Also what of the application went on after its consumer was closed."""
        self._gate.end()
        self._application.ended()

    def _say(self, kind: type[trace.MemberPaused] | type[trace.MemberResumed]) -> None:
        self._emit(kind(t=self._world.now, group_id=self.config.group_id, member=self.name))
