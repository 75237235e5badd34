"""A client that keeps no rule: it sends one request after another, as it is told to.

Why: half of the protocol is what a coordinator answers to those who are wrong: an old generation,
an id that nobody has, a name that nobody shares. Honest members never say such things.
Each request has a connection of its own, so that one that is parked holds up nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import JoinGroupResponse, LeaveGroupResponse, Response
from rebalance.simulation.network import Connection, api_name
from rebalance.simulation.world import World

__all__ = ["Exchange", "GroupRequest", "Stranger"]

GroupRequest = (
    JoinGroupRequest | SyncGroupRequest | HeartbeatRequest | LeaveGroupRequest | OffsetCommitRequest
)
"""What a stranger can send."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request and, once it is there, its answer."""

    request: GroupRequest
    answer: Response | None = None
    answered: int | None = None
    """When (ms); None: not yet."""

    def words(self) -> str:
        """What was asked and answered, for a line of its own."""
        api = api_name(self.request)
        return f"{api}: {_told(self.answer) if self.answer is not None else 'no answer yet'}"


class Stranger:
    """Everything one stranger asked for, and what it was told last."""

    def __init__(self, world: World, connect: Callable[[str], Connection | None]) -> None:
        self._world = world
        self._connect = connect
        self.member_id = ""
        self.generation_id = -1
        self.exchanges: list[Exchange] = []

    def send(self, request: GroupRequest) -> None:
        """Send it; the answer comes when it comes."""
        exchange = Exchange(request=request)
        self.exchanges.append(exchange)

        def answered(response: Response | None) -> None:
            exchange.answer, exchange.answered = response, self._world.now
            if isinstance(response, JoinGroupResponse):
                self.member_id = response.member_id
                self.generation_id = response.generation_id

        connection = self._connect(request.group_id)
        if connection is not None:
            connection.send(request, answered)


def _told(answer: Response) -> str:
    error = getattr(answer, "error", None)
    if isinstance(answer, JoinGroupResponse):
        return _joined(answer)
    if isinstance(answer, LeaveGroupResponse):
        each = [f'"{m.member_id}" {m.error.name}' for m in answer.members]
        return ", ".join([answer.error.name, *each])
    if error is None:
        return ", ".join(each.error.name for each in getattr(answer, "partitions", ()))
    return str(error.name)


def _joined(answer: JoinGroupResponse) -> str:
    """Everything that rules J19 and J22 are about."""
    error = "" if answer.error is ErrorCode.NONE else f"{answer.error.name}, "
    leads = f"{answer.leader} leads" if answer.leader else "no leader"
    members = "".join(f", {each.member_id}" for each in answer.members)
    counts = f", members{members[1:]}" if members else ""
    who = answer.member_id or '""'
    return f"{error}member id {who}, generation {answer.generation_id}, {leads}{counts}"
