"""J03: a generation has no more members than group.max.size allows."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.timeline import trace

__all__ = ["NotTooMany"]

Snapshot = Callable[[str], GroupSnapshot | None]


class NotTooMany:
    """Whoever is too many is turned away before a generation begins.

    Not so with static members: one that is away counts, and takes no place from who joins.
    """

    RULE: ClassVar[str] = "J03"

    def __init__(self, most: int, snapshot: Snapshot, report: Report) -> None:
        self._most = most
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Generations as they begin."""
        return {trace.JoinCompleted: self._completed}

    def _completed(self, event: trace.JoinCompleted) -> None:
        group = self._snapshot(event.group_id)
        static = group is not None and any(m.group_instance_id for m in group.members)
        if len(event.members) > self._most and not static:
            self._report(
                self,
                event.t,
                f"generation {event.generation_id} of {event.group_id} has {len(event.members)} "
                f"members; group.max.size is {self._most}",
            )
