"""The connections of one process, and what a script does to them.

Rule kept: a request goes out on the connection that a real client would use, so that it waits
behind what a real one would wait behind: one connection to whichever broker answers, one more to
the coordinator. A client that asks again while the first request of that kind is unanswered has
given up on it, and closes that connection (Java does so at request.timeout.ms); so does one that
joins while a SyncGroup is parked, and one whose coordinator is another broker now.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from rebalance.member.events import Destination
from rebalance.protocol.requests import (
    JoinGroupRequest,
    OffsetFetchRequest,
    Request,
    SyncGroupRequest,
)
from rebalance.simulation.network import Connection, OnAnswer
from rebalance.simulation.path import Delay, Losses, Path, Split
from rebalance.simulation.spells import Spells

__all__ = ["Brokers", "Lines"]


class Brokers(Protocol):
    """What a process can connect to."""

    @property
    def addresses(self) -> Sequence[int]:
        """Node ids, as a client's bootstrap.servers would have them."""

    def connect(self, node_id: int, path: Path) -> Connection | None:
        """A new connection; None where nobody listens."""


class Lines:
    """Connections of one process, opened when first needed, over a path to each broker."""

    __slots__ = (
        "_any",
        "_brokers",
        "_coordinator",
        "_next",
        "_paths",
        "_splits",
        "lost_answers",
        "lost_requests",
        "outages",
    )

    def __init__(
        self,
        brokers: Brokers,
        usual_delay: Callable[[], Delay],
        lost_requests: Mapping[str, int],
        lost_answers: Mapping[str, int],
    ) -> None:
        self._brokers = brokers
        self._any: Connection | None = None
        self._next = 0
        self._coordinator: tuple[int, Connection] | None = None
        self.lost_requests = Losses(lost_requests)
        self.lost_answers = Losses(lost_answers)
        self._paths = {
            node_id: Path(
                usual_delay=usual_delay,
                lost_requests=self.lost_requests,
                lost_answers=self.lost_answers,
            )
            for node_id in brokers.addresses
        }
        self.outages = Spells[None]()
        """Faults: no broker can be reached, and the client knows at once."""
        self._splits: dict[int, Callable[[], None]] = {}
        """Token of a split -> what ends it."""

    def path(self, node_id: int) -> Path:
        """The way to a broker, whether there is a connection or not."""
        return self._paths[node_id]

    def send(self, to: Destination, node_id: int, request: Request, on_answer: OnAnswer) -> bool:
        """Send on the connection for `to`; False when there is none to be had."""
        if self.outages:
            return False
        anywhere = to is Destination.ANY
        connection = self._anywhere(request) if anywhere else self._at(node_id, request)
        if connection is None:
            return False
        connection.send(request, on_answer)
        return True

    def cut(self) -> None:
        """All connections break; the next request opens new ones."""
        if self._any is not None:
            self._any.cut()
        if self._coordinator is not None:
            self._coordinator[1].cut()
        self._any = self._coordinator = None

    # --- faults ----------------------------------------------------------------------------------

    @property
    def out_of_reach(self) -> bool:
        """No broker can be asked, or none be heard."""
        paths = self._paths.values()
        return bool(self.outages) or all(p.requests_blocked or p.answers_blocked for p in paths)

    def forbid(self, forbidden: bool) -> None:
        """Whether brokers refuse what this process asks of its group."""
        for path in self._paths.values():
            path.forbidden = forbidden

    def delay(self, delay: Delay | None) -> None:
        """Frames of this process travel so long, not as long as those of others; None: as they."""
        for path in self._paths.values():
            path.own_delay = delay

    def block(
        self, node_ids: Sequence[int] = (), *, requests: bool, answers: bool
    ) -> Callable[[], None]:
        """Frames to and from these brokers (none named: all) wait, in these directions.

        What it gives ends that, and nothing else that holds frames up.
        """
        paths = [self._paths[node_id] for node_id in node_ids or tuple(self._paths)]
        blocked = [(path, path.block(requests=requests, answers=answers)) for path in paths]

        def unblock() -> None:
            for path, token in blocked:
                path.unblock(token)

        return unblock

    def split(self, token: int, split: Split) -> None:
        """A split of the network began; `token` says which."""
        self._splits[token] = self.block(
            split.node_ids, requests=split.requests, answers=split.answers
        )

    def whole(self, token: int) -> None:
        """That split is over; nothing happens if it was before."""
        end = self._splits.pop(token, None)
        if end is not None:
            end()

    def unblock(self) -> None:
        """What waited is under way."""
        self._splits.clear()
        for path in self._paths.values():
            path.unblock()

    def mend(self) -> None:
        """No more faults."""
        self.outages.clear()
        self.forbid(False)
        self.lost_requests.clear()
        self.lost_answers.clear()
        self.unblock()

    # --- connections -----------------------------------------------------------------------------

    def _anywhere(self, request: Request) -> Connection | None:
        """To whichever broker answers: one after the other, until one does."""
        connection = self._any
        if connection is not None and connection.open and _given_up(connection, request):
            connection.cut()
        if connection is not None and connection.open:
            return connection
        addresses = self._brokers.addresses
        for _ in addresses:
            node_id = addresses[self._next % len(addresses)]
            self._next += 1
            connection = self._brokers.connect(node_id, self._paths[node_id])
            if connection is not None:
                self._any = connection
                return connection
        return None

    def _at(self, node_id: int, request: Request) -> Connection | None:
        """To the coordinator."""
        if self._coordinator is not None:
            at, connection = self._coordinator
            if at != node_id or _given_up(connection, request):
                connection.cut()
            if connection.open:
                return connection
        found = self._brokers.connect(node_id, self._paths[node_id])
        if found is not None:
            self._coordinator = (node_id, found)
        return found


def _given_up(connection: Connection, request: Request) -> bool:
    """It asks for the same again, and has not been answered."""
    match request:
        case OffsetFetchRequest():
            return False  # several may be under way
        case JoinGroupRequest():
            return connection.awaits(JoinGroupRequest, SyncGroupRequest)
    return connection.awaits(type(request))
