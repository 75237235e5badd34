"""SyncGroup: handing the plan in, getting one's own part of it (S).

Rule kept: an assignment is carried out only if it can be read and names subscribed topics only; the
member of a failed SyncGroup stays who it is and joins again, unless its generation is gone.
Source: AbstractCoordinator.SyncGroupResponseHandler, ConsumerCoordinator.onJoinComplete.
"""

from assignors.codec import CodecError
from assignors.model import PartitionSet
from rebalance.member import heartbeat, reasons
from rebalance.member.core import PROTOCOL_TYPE, InFlight, MemberCore, RequestKind
from rebalance.member.events import Unreadable
from rebalance.member.membership import (
    fail,
    forget_coordinator,
    join_again,
    lose_generation,
)
from rebalance.protocol.assignments import assigned_partitions
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import SyncGroupAssignment, SyncGroupRequest
from rebalance.protocol.responses import SyncGroupResponse
from rebalance.protocol.states import MemberState

KIND = RequestKind.SYNC_GROUP


def send(core: MemberCore, assignments: tuple[SyncGroupAssignment, ...]) -> None:
    """Send SyncGroup; only the leader has assignments."""
    core.leading = None
    core.enter(MemberState.SYNCING)
    request = SyncGroupRequest(
        group_id=core.config.group_id,
        generation_id=core.generation.generation_id,
        member_id=core.generation.member_id,
        group_instance_id=core.config.group_instance_id,
        protocol_type=PROTOCOL_TYPE,
        protocol_name=core.generation.protocol_name,
        assignments=assignments,
    )
    core.send(KIND, request)


def answered(core: MemberCore, sent: InFlight, response: SyncGroupResponse) -> None:
    """An assignment, another try, or the end."""
    error = response.error
    reason = reasons.after_error(KIND.value, error.name)
    match error:
        case ErrorCode.NONE:
            _assigned(core, response)
        case ErrorCode.REBALANCE_IN_PROGRESS:
            pause = core.config.profile.pauses_after_refused_sync
            join_again(core, reasons.GROUP_REBALANCES, pause=pause)
        case ErrorCode.UNKNOWN_MEMBER_ID | ErrorCode.ILLEGAL_GENERATION:
            keep = error is ErrorCode.ILLEGAL_GENERATION
            lose_generation(core, reason, keep_member_id=keep)
        case ErrorCode.COORDINATOR_NOT_AVAILABLE | ErrorCode.NOT_COORDINATOR:
            forget_coordinator(core)
            join_again(core, reason, pause=True)
        case _ if error in RETRIABLE:
            join_again(core, reason, pause=True)
        case _:
            fail(
                core,
                f"group {core.config.group_id!r} gave this member no assignment: {error.name}",
                code=error,
            )


def _assigned(core: MemberCore, response: SyncGroupResponse) -> None:
    name, chosen = response.protocol_name, core.generation.protocol_name
    if response.protocol_type not in (None, PROTOCOL_TYPE) or name not in (None, chosen):
        fail(
            core,
            f"SyncGroup of group {core.config.group_id!r} answered for the protocol "
            f"{response.protocol_type!r} {name!r} instead of {PROTOCOL_TYPE!r} {chosen!r}",
            code=ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        )
        return
    partitions = _read(core, response.assignment)
    if partitions is None:
        return
    foreign = [topic for topic in partitions.topics if topic not in core.topics]
    if foreign:
        # The subscription changed since the join, or the leader is wrong: then do not hurry.
        join_again(core, reasons.FOREIGN_ASSIGNMENT, pause=core.topics == core.joined_topics)
        return
    core.recovered(RequestKind.JOIN_GROUP)
    heartbeat.synced(core)
    core.assignment = partitions
    core.held, core.held_generation_id = partitions, core.generation.generation_id
    core.enter(MemberState.RECONCILING)


def _read(core: MemberCore, assignment: bytes) -> PartitionSet | None:
    """Nothing at all is an empty assignment: the leader left the member out (S02).

    Bytes that cannot be read are the end: to own nothing in silence would leave the partitions
    unread for good, whereas a member that leaves hands them to others.
    """
    try:
        return assigned_partitions(assignment)
    except CodecError as error:
        core.emit(Unreadable(what="assignment", member_id="", error=str(error)))
        if not assignment:
            return PartitionSet()
        fail(
            core,
            f"the assignment from the leader of group {core.config.group_id!r} is unreadable: "
            f"{error}; check the assignor {core.generation.protocol_name!r} of the leader",
            cause=error,
            leave_reason=reasons.UNREADABLE_ASSIGNMENT,
        )
        return None
