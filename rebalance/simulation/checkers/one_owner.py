"""I01: a partition has one owner, in either view."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.zombies import is_zombie, rivals
from rebalance.simulation.values import partition_name, partition_names
from rebalance.simulation.views import Views, flattened
from rebalance.timeline import trace

__all__ = ["GivenOnce", "TakenFromNobody"]


class GivenOnce:
    """In the coordinator's view: one generation gives nothing to two members."""

    RULE: ClassVar[str] = "I01"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Assignments as they are sent."""
        return {trace.AssignmentSent: self._sent}

    def _sent(self, event: trace.AssignmentSent) -> None:
        group, given = self._views.groups[event.group_id], set(flattened(event.partitions))
        for member_id, (generation_id, owned) in group.sent.items():
            same = generation_id == event.generation_id and member_id != event.member_id
            if same and not given.isdisjoint(owned):
                self._report(
                    self,
                    event.t,
                    f"{partition_names(given & owned)} was given to {member_id} and to "
                    f"{event.member_id} in generation {generation_id} of {event.group_id}",
                )


class TakenFromNobody:
    """In the members' view: who takes a partition over takes it from nobody.

    A zombie may: it wakes up with an answer that was true when it was sent.
    """

    RULE: ClassVar[str] = "I01"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Partitions as they are taken over."""
        return {trace.Assigned: self._assigned}

    def _assigned(self, event: trace.Assigned) -> None:
        if is_zombie(self._views, self._views.lanes[event.member]):
            return
        for partition in flattened(event.partitions):
            for lane in rivals(self._views, event.group_id, partition):
                if lane.name != event.member:
                    self._report(
                        self,
                        event.t,
                        f"{event.member} takes {partition_name(partition)} of {event.group_id}, "
                        f"which {lane.name} still owns",
                    )
