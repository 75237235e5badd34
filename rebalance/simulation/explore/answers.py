"""Rules that show on the wire: who may be answered what (G04, S01, S02, H01, O02).

Why: the invariants say what must never become of ownership. A coordinator that forgets a rule is
often lucky: another rule saves the day, and what remains is a needless rebalance or a wrong answer.
Rule kept: a checker knows nothing of how a machine works. It sees requests, answers, timers and
trace events, in the order in which they happened at the coordinator.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    HeartbeatRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    OffsetCommitResponse,
    SyncGroupResponse,
)
from rebalance.protocol.timers import TimerKind
from rebalance.simulation.explore.facts import Answer, Arrival, Fact, TimerFired
from rebalance.timeline import trace

__all__ = ["Answers"]

Found = tuple[str, str]
"""A rule and what was wrong."""

_PREPARING = "PreparingRebalance"
_IN_GENERATION = frozenset({ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS})
"""What a heartbeat is answered in the generation that it speaks of."""


class Answers:
    """One group as its answers show it."""

    def __init__(self) -> None:
        self._state = "Empty"
        self._generation_id = 0
        self._leader = ""
        self._members: set[str] = set()
        self._pending: set[str] = set()
        """Ids that were handed out, not used, and not given up on."""
        self._waits_anyway = False
        """The join phase ends by its own timer: the initial delay (J10)."""
        self._plans: list[dict[str, bytes]] = []
        """What the leader said in this generation."""
        self._outside: set[OffsetCommitRequest] = set()
        """Commits that came from outside of the generation they were to be made in."""
        self._found: list[Found] = []

    def see(self, fact: Fact) -> Iterable[Found]:
        """Take in one fact; what is wrong about it."""
        look = self._SEE.get(type(fact))
        if look is not None:
            look(self, fact)
        found, self._found = self._found, []
        return found

    # --- the group -------------------------------------------------------------------------------

    def _member_joined(self, event: trace.MemberJoined) -> None:
        self._members.add(event.member_id)
        self._pending.discard(event.member_id)

    def _member_removed(self, event: trace.MemberRemoved) -> None:
        self._members.discard(event.member_id)

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        if event.state == _PREPARING:
            self._waits_anyway = event.previous == "Empty"
        elif event.previous == _PREPARING and event.state == "Empty":
            self._join_phase_ended(event.generation_id)
        self._state, self._generation_id = event.state, event.generation_id

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        self._join_phase_ended(event.generation_id)
        self._generation_id, self._leader = event.generation_id, event.leader
        self._plans = []

    def _join_phase_ended(self, generation_id: int) -> None:
        """Rule G04: a pending id is waited for, but not in the initial delay (J10), not beyond the
        rebalance timeout (J11), and a group without members has none (G05)."""
        if self._pending and self._members and not self._waits_anyway:
            ids = ", ".join(sorted(self._pending))
            self._wrong("G04", f"generation {generation_id} began without the pending {ids}")

    def _timer_fired(self, fact: TimerFired) -> None:
        if fact.key.kind is TimerKind.SESSION:
            self._pending.discard(fact.key.member_id)
        elif fact.key.kind is TimerKind.JOIN:
            self._waits_anyway = True

    # --- requests and answers --------------------------------------------------------------------

    def _arrival(self, fact: Arrival) -> None:
        request = fact.request
        if isinstance(request, SyncGroupRequest):
            current = request.generation_id == self._generation_id
            if current and request.member_id == self._leader:
                plan = {each.member_id: each.assignment for each in request.assignments}
                if plan not in self._plans:
                    self._plans.append(plan)
        elif isinstance(request, OffsetCommitRequest) and request.generation_id >= 0:
            inside = request.generation_id == self._generation_id
            if not inside or request.member_id not in self._members:
                self._outside.add(request)

    def _answer(self, fact: Answer) -> None:
        match fact.request, fact.response:
            case _, JoinGroupResponse(error=ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id):
                self._pending.add(member_id)
            case SyncGroupRequest() as request, SyncGroupResponse(error=ErrorCode.NONE) as response:
                self._assigned(request, response)
            case HeartbeatRequest() as request, HeartbeatResponse(error=error):
                if error in _IN_GENERATION and request.generation_id != self._generation_id:
                    self._wrong("H01", f"{_speaks(request)}, answered {error.name}: {self._is_in}")
            case LeaveGroupRequest(), LeaveGroupResponse(members=members):
                gone = {each.member_id for each in members if each.error is ErrorCode.NONE}
                self._pending -= gone
            case OffsetCommitRequest() as request, OffsetCommitResponse(partitions=partitions):
                self._committed(request, [each.error for each in partitions])

    def _assigned(self, request: SyncGroupRequest, response: SyncGroupResponse) -> None:
        if request.generation_id != self._generation_id:
            self._wrong("S01", f"{_speaks(request)}, answered with an assignment: {self._is_in}")
            return
        said = [plan.get(request.member_id, b"") for plan in self._plans]
        if response.assignment not in said:
            self._wrong(
                "S02",
                f"{request.member_id} was given in generation {request.generation_id} what its "
                f"leader {self._leader} did not say in that generation",
            )

    def _committed(self, request: OffsetCommitRequest, errors: list[ErrorCode]) -> None:
        if request in self._outside:
            self._outside.discard(request)
            if ErrorCode.NONE in errors:
                self._wrong("O02", f"{_speaks(request)}, accepted: {self._is_in}")

    @property
    def _is_in(self) -> str:
        return f"the group is in generation {self._generation_id}"

    def _wrong(self, rule: str, message: str) -> None:
        self._found.append((rule, message))

    _SEE: ClassVar[Mapping[type, Callable[..., None]]] = {
        Arrival: _arrival,
        Answer: _answer,
        TimerFired: _timer_fired,
        trace.MemberJoined: _member_joined,
        trace.MemberRemoved: _member_removed,
        trace.GroupStateChanged: _state_changed,
        trace.JoinCompleted: _join_completed,
    }


def _speaks(request: SyncGroupRequest | HeartbeatRequest | OffsetCommitRequest) -> str:
    kind = type(request).__name__.removesuffix("Request")
    return f"{kind} of {request.member_id} speaks of generation {request.generation_id}"
