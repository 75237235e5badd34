"""A raw client: says what no honest member would say, and listens to nothing.

Why: some errors exist for peers that are wrong (an old generation, another's id, no group), and no
real member ever is. A stranger sends one request as it is told and remembers the member id that it
was given last.
"""

from collections.abc import Callable

from rebalance.protocol.requests import Request
from rebalance.protocol.responses import JoinGroupResponse, Response
from rebalance.simulation.network import Connection
from rebalance.simulation.path import Delay, Losses, Path

__all__ = ["Stranger"]


class Stranger:
    """One of them is enough for a simulation; each request has a connection of its own."""

    def __init__(
        self, connect: Callable[[int, Path], Connection | None], delay: Callable[[], Delay]
    ) -> None:
        self._connect = connect
        self._delay = delay
        self.given_id = ""
        """The last member id that a JoinGroup was answered with."""

    def send(self, request: Request) -> None:
        """Send it to the first broker, coordinator or not; the answer may never come."""
        path = Path(usual_delay=self._delay, lost_requests=Losses(), lost_answers=Losses())
        connection = self._connect(1, path)
        if connection is not None:
            connection.send(request, self._answered)

    def _answered(self, response: Response | None) -> None:
        if isinstance(response, JoinGroupResponse) and response.member_id:
            self.given_id = response.member_id
