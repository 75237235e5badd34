"""Connections between a client and the broker: in order, slow at random, cut on request.

Rule kept: frames of one connection arrive in the order in which they were sent, each way, after a
delay drawn from the world's seed; and the broker takes one request at a time from a connection, as
Kafka does (it mutes the channel until the answer is written). A parked JoinGroup therefore holds up
whatever the same client sends behind it: Java's consumer sends no heartbeat while it joins, because
heartbeats share the coordinator's connection; so does aiokafka.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import Request
from rebalance.protocol.responses import LeaveGroupResponse, Response
from rebalance.simulation.world import World

__all__ = ["Connection", "Delay", "Server", "api_name"]

OnAnswer = Callable[[Response | None], None]
"""Told the response, or None when the connection broke first."""


def api_name(request: Request) -> str:
    """Kafka's name of the API: "JoinGroup" of a JoinGroupRequest."""
    return type(request).__name__.removesuffix("Request")


def errors_said(response: Response) -> tuple[ErrorCode, ...]:
    """The errors of an answer: its own and those of members that leave; NONE is none."""
    said = [getattr(response, "error", ErrorCode.NONE)]
    if isinstance(response, LeaveGroupResponse):
        said += [member.error for member in response.members]
    return tuple(error for error in said if error is not ErrorCode.NONE)


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a frame travels, one way, in milliseconds; both bounds included."""

    least_ms: int = 1
    most_ms: int = 3


class Server(Protocol):
    """What stands at the other end; answers with `connection.reply(number, response)`."""

    def receive(self, connection: "Connection", number: int, request: Request) -> None:
        """A request is next in line on this connection."""

    def closed(self, connection: "Connection") -> None:
        """The connection is gone: nothing on it can be answered any more."""


class Connection:
    """One TCP connection as both ends see it. Its life ends with `cut`."""

    __slots__ = (
        "_arrives_at_client",
        "_arrives_at_server",
        "_delay",
        "_in_hand",
        "_queue",
        "_server",
        "_waiting",
        "_world",
        "lost",
        "open",
        "sent",
    )

    def __init__(self, world: World, server: Server, delay: Callable[[], Delay]) -> None:
        self._world = world
        self._server = server
        self._delay = delay
        self._arrives_at_server = 0
        self._arrives_at_client = 0
        self._waiting: dict[int, tuple[Request, OnAnswer]] = {}
        self._queue: deque[tuple[int, Request]] = deque()
        self._in_hand = False
        self.open = True
        self.sent = 0
        self.lost: Callable[[Request], bool] | None = None
        """A fault: requests it says True of vanish on the way, and the client never hears."""

    def send(self, request: Request, on_answer: OnAnswer) -> None:
        """The client sends; `on_answer` is called once, unless the frame is lost on the way."""
        number = self.sent
        self.sent += 1
        self._waiting[number] = (request, on_answer)
        if self.lost is not None and self.lost(request):
            return
        self._arrives_at_server = self._arrival(self._arrives_at_server)
        self._world.at(self._arrives_at_server, self._at_server, number, request)

    def reply(self, number: int, response: Response) -> None:
        """The server answers the request in hand, and takes the next one."""
        if not self.open:
            return
        for error in errors_said(response):
            api = type(response).__name__.removesuffix("Response")
            self._world.seen["answer", api, error.name] += 1
        self._arrives_at_client = self._arrival(self._arrives_at_client)
        self._world.at(self._arrives_at_client, self._at_client, number, response)
        self._in_hand = False
        if self._queue:
            self._take(*self._queue.popleft())

    def awaits(self, *kinds: type[Request]) -> bool:
        """The client still waits for the answer to a request of these kinds."""
        return any(isinstance(request, kinds) for request, _ in self._waiting.values())

    def cut(self) -> None:
        """Both ends lose the connection now; what was under way is gone."""
        if not self.open:
            return
        self.open = False
        self._queue.clear()
        self._server.closed(self)
        waiting, self._waiting = self._waiting, {}
        for _, on_answer in waiting.values():
            self._world.at(self._world.now, on_answer, None)

    def _arrival(self, last: int) -> int:
        delay = self._delay()
        return max(last, self._world.now + self._world.between(delay.least_ms, delay.most_ms))

    def _at_server(self, number: int, request: Request) -> None:
        if not self.open:
            return
        if self._in_hand:
            self._queue.append((number, request))
        else:
            self._take(number, request)

    def _take(self, number: int, request: Request) -> None:
        self._in_hand = True
        self._server.receive(self, number, request)

    def _at_client(self, number: int, response: Response) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting[1](response)
