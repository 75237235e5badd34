"""J11, S04 where time stands still: a phase is over with the timer that measures it.

Why: the simulation measures how long a phase took (`JoinPhaseEnds`, `SyncPhaseEnds`). Here it shows
by what the group is once that timer has fired.
"""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind
from rebalance.simulation.checkers import Look, Report, Snapshot, TimerFired

__all__ = ["JoinTimerEndsTheJoinPhase", "SyncTimerEndsTheSyncPhase"]


class _TimerEndsItsPhase:
    """Once the timer has fired its phase is over."""

    RULE: ClassVar[str]
    _KIND: ClassVar[TimerKind]
    _PHASE: ClassVar[GroupState]
    _WAITED_FOR: ClassVar[str]

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Timers as they fire."""
        return {TimerFired: self._fired}

    def _fired(self, fact: TimerFired) -> None:
        group = self._snapshot(fact.key.group_id)
        if fact.key.kind is not self._KIND or group is None:
            return
        if group.state is self._PHASE and not self._may_go_on(group):
            told = f"goes on waiting for members to {self._WAITED_FOR} beyond its timeout"
            self._report(self, 0, f"{group.group_id} {told}")

    def _may_go_on(self, group: GroupSnapshot) -> bool:
        return False


class JoinTimerEndsTheJoinPhase(_TimerEndsItsPhase):
    """Nobody is waited for any longer, but where none but absent static members are left (G06)."""

    RULE: ClassVar[str] = "J11"
    _KIND: ClassVar[TimerKind] = TimerKind.JOIN
    _PHASE: ClassVar[GroupState] = GroupState.PREPARING_REBALANCE
    _WAITED_FOR: ClassVar[str] = "join"

    def _may_go_on(self, group: GroupSnapshot) -> bool:
        return any(member.group_instance_id for member in group.members)


class SyncTimerEndsTheSyncPhase(_TimerEndsItsPhase):
    """Who has not synced is out."""

    RULE: ClassVar[str] = "S04"
    _KIND: ClassVar[TimerKind] = TimerKind.SYNC
    _PHASE: ClassVar[GroupState] = GroupState.COMPLETING_REBALANCE
    _WAITED_FOR: ClassVar[str] = "sync"
