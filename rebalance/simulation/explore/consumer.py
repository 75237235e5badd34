"""One consumer and its connection to the coordinator: the part of a state that is its own.

Why: steps of two consumers do not touch each other. A state is a tuple of parts; a step replaces
one or two of them, and what a part does with an event is worked out once, however many states it
is part of. So a `Consumer` is never changed: whoever does something with it makes another one.
Rule kept: what waits for an answer is called by its role (a request by its kind), never by a token.
A member has one of each at most, so that tokens, which only grow, need not be part of a state.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from rebalance.member.classic import ClassicMember
from rebalance.member.core import MemberCore
from rebalance.protocol.requests import (
    CoordinatorRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
)
from rebalance.protocol.responses import CoordinatorResponse, JoinGroupResponse
from rebalance.protocol.states import MemberState
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.group import ExploredMember

__all__ = [
    "Consumer",
    "Frame",
    "Life",
    "Line",
    "Reply",
    "Role",
    "core_of",
    "fresh",
    "tokens",
]

Role = str
"""A request's kind as Kafka calls it, "listener" or "assignor"."""


class Life(Enum):
    """Where a consumer is in its life."""

    UNBORN = "not started"
    ALIVE = "alive"
    CRASHED = "crashed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Frame:
    """A request on its way; `role` is None once the member no longer waits for its answer."""

    role: Role | None
    request: CoordinatorRequest


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on its way back."""

    role: Role | None
    response: CoordinatorResponse


@dataclass(frozen=True, slots=True)
class Line:
    """The connection to the coordinator: in order each way, one request at the broker at a time."""

    number: int = 0
    """Counts the connections so far: what is answered on an older one reaches nobody."""
    to_broker: tuple[Frame, ...] = ()
    at_broker: Frame | None = None
    to_member: tuple[Reply, ...] = ()
    late: tuple[CoordinatorRequest, ...] = ()
    """Sent on connections that are no more, and still to reach the broker; nobody hears answers."""

    @property
    def roles(self) -> frozenset[Role | None]:
        """Whose answer may still come."""
        at_broker = (self.at_broker,) if self.at_broker is not None else ()
        return frozenset(each.role for each in (*self.to_broker, *at_broker, *self.to_member))


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One consumer as it stands. `member` must never be told anything: copy it before."""

    spec: ExploredMember
    member: ClassicMember
    life: Life = Life.UNBORN
    line: Line = Line()

    @property
    def name(self) -> str:
        """Its name, and its lane in a trace."""
        return self.spec.name

    @property
    def alive(self) -> bool:
        """It is running."""
        return self.life is Life.ALIVE

    def key(self) -> Hashable:
        """What makes two of the same name alike."""
        return (
            self.name,
            self.life,
            self.line,
            canonical(core_of(self.member)) if self.alive else None,
        )

    @property
    def settled(self) -> bool:
        """It has what it was given, or its life is over."""
        if self.alive:
            return self.member.state is MemberState.STABLE
        return self.life is not Life.UNBORN

    @property
    def member_ids(self) -> frozenset[str]:
        """Ids that the coordinator may hear of or that the consumer will learn that it has."""
        if not self.alive:
            return frozenset()
        ids = {self.member.member_id}
        for frame in self.line.to_broker:
            ids |= _named(frame.request)
        for reply in self.line.to_member:
            if reply.role is not None and isinstance(reply.response, JoinGroupResponse):
                ids.add(reply.response.member_id)
        return frozenset(ids - {""})


def core_of(member: ClassicMember) -> MemberCore:
    """What a member knows: a state is compared by all of it, not by what it shows."""
    return member._core


def tokens(member: ClassicMember) -> dict[Role, int]:
    """The tokens a member waits for, by role."""
    core = core_of(member)
    found = {kind.value: sent.token for kind, sent in core.requests.items()}
    if core.callback is not None:
        found["listener"] = core.callback.token
    if core.leading is not None and core.leading.token is not None:
        found["assignor"] = core.leading.token
    return found


def _named(request: CoordinatorRequest) -> set[str]:
    match request:
        case LeaveGroupRequest():
            return {each.member_id for each in request.members}
        case JoinGroupRequest() | OffsetCommitRequest():
            return {request.member_id}
        case _:
            return set()


def fresh(spec: ExploredMember) -> Consumer:
    """One that was not started yet."""
    return Consumer(spec=spec, member=ClassicMember(spec.config, spec.assignors))
