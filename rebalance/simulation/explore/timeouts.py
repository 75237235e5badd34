"""J11, S04 where time stands still: a phase is over with the timer that measures it.

Why: the simulation measures how long a phase took (`JoinPhaseEnds`, `SyncPhaseEnds`). Here it shows
by what the group is once that timer has fired.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind
from rebalance.simulation.checkers import Look, Report, TimerFired

__all__ = ["JoinTimerEndsTheJoinPhase", "SyncTimerEndsTheSyncPhase"]

Snapshot = Callable[[str], GroupSnapshot | None]
"""The group as its coordinator has it once the step is over."""


class JoinTimerEndsTheJoinPhase:
    """Nobody is waited for any longer, but where none but absent static members are left (G06)."""

    RULE: ClassVar[str] = "J11"

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Timers as they fire."""
        return {TimerFired: self._fired}

    def _fired(self, fact: TimerFired) -> None:
        group = self._snapshot(fact.key.group_id)
        if fact.key.kind is not TimerKind.JOIN or group is None:
            return
        static = any(member.group_instance_id for member in group.members)
        if group.state is GroupState.PREPARING_REBALANCE and not static:
            told = f"{group.group_id} goes on waiting for members to join beyond its timeout"
            self._report(self, 0, told)


class SyncTimerEndsTheSyncPhase:
    """Who has not synced is out."""

    RULE: ClassVar[str] = "S04"

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Timers as they fire."""
        return {TimerFired: self._fired}

    def _fired(self, fact: TimerFired) -> None:
        group = self._snapshot(fact.key.group_id)
        if fact.key.kind is not TimerKind.SYNC or group is None:
            return
        if group.state is GroupState.COMPLETING_REBALANCE:
            told = f"{group.group_id} goes on waiting for members to sync beyond its timeout"
            self._report(self, 0, told)
