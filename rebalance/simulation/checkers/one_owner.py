"""I01: a partition has one owner, in either view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.zombies import is_zombie
from rebalance.simulation.values import partition_name, partition_names
from rebalance.simulation.views import Views, flattened
from rebalance.timeline import trace

__all__ = ["GivenOnce", "TakenFromNobody"]


@dataclass(slots=True, kw_only=True)
class _Given:
    """What one generation of a group gave to whom."""

    generation_id: int
    owner: dict[tuple[str, int], str] = field(default_factory=dict)
    parts: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)


class GivenOnce:
    """In the coordinator's view: one generation gives nothing to two members.

    What a member is given replaces what it had; what a removed one had is free.
    """

    RULE: ClassVar[str] = "I01"

    def __init__(self, report: Report) -> None:
        self._given: dict[str, _Given] = {}
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Assignments as they are sent, and members as they go."""
        return {trace.AssignmentSent: self._sent, trace.MemberRemoved: self._removed}

    def _removed(self, event: trace.MemberRemoved) -> None:
        given = self._given.get(event.group_id)
        if given is not None:
            _take(given, event.member_id)

    def _sent(self, event: trace.AssignmentSent) -> None:
        given = self._given.get(event.group_id)
        if given is None or given.generation_id != event.generation_id:
            given = self._given[event.group_id] = _Given(generation_id=event.generation_id)
        _take(given, event.member_id)
        parts = given.parts[event.member_id] = tuple(flattened(event.partitions))
        twice: dict[str, list[tuple[str, int]]] = {}
        for partition in parts:
            owner = given.owner.setdefault(partition, event.member_id)
            if owner != event.member_id:
                twice.setdefault(owner, []).append(partition)
        for member_id, partitions in twice.items():
            self._report(
                self,
                event.t,
                f"{partition_names(partitions)} was given to {member_id} and to "
                f"{event.member_id} in generation {event.generation_id} of {event.group_id}",
            )


def _take(given: _Given, member_id: str) -> None:
    for partition in given.parts.pop(member_id, ()):
        if given.owner.get(partition) == member_id:
            del given.owner[partition]


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
            for lane in self._views.holders(event.group_id, partition):
                if lane.name != event.member and not is_zombie(self._views, lane):
                    self._report(
                        self,
                        event.t,
                        f"{event.member} takes {partition_name(partition)} of {event.group_id}, "
                        f"which {lane.name} still owns",
                    )
