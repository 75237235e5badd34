"""The two connections of one process, and what a script does to them.

Rule kept: a request goes out on the connection that a real client would use, so that it waits
behind what a real one would wait behind. A client that gave up on a parked JoinGroup or SyncGroup
has closed that connection (Java does so at request.timeout.ms): joining again opens a new one.
"""

from collections.abc import Callable, Mapping

from rebalance.member.events import Destination
from rebalance.protocol.requests import JoinGroupRequest, Request, SyncGroupRequest
from rebalance.simulation.network import Connection, OnAnswer, api_name

__all__ = ["Lines"]


class Lines:
    """Connections of one process by destination, opened when first needed."""

    __slots__ = ("_connect", "_lost", "_open", "down")

    def __init__(self, connect: Callable[[], Connection], lost: Mapping[str, int]) -> None:
        self._connect = connect
        self._open: dict[Destination, Connection] = {}
        self._lost = dict(lost)
        self.down = False
        """A fault: the broker cannot be reached."""

    def send(self, to: Destination, request: Request, on_answer: OnAnswer) -> bool:
        """Send on the connection for `to`; False when there is none to be had."""
        if self.down:
            return False
        connection = self._open.get(to)
        if connection is not None and isinstance(request, JoinGroupRequest):
            self._give_up(connection)
        if connection is None or not connection.open:
            connection = self._open[to] = self._connect()
            connection.lost = self._vanishes
        connection.send(request, on_answer)
        return True

    def cut(self) -> None:
        """Both connections break; the next request opens new ones."""
        for connection in self._open.values():
            connection.cut()
        self._open.clear()

    def lose(self, api: str, after: int) -> None:
        """From now on requests of `api` vanish on their way, once `after` more got through."""
        self._lost[api] = after

    def deliver(self, api: str) -> None:
        """Requests of `api` get through again."""
        self._lost.pop(api, None)

    def mend(self) -> None:
        """No more faults."""
        self.down = False
        self._lost.clear()

    @staticmethod
    def _give_up(connection: Connection) -> None:
        if connection.awaits(JoinGroupRequest, SyncGroupRequest):
            connection.cut()

    def _vanishes(self, request: Request) -> bool:
        api = api_name(request)
        left = self._lost.get(api)
        if left is None:
            return False
        if left > 0:
            self._lost[api] = left - 1
            return False
        return True
