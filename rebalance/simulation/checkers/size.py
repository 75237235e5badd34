"""J03: a generation has no more members than group.max.size allows."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["NotTooMany"]


class NotTooMany:
    """Whoever is too many is turned away before a generation begins.

    A static member that is away takes no place from who joins: it comes on top.
    """

    RULE: ClassVar[str] = "J03"

    def __init__(self, most: int, views: Views, report: Report) -> None:
        self._most = most
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Generations as they begin."""
        return {trace.JoinCompleted: self._completed}

    def _completed(self, event: trace.JoinCompleted) -> None:
        here = [each for each in event.members if not self._is_away(event.group_id, each)]
        if len(here) > self._most:
            self._report(
                self,
                event.t,
                f"generation {event.generation_id} of {event.group_id} has {len(here)} members "
                f"that are here; group.max.size is {self._most}",
            )

    def _is_away(self, group_id: str, member_id: str) -> bool:
        if member_id not in self._views.groups[group_id].static:
            return False
        lane = self._views.lane_of_member(group_id, member_id)
        return lane is None or not lane.joining
