"""Requests of a process in the trace: when each was sent, when it was answered, and how.

Why: "the heartbeat was lost" is the whole story of many a session that expired. It is told only
where it was asked for: heartbeats make a trace many times as long.
"""

from collections.abc import Callable

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import Request
from rebalance.protocol.responses import Response
from rebalance.simulation.gate import Gate
from rebalance.simulation.network import OnAnswer, api_name
from rebalance.simulation.world import World
from rebalance.timeline.trace import Event, RequestAnswered, RequestSent

__all__ = ["RequestTeller"]


class RequestTeller:
    """Tells of one process's requests; numbered from 1."""

    __slots__ = ("_emit", "_ended", "_gate", "_group_id", "_member", "_sent", "_world")

    def __init__(
        self, world: World, gate: Gate, emit: Callable[[Event], None], group_id: str, member: str
    ) -> None:
        self._world = world
        self._gate = gate
        self._emit = emit
        self._group_id = group_id
        self._member = member
        self._sent = 0
        self._ended = False

    def sends(self, request: Request, answered: OnAnswer) -> OnAnswer:
        """Tell that it is sent; what is returned tells of the answer and hands it on."""
        self._sent += 1
        number = self._sent
        self._emit(
            RequestSent(
                t=self._world.now,
                group_id=self._group_id,
                member=self._member,
                api=api_name(request),
                number=number,
            )
        )

        def told(response: Response | None) -> None:
            self._gate.do(self._answered, number, response)
            answered(response)

        return told

    def end(self) -> None:
        """Its consumer is gone: of what it asked for nobody hears any more."""
        self._ended = True

    def _answered(self, number: int, response: Response | None) -> None:
        if self._ended:
            return
        error = getattr(response, "error", ErrorCode.NONE)
        words = "" if error is ErrorCode.NONE else error.name
        self._emit(
            RequestAnswered(
                t=self._world.now,
                group_id=self._group_id,
                member=self._member,
                number=number,
                error="connection lost" if response is None else words,
            )
        )
