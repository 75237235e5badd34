"""I01, eager: between two generations nobody owns; who joins has given up all."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.values import partition_names
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["EagerJoinsWithNothing"]


class EagerJoinsWithNothing:
    """Looks at the eager members of each new generation, as they see themselves."""

    RULE: ClassVar[str] = "I01"

    def __init__(self, views: Views, is_eager: Callable[[str], bool], report: Report) -> None:
        self._views = views
        self._is_eager = is_eager
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Join phases as they end."""
        return {trace.JoinCompleted: self._join_completed}

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        for member_id in event.members:
            lane = self._views.lane_of_member(event.group_id, member_id)
            if lane is None or not lane.joining or not lane.owned:
                continue
            if self._is_eager(lane.name):
                self._report(
                    self,
                    event.t,
                    f"{lane.name} is eager and joined generation {event.generation_id} of "
                    f"{event.group_id} while it still owns {partition_names(lane.owned)}",
                )
