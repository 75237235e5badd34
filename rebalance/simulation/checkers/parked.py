"""J12, J13, S02: who waits for an answer hears of it when the group goes on."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report, Snapshot
from rebalance.timeline import trace

__all__ = ["NobodyForgotten"]


class NobodyForgotten:
    """No SyncGroup stays parked in Preparing or Stable, no JoinGroup in Completing."""

    RULE: ClassVar[str] = "J12"

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """States as they are entered."""
        return {trace.GroupStateChanged: self._moved}

    def _moved(self, event: trace.GroupStateChanged) -> None:
        group = self._snapshot(event.group_id)
        if group is None or group.state.value != event.state:
            return  # it went on at once
        if event.state in ("PreparingRebalance", "Stable"):
            parked = [member.member_id for member in group.members if member.awaits_sync]
            self._forgotten(event, "SyncGroup", parked)
        elif event.state == "CompletingRebalance":
            parked = [member.member_id for member in group.members if member.awaits_join]
            self._forgotten(event, "JoinGroup", parked)

    def _forgotten(self, event: trace.GroupStateChanged, api: str, parked: list[str]) -> None:
        if parked:
            self._report(
                self,
                event.t,
                f"{event.group_id} became {event.state} and left the {api} of "
                f"{', '.join(parked)} unanswered",
                code=f"{event.state} {api}",
            )
