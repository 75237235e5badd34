"""J11: whoever is in a generation asked to join it; only static members stay without a word."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.protocol.requests import JoinGroupRequest
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["OnlyWhoJoined"]


class OnlyWhoJoined:
    """Looks at the members of each new generation, as they see themselves.

    A JoinGroup that its member does not wait for any more, because its connection broke, asks all
    the same when it arrives late.
    """

    RULE: ClassVar[str] = "J11"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report
        self._late: set[tuple[str, str]] = set()
        """Group and member id of late requests that are not answered yet."""

    def looks(self) -> Mapping[object, Look]:
        """Requests to join, and join phases as they end."""
        return {
            (Arrival, JoinGroupRequest): self._asks,
            (Answer, JoinGroupRequest): self._answered,
            trace.JoinCompleted: self._join_completed,
        }

    def _asks(self, fact: Arrival) -> None:
        request = fact.request
        assert isinstance(request, JoinGroupRequest)
        lane = self._views.lane_of_member(request.group_id, request.member_id)
        if lane is not None and not lane.joining:
            self._late.add((request.group_id, request.member_id))

    def _answered(self, fact: Answer) -> None:
        request = fact.request
        assert isinstance(request, JoinGroupRequest)
        self._late.discard((request.group_id, request.member_id))

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        group = self._views.groups.get(event.group_id)
        static = group.static if group is not None else ()
        for member_id in event.members:
            lane = self._views.lane_of_member(event.group_id, member_id)
            if lane is None or lane.joining or member_id in static:
                continue
            if (event.group_id, member_id) not in self._late:
                self._report(
                    self,
                    event.t,
                    f"{lane.name} ({member_id}) is in generation {event.generation_id} of "
                    f"{event.group_id} and did not ask to join it",
                )
