"""G04 where time stands still: ids that were handed out are waited for, until a timer fires.

Why: the simulation measures how long a join phase took (`NobodyLeftOut`). Here nothing takes any
time; that somebody was waited for long enough shows by the timer that fired.
"""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import JoinGroupRequest, LeaveGroupRequest
from rebalance.protocol.responses import JoinGroupResponse, LeaveGroupResponse
from rebalance.protocol.timers import TimerKind
from rebalance.simulation.checkers import Answer, Look, Report, TimerFired
from rebalance.timeline import trace

__all__ = ["PendingIsWaitedFor"]

_PREPARING = "PreparingRebalance"


class PendingIsWaitedFor:
    """No generation begins without a pending id that is still waited for. Of one group."""

    RULE: ClassVar[str] = "G04"

    def __init__(self, report: Report) -> None:
        self._report = report
        self._members: set[str] = set()
        self._pending: set[str] = set()
        """Ids that were handed out, not used, and not given up on."""
        self._waits_anyway = False
        """The join phase ends by its own timer: the initial delay (J10)."""

    def looks(self) -> Mapping[object, Look]:
        """Who is handed an id, who uses or loses it, and what begins meanwhile."""
        return {
            (Answer, JoinGroupRequest): self._answer,
            (Answer, LeaveGroupRequest): self._answer,
            TimerFired: self._timer_fired,
            trace.MemberJoined: self._member_joined,
            trace.MemberRemoved: self._member_removed,
            trace.GroupStateChanged: self._state_changed,
            trace.JoinCompleted: self._join_completed,
        }

    def _member_joined(self, event: trace.MemberJoined) -> None:
        self._members.add(event.member_id)
        self._pending.discard(event.member_id)

    def _member_removed(self, event: trace.MemberRemoved) -> None:
        self._members.discard(event.member_id)

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        if event.state == _PREPARING:
            self._waits_anyway = event.previous == "Empty"
        elif event.previous == _PREPARING and event.state == "Empty":
            self._join_phase_ended(event)

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        self._join_phase_ended(event)

    def _join_phase_ended(self, event: trace.GroupStateChanged | trace.JoinCompleted) -> None:
        """A pending id is waited for, but not in the initial delay (J10), not beyond the rebalance
        timeout (J11), and a group without members has none (G05)."""
        if self._pending and self._members and not self._waits_anyway:
            ids = ", ".join(sorted(self._pending))
            told = f"generation {event.generation_id} began without the pending {ids}"
            self._report(self, event.t, told)

    def _timer_fired(self, fact: TimerFired) -> None:
        if fact.key.kind is TimerKind.SESSION:
            self._pending.discard(fact.key.member_id)
        elif fact.key.kind is TimerKind.JOIN:
            self._waits_anyway = True

    def _answer(self, fact: Answer) -> None:
        match fact.response:
            case JoinGroupResponse(error=ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id):
                self._pending.add(member_id)
            case LeaveGroupResponse(members=members):
                gone = {each.member_id for each in members if each.error is ErrorCode.NONE}
                self._pending -= gone
