"""Doing something with one consumer: told an event, it says what it wants, and that is carried out.

Why: it does for `ClassicMember` what `process.py` does in virtual time, but on a copy, and whatever
takes time outside is left to be chosen: it is a role that waits.
No rule of the protocol is here.
"""

from collections import deque
from dataclasses import replace

from assignors.interface import AssignorError, run_assignor
from assignors.model import ClusterMetadata
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.core import CallbackKind, RequestKind
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    JoinGroupRequest,
    Request,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CoordinatorResponse,
    FindCoordinatorResponse,
    HeartbeatResponse,
    MetadataResponse,
    Response,
)
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKey
from rebalance.simulation.checkers import Fact, Membership, Planned
from rebalance.simulation.explore.consumer import (
    Consumer,
    Frame,
    Life,
    Line,
    Reply,
    Role,
    core_of,
    tokens,
)
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.hearing import OUT, membership, refused
from rebalance.timeline import trace
from rebalance.tracing import member_events

__all__ = ["Acting", "replied", "taken", "taken_late"]

NOW = 0
"""Time stands still: see docs/explore.md."""


class Acting:
    """A consumer while something is done with it; `done` gives what became of it."""

    def __init__(self, consumer: Consumer, cluster: ClusterMetadata) -> None:
        self._before = consumer
        self._cluster = cluster
        self._inbox: deque[events.MemberEvent] = deque()
        self._member: ClassicMember = copied(consumer.member)
        self._life = consumer.life
        line = consumer.line
        held = tokens(consumer.member)
        self._number = line.number
        # With tokens instead of roles while it lasts: a role may change hands meanwhile.
        self._to_broker = [(_token(held, each.role), each.request) for each in line.to_broker]
        at_broker = line.at_broker
        self._at_broker = (
            None if at_broker is None else (_token(held, at_broker.role), at_broker.request)
        )
        self._to_member = [(_token(held, each.role), each.response) for each in line.to_member]
        self._late = list(line.late)
        self.facts: list[Fact] = []

    def done(self) -> Consumer:
        """The consumer as it is now."""
        if self._life in (Life.CRASHED, Life.CLOSED):
            line = Line(late=tuple(self._late))
            return replace(self._before, member=self._member, life=self._life, line=line)
        roles = {token: role for role, token in tokens(self._member).items()}
        at_broker = self._at_broker
        line = Line(
            number=self._number,
            to_broker=tuple(Frame(_role(roles, t), each) for t, each in self._to_broker),
            at_broker=None
            if at_broker is None
            else Frame(_role(roles, at_broker[0]), at_broker[1]),
            to_member=tuple(Reply(_role(roles, t), each) for t, each in self._to_member),
            late=tuple(self._late),
        )
        return replace(self._before, member=self._member, life=self._life, line=line)

    # --- what may happen to it -------------------------------------------------------------------

    def start(self) -> None:
        """Come to life."""
        self._life = Life.ALIVE
        spec = self._before.spec
        self.facts.append(
            trace.MemberStarted(
                t=NOW, group_id=spec.config.group_id, member=spec.name, topics=spec.topics
            )
        )
        self._tell(events.Subscribe(topics=spec.topics))

    def hear(self) -> None:
        """The next answer arrives."""
        token, response = self._to_member.pop(0)
        if token is None:
            return
        was, asked_as = membership(self._member), self._asked_as()
        self._tell(events.Answered(token=token, response=response))
        if isinstance(response, HeartbeatResponse) and response.error in OUT and asked_as == was:
            self.facts.append(refused(self._member, self._before.name, was, response.error, NOW))

    def _asked_as(self) -> Membership | None:
        """Who it was when it sent the heartbeat that it waits for."""
        sent = core_of(self._member).requests.get(RequestKind.HEARTBEAT)
        if sent is None:
            return None
        return sent.generation.member_id, sent.generation.generation_id

    def return_from_listener(self) -> None:
        """The listener is done; what it revoked is revoked."""
        callback = core_of(self._member).callback
        assert callback is not None
        if callback.kind is CallbackKind.REVOKE:
            self._notice(events.Revoke(token=callback.token, partitions=callback.partitions))
        self._tell(events.CallbackDone(token=callback.token))

    def assign(self) -> None:
        """The assignor is done."""
        core = core_of(self._member)
        leading = core.leading
        assert leading is not None
        assert leading.token is not None
        assignor = core.assignors[core.generation.protocol_name]
        cluster, members = leading.cluster or ClusterMetadata({}), leading.members
        try:
            plan = run_assignor(assignor, cluster, members, protocol=core.protocol)
        except AssignorError as error:
            self._tell(events.AssignorFailed(token=leading.token, error=error))
        else:
            self.facts.append(
                Planned(
                    t=NOW,
                    group_id=self._member.config.group_id,
                    assignor=assignor.name,
                    cluster=cluster,
                    members=tuple(members.items()),
                    plan=plan,
                )
            )
            self._tell(events.AssignorDone(token=leading.token, assignment=plan))

    def poll(self) -> None:
        """The application polls."""
        self._tell(events.Polled())

    def enforce(self) -> None:
        """The user asks for a rebalance."""
        self._tell(events.EnforceRebalance(reason="does anything move without a reason?"))

    def close(self) -> None:
        """The user closes it."""
        self._tell(events.Close())

    def fire(self, key: TimerKey) -> None:
        """This timer runs out, and no other."""
        core_of(self._member).timers.arm(key, NOW)
        self._carry_out(self._member.advance(NOW))
        self._go_on()

    def crash(self, *, arrives: bool) -> None:
        """The process is gone. `arrives`: what it had sent reaches the broker all the same."""
        self._break_off(arrives=arrives)
        self._end(Life.CRASHED, "crashed")

    def cut(self, *, arrives: bool) -> None:
        """The connection breaks, and the consumer notices."""
        for token in self._break_off(arrives=arrives):
            self._tell(events.Unanswered(token=token))

    def lose_request(self) -> None:
        """The next request to the broker vanishes; its effect never was."""
        self._to_broker.pop(0)

    def lose_answer(self) -> None:
        """The next answer vanishes; its effect was."""
        self._to_member.pop(0)

    # --- carrying out ----------------------------------------------------------------------------

    def _tell(self, event: events.MemberEvent) -> None:
        self._inbox.append(event)
        self._go_on()

    def _go_on(self) -> None:
        """One event after another, until nothing is left that happens at once."""
        while self._inbox:
            self._carry_out(self._member.handle(self._inbox.popleft(), NOW))

    def _carry_out(self, effects: tuple[events.MemberEffect, ...]) -> None:
        for effect in effects:
            match effect:
                case events.Send(to=events.Destination.COORDINATOR):
                    self._send(effect)
                case events.Send():
                    response = _answered_anywhere(effect.request, self._cluster)
                    self._inbox.append(events.Answered(token=effect.token, response=response))
                case events.TakePositions():
                    offsets = dict.fromkeys(effect.partitions, 1)
                    taken = events.PositionsTaken(token=effect.token, offsets=offsets)
                    self._inbox.append(taken)
                case events.MemberStateChanged(state=MemberState.STOPPED):
                    self._break_off(arrives=True)
                    self._end(Life.CLOSED, "closed")
                case events.Revoke():
                    pass  # owned until its listener is done (M01)
                case _:
                    self._notice(effect)

    def _send(self, effect: events.Send) -> None:
        request = effect.request
        waiting: list[int] = []
        if isinstance(request, JoinGroupRequest) and self._awaits_rebalance():
            # The client gave that connection up; see lines.py.
            waiting = self._break_off(arrives=True)
        self._to_broker.append((effect.token, request))  # type: ignore[arg-type]
        self._inbox += [events.Unanswered(token=token) for token in waiting]

    def _awaits_rebalance(self) -> bool:
        at_broker = () if self._at_broker is None else (self._at_broker,)
        return any(
            isinstance(request, JoinGroupRequest | SyncGroupRequest)
            for _, request in (*self._to_broker, *at_broker)
        )

    def _break_off(self, *, arrives: bool) -> list[int]:
        """The next request opens a new connection. Gives the tokens that wait on the old one.

        Behind a parked request nothing is read from a connection, nor once it is closed.
        """
        at_broker = () if self._at_broker is None else (self._at_broker,)
        frames = (*self._to_member, *at_broker, *self._to_broker)
        if arrives and self._at_broker is None:
            self._late += [request for _, request in self._to_broker]
        if frames:
            self._number += 1
        self._to_broker, self._at_broker, self._to_member = [], None, []
        return [token for token, _ in frames if token is not None]

    def _notice(self, effect: events.MemberEffect) -> None:
        spec = self._before.spec
        event = member_events(effect, NOW, group_id=spec.config.group_id, member=spec.name)
        if event is not None:
            self.facts.append(event)

    def _end(self, life: Life, how: str) -> None:
        self._life = life
        spec = self._before.spec
        self.facts.append(
            trace.MemberStopped(
                t=NOW,
                group_id=spec.config.group_id,
                member=spec.name,
                how="crashed" if how == "crashed" else "closed",
            )
        )


def _answered_anywhere(request: Request, cluster: ClusterMetadata) -> Response:
    """What any broker says, and at once: it does not concern the group (docs/explore.md)."""
    if isinstance(request, FindCoordinatorRequest):
        return FindCoordinatorResponse(node_id=1)
    return MetadataResponse(cluster=cluster)


def _token(held: dict[Role, int], role: Role | None) -> int | None:
    return None if role is None else held[role]


def _role(roles: dict[int, Role], token: int | None) -> Role | None:
    return None if token is None else roles.get(token)


def replied(consumer: Consumer, number: int, response: CoordinatorResponse) -> Consumer:
    """The broker answers on a connection; nobody hears it on one that is no more."""
    line = consumer.line
    if not consumer.alive or number != line.number or line.at_broker is None:
        return consumer
    reply = Reply(line.at_broker.role, response)
    return replace(consumer, line=replace(line, at_broker=None, to_member=(*line.to_member, reply)))


def taken(consumer: Consumer) -> Consumer:
    """The broker reads the next request of the connection."""
    line = consumer.line
    line = replace(line, at_broker=line.to_broker[0], to_broker=line.to_broker[1:])
    return replace(consumer, line=line)


def taken_late(consumer: Consumer) -> Consumer:
    """The broker reads the next request of a connection that is no more."""
    return replace(consumer, line=replace(consumer.line, late=consumer.line.late[1:]))
