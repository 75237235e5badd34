"""J06, J13, J22: what a JoinGroup may be answered, and how."""

from collections.abc import Hashable, Mapping
from typing import ClassVar

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import JoinGroupRequest
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.checkers.wire_groups import WireGroups

__all__ = ["JoinAnswers", "JoinRefusals", "TwinIsFenced"]


class JoinAnswers:
    """Who joined is a member, learns the current generation and, if it leads, of all others."""

    RULE: ClassVar[str] = "J13"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report

    def looks(self) -> Mapping[object, Look]:
        """Answers."""
        return {(Answer, JoinGroupRequest): self._answer}

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        assert isinstance(request, JoinGroupRequest)
        assert isinstance(response, JoinGroupResponse)
        if response.error is not ErrorCode.NONE:
            return
        group = self._groups.of(request.group_id)
        who = f"{response.member_id} joined generation {response.generation_id} of"
        if response.generation_id != group.generation_id:
            told = f"{who} {request.group_id}, which is in {group.generation_id}"
            self._report(self, fact.t, told, code="another generation")
        if response.member_id not in group.members:
            told = f"{who} {request.group_id} and is no member of it"
            self._report(self, fact.t, told, code="no member")
        listed = {each.member_id for each in response.members}
        if listed and listed != group.members.keys():
            others = ", ".join(sorted(listed ^ group.members.keys()))
            told = f"{who} {request.group_id} to lead it, with a wrong list of members: {others}"
            self._report(self, fact.t, told, code="other members")


class JoinRefusals:
    """A refusal names no generation, no leader and no members."""

    RULE: ClassVar[str] = "J22"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[object, Look]:
        """Answers."""
        return {(Answer, JoinGroupRequest): self._answer}

    def _answer(self, fact: Answer) -> None:
        response = fact.response
        assert isinstance(response, JoinGroupResponse)
        if response.error is ErrorCode.NONE:
            return
        if response.generation_id != -1 or response.leader or response.members:
            self._report(
                self,
                fact.t,
                f"{response.error.name} of {response.member_id!r} tells of generation "
                f"{response.generation_id}, leader {response.leader!r} and "
                f"{len(response.members)} members",
            )


class TwinIsFenced:
    """Who lost its group.instance.id to another consumer is told so, and does not get it back."""

    RULE: ClassVar[str] = "J06"

    def __init__(self, groups: WireGroups, report: Report) -> None:
        self._groups = groups
        self._report = report
        self._fenced: set[Hashable] = set()

    def looks(self) -> Mapping[object, Look]:
        """Who it is as it arrives, and what it is answered."""
        return {
            (Arrival, JoinGroupRequest): self._arrival,
            (Answer, JoinGroupRequest): self._answer,
        }

    def _arrival(self, fact: Arrival) -> None:
        request = fact.request
        assert isinstance(request, JoinGroupRequest)
        if not request.member_id:
            return
        group = self._groups.of(request.group_id)
        error = group.member_error(request.member_id, request.group_instance_id)
        if error is ErrorCode.FENCED_INSTANCE_ID:
            self._fenced.add(fact.token)

    def _answer(self, fact: Answer) -> None:
        request, response = fact.request, fact.response
        if fact.token not in self._fenced:
            return
        self._fenced.discard(fact.token)
        assert isinstance(request, JoinGroupRequest)
        assert isinstance(response, JoinGroupResponse)
        if response.error in (ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID):
            self._report(
                self,
                fact.t,
                f"{request.member_id} of {request.group_id} joins as "
                f"{request.group_instance_id}, which is another's, and is answered "
                f"{response.error.name}",
                code=response.error.name,
            )
