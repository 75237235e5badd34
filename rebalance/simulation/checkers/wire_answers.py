"""H01, S01, S02, O02: who may be answered what; generation, member and state decide it.

Why: the invariants say what must never become of ownership. A coordinator that forgets a rule is
often lucky: another rule saves the day, and what remains is a needless rebalance or a wrong answer.
Rule kept: what is due is decided as a request arrives, and only a refusal is remembered; a request
that may wait is looked at again when it is answered.
"""

from collections.abc import Hashable, Mapping
from typing import ClassVar

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, OffsetCommitRequest, SyncGroupRequest
from rebalance.protocol.responses import HeartbeatResponse, OffsetCommitResponse, SyncGroupResponse
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.checkers.wire_groups import WireGroup, WireGroups

__all__ = ["CommitAnswers", "HeartbeatAnswers", "PlanIsTheLeaders", "SyncAnswers"]

_OUT = frozenset(
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
_Due = dict[Hashable, frozenset[ErrorCode]]
"""By token of a request that is not answered yet: what it may be answered."""

_GONE = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION})
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
            self._report(self, fact.t, f"{_told(request, group, error)}: {due.name} is due")


class SyncAnswers:
    """Only a member gets an assignment, and only in the generation that it speaks of."""

    RULE: ClassVar[str] = "S01"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report
        self._due: _Due = {}

    def looks(self) -> Mapping[object, Look]:
        """What is due as it arrives, and what is answered then or later."""
        return {
            (Arrival, SyncGroupRequest): self._arrival,
            (Answer, SyncGroupRequest): self._answer,
        }

    def _arrival(self, fact: Arrival) -> None:
        request = fact.request
        assert isinstance(request, SyncGroupRequest)
        group = self._groups.of(request.group_id)
        if group.state == "Dead":
            self._due[fact.token] = _GONE
            return
        error = _refused(group, request)
        if error is None and group.state == "PreparingRebalance":
            error = ErrorCode.REBALANCE_IN_PROGRESS
        if error is not None:
            self._due[fact.token] = frozenset({error})

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        assert isinstance(request, SyncGroupRequest)
        assert isinstance(response, SyncGroupResponse)
        group, error = self._groups.of(request.group_id), response.error
        due = self._due.pop(fact.token, None)
        judged = error is ErrorCode.NONE or error in _OUT
        if due is not None and judged and error not in due:
            names = " or ".join(sorted(each.name for each in due))
            self._report(self, fact.t, f"{_told(request, group, error)}: {names} is due")
        elif (
            due is None and error is ErrorCode.NONE and request.generation_id != group.generation_id
        ):
            self._report(self, fact.t, f"{_told(request, group, error)}, which began meanwhile")


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


class CommitAnswers:
    """A commit from outside of the group or its generation is refused, one from inside is taken."""

    RULE: ClassVar[str] = "O02"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report
        self._due: _Due = {}

    def looks(self) -> Mapping[object, Look]:
        """What is due as it arrives, and what is answered then or once it is written."""
        return {
            (Arrival, OffsetCommitRequest): self._arrival,
            (Answer, OffsetCommitRequest): self._answer,
        }

    def _arrival(self, fact: Arrival) -> None:
        assert isinstance(fact.request, OffsetCommitRequest)
        due = _of_commit(self._groups.of(fact.request.group_id), fact.request)
        if due:
            self._due[fact.token] = due

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        assert isinstance(request, OffsetCommitRequest)
        assert isinstance(response, OffsetCommitResponse)
        due = self._due.pop(fact.token, None)
        judged = {e.error for e in response.partitions if e.error is ErrorCode.NONE} | {
            e.error for e in response.partitions if e.error in _OUT
        }
        allowed = frozenset({ErrorCode.NONE}) if due is None else due
        for error in sorted(judged - allowed):
            names = " or ".join(sorted(each.name for each in allowed))
            told = _told(request, self._groups.of(request.group_id), error)
            self._report(self, fact.t, f"{told}: {names} was due as it came")


def _of_commit(group: WireGroup, request: OffsetCommitRequest) -> frozenset[ErrorCode]:
    """What a commit may be answered by where it comes from; nothing: it is taken."""
    outside = request.generation_id < 0
    if group.state == "Dead":
        # A group without members is made anew, or was loaded, without a word.
        return _GONE | {ErrorCode.NONE} if outside else _GONE
    if outside and group.state == "Empty":
        return frozenset()
    if outside and not request.member_id and request.group_instance_id is None:
        return frozenset({ErrorCode.UNKNOWN_MEMBER_ID})
    error = _refused(group, request)
    if error is None and group.state == "CompletingRebalance":
        error = ErrorCode.REBALANCE_IN_PROGRESS
    # A group that does not exist is Empty here, and refuses below v9 with ILLEGAL_GENERATION (O01).
    if error is not None and group.state == "Empty":
        return _GONE | {error}
    return frozenset() if error is None else frozenset({error})
