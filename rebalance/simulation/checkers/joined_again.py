"""J11: whoever is in a generation asked to join it; only static members stay without a word."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["OnlyWhoJoined"]


class OnlyWhoJoined:
    """Looks at the members of each new generation, as they see themselves."""

    RULE: ClassVar[str] = "J11"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Join phases as they end."""
        return {trace.JoinCompleted: self._join_completed}

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        group = self._views.groups.get(event.group_id)
        static = group.static if group is not None else ()
        for member_id in event.members:
            lane = self._views.lane_of_member(event.group_id, member_id)
            if lane is not None and not lane.joining and member_id not in static:
                self._report(
                    self,
                    event.t,
                    f"{lane.name} ({member_id}) is in generation {event.generation_id} of "
                    f"{event.group_id} and did not ask to join it",
                )
