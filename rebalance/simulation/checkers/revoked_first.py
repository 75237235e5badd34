"""I02: nothing changes hands before the old owner revoked it, left or was removed."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.zombies import is_zombie
from rebalance.simulation.values import partition_name
from rebalance.simulation.views import Views, flattened
from rebalance.timeline import trace

__all__ = ["RevokedFirst"]


class RevokedFirst:
    """What the coordinator gives, held against what members believe to own."""

    RULE: ClassVar[str] = "I02"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Assignments as they are sent."""
        return {trace.AssignmentSent: self._sent}

    def _sent(self, event: trace.AssignmentSent) -> None:
        for partition in flattened(event.partitions):
            for lane in self._views.holders(event.group_id, partition):
                if lane.member_id != event.member_id and not is_zombie(self._views, lane):
                    self._report(
                        self,
                        event.t,
                        f"{partition_name(partition)} was given to {event.member_id} in "
                        f"generation {event.generation_id} of {event.group_id} while {lane.name} "
                        f"({lane.member_id}) has not revoked it",
                    )
