"""A static member that comes back under a new member id (J15, J21; KIP-345, KIP-814).

Rule kept: in Stable, when the selected protocol would not change, nobody else notices: the group
is persisted and the current generation answered. Otherwise there is a rebalance.
Source: GroupMetadataManager.updateStaticMemberThenRebalanceOrCompleteJoin.
"""

import dataclasses
from dataclasses import dataclass

from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.assignment import refuse_sync
from rebalance.coordinator.classic_group import ClassicGroup, ClassicMemberState
from rebalance.coordinator.context import Context
from rebalance.coordinator.join_phase import (
    Why,
    answer_join,
    current_generation,
    maybe_complete,
    rebalance,
)
from rebalance.coordinator.membership import update
from rebalance.coordinator.selection import select_protocol
from rebalance.coordinator.sessions import arm_session, end_session
from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import MemberRemoved
from rebalance.protocol.records import GroupMetadata
from rebalance.protocol.requests import GroupProtocol, JoinGroupRequest
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState

_SKIPS_ASSIGNMENT = 9
"""First version of KIP-814: a leader may come back as leader and need not assign."""


def replace(
    context: Context,
    group: ClassicGroup,
    token: Token,
    request: JoinGroupRequest,
    old_member_id: str,
    new_member_id: str,
) -> None:
    """The instance's new id takes the place of the old one, which is fenced."""
    _fence(context, group, group.members[old_member_id])
    member = group.replace_static(old_member_id, new_member_id)
    before = _Before(
        member_id=old_member_id,
        protocols=member.protocols,
        session_timeout_ms=member.session_timeout_ms,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        led=group.leader == new_member_id,
    )
    _tell_replacement(context, group, member, old_member_id)
    arm_session(context, group, member)
    update(context, group, member, token, request)
    if group.state is GroupState.STABLE and select_protocol(group) == group.protocol_name:
        assignments = {m.member_id: m.assignment for m in group.members.values()}
        record = GroupMetadata(group_id=group.group_id, value=group.record_value(assignments))
        stored = _Stored(
            group=group,
            member_id=new_member_id,
            token=token,
            version=request.version,
            before=before,
        )
        context.append(group.group_id, (record,), stored)
    elif group.state is GroupState.PREPARING_REBALANCE:
        maybe_complete(context, group)
    else:
        reason = f"static member {old_member_id} came back as {new_member_id}"
        cause = Cause.STATIC_MEMBER_REPLACED
        rebalance(context, group, Why(cause=cause, member_id=new_member_id, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What the member was, to go back to when the change cannot be stored."""

    member_id: str
    protocols: tuple[GroupProtocol, ...]
    session_timeout_ms: int
    rebalance_timeout_ms: int
    led: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the group with its new member id is durable, or is not.

    The member was parked while that took, and who is parked cannot expire (J09): its session may
    be over by now. It begins anew with the answer, as it does with an assignment (S05). Kafka
    arms nothing here, so that a client that is gone by then stays a member for ever.
    """

    group: ClassicGroup
    member_id: str
    token: Token
    version: int
    before: _Before

    def __call__(self, context: Context, error: ErrorCode) -> None:
        group = self.group
        member = group.members.get(self.member_id)
        if member is None or member.join_token != self.token:
            return  # answered meanwhile: a rebalance began, or the member went
        if error is not ErrorCode.NONE:
            # A rebalance that began meanwhile goes on with the new id: others may have changed
            # what they support, so that the old protocols need not fit any more.
            if group.state is GroupState.STABLE:
                self._undo(context, group, member, error)
            return
        answer = current_generation(group, self.member_id)
        if self.version >= _SKIPS_ASSIGNMENT:
            answer = dataclasses.replace(answer, skip_assignment=self.before.led)
        else:
            # The restarted leader must not assign: it is told that its old self leads.
            leader = self.before.member_id if self.before.led else answer.leader
            answer = dataclasses.replace(answer, leader=leader, members=())
        answer_join(context, group, member, answer)
        arm_session(context, group, member)

    def _undo(
        self, context: Context, group: ClassicGroup, member: ClassicMemberState, error: ErrorCode
    ) -> None:
        refusal = JoinGroupResponse(error=client_error(error), member_id="")
        answer_join(context, group, member, refusal)
        end_session(context, group, self.member_id)
        group.update_protocols(member, self.before.protocols)
        member.session_timeout_ms = self.before.session_timeout_ms
        member.rebalance_timeout_ms = self.before.rebalance_timeout_ms
        group.replace_static(self.member_id, self.before.member_id)
        _tell_replacement(context, group, member, self.member_id)
        arm_session(context, group, member)


def _fence(context: Context, group: ClassicGroup, member: ClassicMemberState) -> None:
    """The old id's parked requests are refused and nobody waits for its heartbeats (J15, J19)."""
    fenced = ErrorCode.FENCED_INSTANCE_ID
    refusal = JoinGroupResponse(error=fenced, member_id=member.member_id)
    answer_join(context, group, member, refusal)
    refuse_sync(context, member, fenced)
    end_session(context, group, member.member_id)


def _tell_replacement(
    context: Context, group: ClassicGroup, member: ClassicMemberState, old_member_id: str
) -> None:
    cause = Cause.STATIC_MEMBER_REPLACED
    context.tell(MemberRemoved(group_id=group.group_id, member_id=old_member_id, cause=cause))
    context.tell(member.added(group.group_id))
