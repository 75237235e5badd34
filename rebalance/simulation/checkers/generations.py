"""I04: generations grow, a group's and each member's."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.timeline import trace

__all__ = ["GenerationsAreNew", "GroupGenerations", "MemberGenerations"]


class GroupGenerations:
    """In the coordinator's view."""

    RULE: ClassVar[str] = "I04"

    def __init__(self, report: Report) -> None:
        self._generations: dict[str, int] = {}
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Whatever the coordinator says with a generation."""
        return {
            trace.GroupStateChanged: self._state_changed,
            trace.JoinCompleted: self._grows,
            trace.AssignmentSent: self._grows,
        }

    def _grows(
        self, event: trace.GroupStateChanged | trace.JoinCompleted | trace.AssignmentSent
    ) -> None:
        before = self._generations.get(event.group_id, -1)
        if event.generation_id < before:
            self._report(
                self,
                event.t,
                f"group {event.group_id} went from generation {before} to {event.generation_id}",
            )
        self._generations[event.group_id] = event.generation_id

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        self._grows(event)
        if event.state == "Dead":
            del self._generations[event.group_id]  # a new group of that name starts at 0


class GenerationsAreNew:
    """In the coordinator's view: each join phase makes another generation (G02)."""

    RULE: ClassVar[str] = "I04"

    def __init__(self, report: Report) -> None:
        self._last: dict[str, int] = {}
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Generations as they begin; a group that is gone may begin anew."""
        return {trace.JoinCompleted: self._completed, trace.GroupStateChanged: self._state_changed}

    def _completed(self, event: trace.JoinCompleted) -> None:
        if event.generation_id == self._last.get(event.group_id):
            self._report(
                self,
                event.t,
                f"generation {event.generation_id} of {event.group_id} began a second time",
            )
        self._last[event.group_id] = event.generation_id

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        if event.state == "Dead":
            self._last.pop(event.group_id, None)


class MemberGenerations:
    """In the members' view: as long as one goes by the same member id.

    A generation that no coordinator had written when it died is given out again by the next (P02).
    """

    RULE: ClassVar[str] = "I04"

    def __init__(self, report: Report) -> None:
        self._joined_last: dict[str, dict[str, trace.Joined]] = {}
        """By group and member."""
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Members as they learn of a generation, and groups as they end."""
        return {trace.Joined: self._joined, trace.GroupStateChanged: self._state_changed}

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        if event.state == "Dead":
            self._joined_last.pop(event.group_id, None)

    def _joined(self, event: trace.Joined) -> None:
        of_group = self._joined_last.setdefault(event.group_id, {})
        before = of_group.get(event.member)
        of_group[event.member] = event
        if before is None or before.member_id != event.member_id:
            return
        if event.generation_id < before.generation_id:
            self._report(
                self,
                event.t,
                f"{event.member} went from generation {before.generation_id} to "
                f"{event.generation_id}",
            )
