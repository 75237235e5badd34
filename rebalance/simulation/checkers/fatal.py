"""M08: a consumer that fails for good does so for a reason that the story gives.

Why: whoever failed is at rest, and the others go on without it, so that a member which gives up
where it should have gone on would be missed by every checker that looks at the group.
Rule kept: each fatal answer is held against what was told: who took an instance over, how many were
in the group, what was asked for and offered. What an assignor or a listener was made to raise is
known by its type.
"""

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar, cast, get_args

from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    HeartbeatRequest,
    JoinGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    HeartbeatResponse,
    JoinGroupResponse,
    OffsetCommitResponse,
    SyncGroupResponse,
)
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.member_facts import Forbidden
from rebalance.simulation.checkers.violation import Fatal, WriteFailed
from rebalance.simulation.checkers.wire_facts import Answer
from rebalance.simulation.views import Views
from rebalance.timeline import trace

__all__ = ["FailsForAReason"]

_FOR_GOOD = frozenset(
    {
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.INVALID_FETCH_SIZE,
        ErrorCode.UNKNOWN_SERVER_ERROR,
    }
)
"""What a log says that a client is told as UNKNOWN_SERVER_ERROR (appendErrorToResponseError)."""

_Request = HeartbeatRequest | JoinGroupRequest | OffsetCommitRequest | SyncGroupRequest
_Response = HeartbeatResponse | JoinGroupResponse | OffsetCommitResponse | SyncGroupResponse
_OF_A_MEMBER = tuple((Answer, kind) for kind in get_args(_Request))


class FailsForAReason:
    """Looks at consumers as they fail.

    `offered` gives the assignors of a lane by name; `on_purpose` what a story makes code raise.
    """

    RULE: ClassVar[str] = "M08"

    def __init__(
        self,
        views: Views,
        config: CoordinatorConfig,
        offered: Callable[[str], frozenset[str]],
        on_purpose: type[BaseException],
        report: Report,
    ) -> None:
        self._views = views
        self._config = config
        self._offered = offered
        self._on_purpose = on_purpose
        self._report = report
        self._forbidden: set[str] = set()
        """Lanes that may not use their group."""
        self._began: dict[str, trace.MemberStarted] = {}
        self._successions: dict[tuple[str, str], list[str]] = {}
        """(group, instance) -> the member ids that it had, in order"""
        self._fenced: set[tuple[str, str]] = set()
        """(group, member id): told so while its instance went by another id"""
        self._full_at: dict[str, int] = {}
        """group -> when it was full the last time; it may be so now"""
        self._knew_only: dict[str, dict[str, int]] = {}
        """group -> protocol -> until when its coordinator knew no other, because it was loaded"""
        self._gone: dict[str, dict[str, int]] = {}
        """group -> consumer -> when it was removed as a member the last time"""
        self._refused_at: dict[str, int] = {}
        """group -> when the log refused for good what its coordinator wrote"""
        self._reasons: Mapping[ErrorCode, Callable[[Fatal], bool]] = {
            ErrorCode.FENCED_INSTANCE_ID: self._taken_over,
            ErrorCode.GROUP_AUTHORIZATION_FAILED: lambda fact: fact.member in self._forbidden,
            ErrorCode.GROUP_MAX_SIZE_REACHED: self._was_full,
            ErrorCode.INVALID_SESSION_TIMEOUT: self._out_of_bounds,
            ErrorCode.INCONSISTENT_GROUP_PROTOCOL: self._nothing_in_common,
            ErrorCode.UNKNOWN_SERVER_ERROR: self._not_written,
        }

    def looks(self) -> Mapping[object, Look]:
        """Failures, and what may explain them."""
        return {
            Forbidden: lambda fact: self._forbidden.add(fact.member),
            trace.MemberStarted: self._started,
            trace.MemberJoined: self._added,
            trace.MemberRemoved: self._removed,
            trace.GroupStateChanged: self._goes_on,
            trace.JoinCompleted: self._goes_on,
            WriteFailed: self._write_failed,
            **dict.fromkeys(_OF_A_MEMBER, self._answered),
            Fatal: self._failed,
        }

    def _started(self, event: trace.MemberStarted) -> None:
        self._began[event.member] = event

    def _added(self, event: trace.MemberJoined) -> None:
        if event.group_instance_id is not None:
            key = (event.group_id, event.group_instance_id)
            self._successions.setdefault(key, []).append(event.member_id)

    def _answered(self, fact: Answer) -> None:
        response, request = cast(_Response, fact.response), cast(_Request, fact.request)
        if ErrorCode.FENCED_INSTANCE_ID not in _errors(response):
            return
        ids = self._successions.get((request.group_id, request.group_instance_id or ""), [])
        if ids and ids[-1] != request.member_id:
            self._fenced.add((request.group_id, request.member_id))

    def _removed(self, event: trace.MemberRemoved) -> None:
        if self._is_full(event.group_id):
            self._full_at[event.group_id] = event.t
        self._gone.setdefault(event.group_id, {})[self._who(event.group_id, event.member_id)] = (
            event.t
        )

    def _is_full(self, group_id: str) -> bool:
        group = self._views.groups.get(group_id)
        return group is not None and len(group.members) >= self._config.group_max_size

    def _goes_on(self, event: trace.GroupStateChanged | trace.JoinCompleted) -> None:
        group = self._views.groups.get(event.group_id)
        if group is not None and group.loaded:
            self._knew_only.setdefault(event.group_id, {})[group.protocol_name] = event.t

    def _write_failed(self, fact: WriteFailed) -> None:
        if fact.error in _FOR_GOOD:
            self._refused_at[fact.group_id] = fact.t

    def _failed(self, fact: Fatal) -> None:
        if isinstance(fact.cause, self._on_purpose):
            return
        reason = self._reasons.get(fact.code) if fact.code is not None else None
        if reason is None or not reason(fact):
            told = f"{fact.member} failed without a reason: {fact.error}"
            raised = type(fact.cause).__name__
            self._report(self, fact.t, told, code=raised if fact.code is None else fact.code.name)

    # --- the reasons -----------------------------------------------------------------------------

    def _taken_over(self, fact: Fatal) -> bool:
        """Its instance went by another id after it had its own (J06, J15); also for no longer than
        it took the log to refuse that, after which the coordinator took it back."""
        ids = self._successions.get((fact.group_id, fact.group_instance_id or ""), [])
        own = self._views.lanes[fact.member].member_id
        since = len(ids) - ids[::-1].index(own) if own in ids else 0
        return any(each != own for each in ids[since:]) or (fact.group_id, own) in self._fenced

    def _was_full(self, fact: Fatal) -> bool:
        """Since it came (J03)."""
        return (
            self._is_full(fact.group_id)
            or self._full_at.get(fact.group_id, -1) >= self._began[fact.member].t
        )

    def _out_of_bounds(self, fact: Fatal) -> bool:
        """Of what the broker allows (J01)."""
        least = self._config.group_min_session_timeout_ms
        most = self._config.group_max_session_timeout_ms
        asked = self._began[fact.member].session_timeout_ms
        return asked is not None and not least <= asked <= most

    def _not_written(self, fact: Fatal) -> bool:
        """Since it came, and nobody is told to try again (S02)."""
        return self._refused_at.get(fact.group_id, -1) >= self._began[fact.member].t

    def _nothing_in_common(self, fact: Fatal) -> bool:
        """With those that were in its group since it came (G08). Of a group that was loaded a
        coordinator knows what was chosen and no other protocol, until all have joined again (P03).
        """
        began, group = self._began[fact.member].t, self._views.groups.get(fact.group_id)
        known = {name for name, t in self._knew_only.get(fact.group_id, {}).items() if t >= began}
        if group is not None and group.loaded:
            known.add(group.protocol_name)
        own = self._offered(fact.member)
        if known - own:
            return True
        members = () if group is None else group.members
        others = {self._who(fact.group_id, member_id) for member_id in members}
        others |= {who for who, t in self._gone.get(fact.group_id, {}).items() if t >= began}
        offers = [self._offers_of(other, fact.group_id) for other in others]
        return not own.intersection(*offers)

    def _who(self, group_id: str, member_id: str) -> str:
        """The consumer that is this member; of a static one the coordinator knows the client id of
        the first that had its place (J15), and so only who has heard of its own id is known."""
        lane = self._views.lane_of_member(group_id, member_id)
        if lane is not None:
            return lane.name.partition(".")[0]
        group = self._views.groups[group_id]
        return "" if member_id in group.static else group.members.get(member_id, "")

    def _offers_of(self, who: str, group_id: str) -> frozenset[str]:
        """What all lives of a consumer offer; a stranger may offer what it likes."""
        lives = [
            self._offered(lane.name)
            for lane in self._views.lanes.values()
            if lane.group_id == group_id and lane.name.partition(".")[0] == who
        ]
        return frozenset.intersection(*lives) if lives else frozenset()


def _errors(response: _Response) -> Collection[ErrorCode]:
    if isinstance(response, OffsetCommitResponse):
        return [partition.error for partition in response.partitions]
    return (response.error,)
