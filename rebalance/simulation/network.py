"""Connections between a client and the broker: in order, slow at random, cut on request.

Rule kept: frames of one connection arrive in the order in which they were sent, each way, after a
delay drawn from the world's seed; frames of two connections overtake each other. The broker takes
one request at a time from a connection, as Kafka does (it mutes the channel until the answer is
written). A parked JoinGroup therefore holds up whatever the same client sends behind it: Java's
consumer sends no heartbeat while it joins, because heartbeats share the coordinator's connection;
so does aiokafka.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import Request
from rebalance.protocol.responses import LeaveGroupResponse, Response
from rebalance.simulation.path import Path
from rebalance.simulation.world import World

__all__ = ["Connection", "Server", "api_name"]

OnAnswer = Callable[[Response | None], None]
"""Told the response, or None when the connection broke first."""


def api_name(request: Request) -> str:
    """Kafka's name of the API: "JoinGroup" of a JoinGroupRequest."""
    return type(request).__name__.removesuffix("Request")


def errors_said(response: Response) -> tuple[ErrorCode, ...]:
    """The errors of an answer: its own and those of members that leave; NONE is none."""
    error = getattr(response, "error", ErrorCode.NONE)
    own = () if error is ErrorCode.NONE else (error,)
    if not isinstance(response, LeaveGroupResponse):
        return own
    members = (member.error for member in response.members)
    return *own, *(error for error in members if error is not ErrorCode.NONE)


class Server(Protocol):
    """What stands at the other end; answers with `connection.reply(number, response)`."""

    def receive(self, connection: "Connection", number: int, request: Request) -> None:
        """A request is next in line on this connection."""

    def closed(self, connection: "Connection") -> None:
        """The connection is gone: nothing on it can be answered any more."""


class Connection:
    """One TCP connection as both ends see it, over the client's `path`. Its life ends with `cut`.

    While the path is blocked, frames wait and arrive when it is free again, in their order: TCP
    sends them anew. Whoever does not want to wait so long cuts the connection.
    """

    __slots__ = (
        "_answers",
        "_arrives_at_client",
        "_arrives_at_server",
        "_in_hand",
        "_path",
        "_queue",
        "_requests",
        "_server",
        "_waiting",
        "_world",
        "open",
        "sent",
    )

    def __init__(self, world: World, server: Server, path: Path) -> None:
        self._world = world
        self._server = server
        self._path = path
        self._arrives_at_server = 0
        self._arrives_at_client = 0
        self._waiting: dict[int, tuple[Request, OnAnswer]] = {}
        self._queue: deque[tuple[int, Request]] = deque()
        self._in_hand: Request | None = None
        self._requests: list[tuple[int, Request]] = []
        """Held up by a blocked path."""
        self._answers: list[tuple[int, Response]] = []
        """Held up by a blocked path."""
        self.open = True
        self.sent = 0
        path.connections.append(self)

    @property
    def forbidden(self) -> bool:
        """Whoever sends on it may not use its group."""
        return self._path.forbidden

    def send(self, request: Request, on_answer: OnAnswer) -> None:
        """The client sends; `on_answer` is called once, unless a frame is lost on the way."""
        number = self.sent
        self.sent += 1
        self._waiting[number] = (request, on_answer)
        path = self._path
        if path.lost_requests and path.loses_request(api_name(request)):
            return
        if path.requests_blocked:
            self._requests.append((number, request))
        else:
            self._depart(number, request)

    def reply(self, number: int, response: Response) -> None:
        """The server answers the request in hand, and takes the next one."""
        if not self.open:
            return
        for error in errors_said(response):
            api = type(response).__name__.removesuffix("Response")
            self._world.seen["answer", api, error.name] += 1
        path, request = self._path, self._in_hand
        self._in_hand = None
        lost = False
        if path.lost_answers and request is not None:
            lost = path.loses_answer(api_name(request))
        if path.answers_blocked:
            if not lost:
                self._answers.append((number, response))
        elif not lost:
            self._return(number, response)
        if self._queue:
            self._take(*self._queue.popleft())

    def unblocked(self) -> None:
        """The path is free again: what was held up is under way."""
        if not self._path.requests_blocked:
            requests, self._requests = self._requests, []
            for request in requests:
                self._depart(*request)
        if not self._path.answers_blocked:
            answers, self._answers = self._answers, []
            for answer in answers:
                self._return(*answer)

    def awaits(self, *kinds: type[Request]) -> bool:
        """The client still waits for the answer to a request of these kinds."""
        if not self._waiting:
            return False
        return any(isinstance(request, kinds) for request, _ in self._waiting.values())

    def cut(self) -> None:
        """Both ends lose the connection now; what was under way is gone."""
        if not self.open:
            return
        self.open = False
        self._queue.clear()
        self._requests.clear()
        self._answers.clear()
        self._path.connections.remove(self)
        self._server.closed(self)
        waiting, self._waiting = self._waiting, {}
        for _, on_answer in waiting.values():
            self._world.at(self._world.now, on_answer, None)

    def _depart(self, number: int, request: Request) -> None:
        self._arrives_at_server = self._arrival(self._arrives_at_server)
        self._world.at(self._arrives_at_server, self._at_server, number, request)

    def _return(self, number: int, response: Response) -> None:
        self._arrives_at_client = self._arrival(self._arrives_at_client)
        self._world.at(self._arrives_at_client, self._at_client, number, response)

    def _arrival(self, last: int) -> int:
        delay = self._path.delay
        return max(last, self._world.now + self._world.between(delay.least_ms, delay.most_ms))

    def _at_server(self, number: int, request: Request) -> None:
        if not self.open:
            return
        if self._in_hand is not None:
            self._queue.append((number, request))
        else:
            self._take(number, request)

    def _take(self, number: int, request: Request) -> None:
        self._in_hand = request
        self._server.receive(self, number, request)

    def _at_client(self, number: int, response: Response) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting[1](response)
