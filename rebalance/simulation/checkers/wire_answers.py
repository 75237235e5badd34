"""H01, S01, S02, O02: who may be answered what; generation, member and state decide it.

Why: the invariants say what must never become of ownership. A coordinator that forgets a rule is
often lucky: another rule saves the day, and what remains is a needless rebalance or a wrong answer.
Rule kept: what is due is decided as a request arrives, and only a refusal is remembered; a request
that may wait is looked at again when it is answered.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, OffsetCommitRequest, SyncGroupRequest
from rebalance.protocol.responses import HeartbeatResponse, OffsetCommitResponse, SyncGroupResponse
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.checkers.wire_groups import WireGroup, WireGroups

__all__ = ["CommitAnswers", "HeartbeatAnswers", "PlanIsTheLeaders", "SyncAnswers"]

_OUT: frozenset[ErrorCode] = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
    }
)
"""Refusals that say where a member stands in its group. Others say something of the broker or of
the request itself, and are not judged here."""

Spoken = HeartbeatRequest | SyncGroupRequest | OffsetCommitRequest
_Allowed = frozenset[ErrorCode]
"""What a request may be answered."""

_NOTHING: _Allowed = frozenset()
_GONE: _Allowed = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION})
"""A group that its coordinator deleted, or gave up."""


def _refused(group: WireGroup, request: Spoken) -> ErrorCode | None:
    """Rule J06, then the generation."""
    error = group.member_error(request.member_id, request.group_instance_id)
    if error is None and request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    return error


def _told(request: Spoken, group: WireGroup, error: ErrorCode) -> str:
    kind = type(request).__name__.removesuffix("Request")
    who = request.member_id or '""'
    return (
        f"{kind} of {who} in generation {request.generation_id} of {request.group_id} is answered "
        f"{error.name}; the group is {group.state} in generation {group.generation_id}"
    )


class HeartbeatAnswers:
    """A heartbeat of no member, or of another generation, is refused; any other is taken."""

    RULE: ClassVar[str] = "H01"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report

    def looks(self) -> Mapping[object, Look]:
        """Answers: a heartbeat is answered at once, so nothing has changed since it came."""
        return {(Answer, HeartbeatRequest): self._answer}

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        assert isinstance(request, HeartbeatRequest)
        assert isinstance(response, HeartbeatResponse)
        group, error = self._groups.of(request.group_id), response.error
        if group.state == "Dead":
            return  # another coordinator may be loading it, and answers NONE
        due = _refused(group, request) or (
            ErrorCode.REBALANCE_IN_PROGRESS
            if group.state == "PreparingRebalance"
            else ErrorCode.NONE
        )
        if error is not due and (error is ErrorCode.NONE or error in _OUT):
            told = f"{_told(request, group, error)}: {due.name} is due"
            self._report(self, fact.t, told, code=f"{error.name}, not {due.name}")


class _DueAsItCame(ABC):
    """What is due is decided as a request arrives, and the answer is judged by it, now or later."""

    RULE: ClassVar[str]
    REQUEST: ClassVar[type]
    TAKEN: ClassVar[_Allowed]
    """What a request may be answered that is not refused."""

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report
        self._due: dict[Hashable, _Allowed] = {}
        """By token of a request that is not answered yet and must be refused: how."""

    def looks(self) -> Mapping[object, Look]:
        """Requests as they come, and their answers."""
        return {(Arrival, self.REQUEST): self._arrival, (Answer, self.REQUEST): self._answer}

    def _arrival(self, fact: Arrival) -> None:
        request = fact.request
        assert isinstance(request, Spoken)
        due = self._refusals(self._groups.of(request.group_id), request)
        if due:
            self._due[fact.token] = due

    def _answer(self, fact: Answer) -> None:
        due = self._due.pop(fact.token, self.TAKEN)
        for error in sorted(self._said(fact.response) - due):
            if error is ErrorCode.NONE or error in _OUT:
                names = " or ".join(sorted(each.name for each in due))
                code = f"{error.name}, not {names}"
                self._wrong(fact, error, f": {names} was due as it came", code)

    def _wrong(self, fact: Answer, error: ErrorCode, why: str, code: str) -> None:
        request = fact.request
        assert isinstance(request, Spoken)
        told = _told(request, self._groups.of(request.group_id), error)
        self._report(self, fact.t, told + why, code=code)

    @abstractmethod
    def _refusals(self, group: WireGroup, request: Any) -> _Allowed:
        """What it may be answered if it must be refused; nothing: it is taken."""

    @abstractmethod
    def _said(self, response: Any) -> _Allowed:
        """The errors of an answer."""


class SyncAnswers(_DueAsItCame):
    """Only a member gets an assignment, and only in the generation that it speaks of."""

    RULE: ClassVar[str] = "S01"
    REQUEST: ClassVar[type] = SyncGroupRequest
    TAKEN: ClassVar[_Allowed] = _OUT | {ErrorCode.NONE}

    def _refusals(self, group: WireGroup, request: SyncGroupRequest) -> _Allowed:
        if group.state == "Dead":
            return _GONE
        error = _refused(group, request)
        if error is None and group.state == "PreparingRebalance":
            error = ErrorCode.REBALANCE_IN_PROGRESS
        return _NOTHING if error is None else frozenset({error})

    def _said(self, response: SyncGroupResponse) -> _Allowed:
        return frozenset({response.error})

    def _answer(self, fact: Answer) -> None:
        taken = fact.token not in self._due
        super()._answer(fact)
        request, response = fact.request, fact.response
        assert isinstance(request, SyncGroupRequest)
        assert isinstance(response, SyncGroupResponse)
        generation_id = self._groups.of(request.group_id).generation_id
        if taken and response.error is ErrorCode.NONE and request.generation_id != generation_id:
            self._wrong(fact, response.error, ", which began meanwhile", "a later generation")


class PlanIsTheLeaders:
    """What a member is given in a generation is what its leader said in that generation."""

    RULE: ClassVar[str] = "S02"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report

    def looks(self) -> Mapping[object, Look]:
        """Assignments as they are answered."""
        return {(Answer, SyncGroupRequest): self._answer}

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        assert isinstance(request, SyncGroupRequest)
        assert isinstance(response, SyncGroupResponse)
        group = self._groups.of(request.group_id)
        if response.error is not ErrorCode.NONE or group.plans is None:
            return
        if request.generation_id != group.generation_id:
            return  # rule S01
        said = [plan.get(request.member_id, b"") for plan in group.plans]
        if response.assignment not in said:
            self._report(
                self,
                fact.t,
                f"{request.member_id} was given in generation {request.generation_id} of "
                f"{request.group_id} what its leader {group.leader} did not say in that generation",
            )


class CommitAnswers(_DueAsItCame):
    """A commit from outside of the group or its generation is refused, one from inside is taken."""

    RULE: ClassVar[str] = "O02"
    REQUEST: ClassVar[type] = OffsetCommitRequest
    TAKEN: ClassVar[_Allowed] = frozenset({ErrorCode.NONE})

    def _refusals(self, group: WireGroup, request: OffsetCommitRequest) -> _Allowed:
        outside = request.generation_id < 0
        if group.state == "Dead":
            # A group without members is made anew, or was loaded, without a word.
            return _GONE | {ErrorCode.NONE} if outside else _GONE
        if outside and group.state == "Empty":
            return _NOTHING
        if outside and not request.member_id and request.group_instance_id is None:
            return frozenset({ErrorCode.UNKNOWN_MEMBER_ID})
        error = _refused(group, request)
        if error is None and group.state == "CompletingRebalance":
            error = ErrorCode.REBALANCE_IN_PROGRESS
        # One that does not exist is Empty here, and refuses below v9 with ILLEGAL_GENERATION (O01).
        if error is not None and group.state == "Empty":
            return _GONE | {error}
        return _NOTHING if error is None else frozenset({error})

    def _said(self, response: OffsetCommitResponse) -> _Allowed:
        return frozenset(each.error for each in response.partitions)
