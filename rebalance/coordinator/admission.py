"""What is refused at the door: requests about groups that are not this coordinator's (P04).

Rule kept: what is wrong with a request itself is said first, by its own handler (J01, S01, A06);
then comes whether the group is coordinated here; then all other rules. A loading coordinator
answers a Heartbeat NONE: whoever beats must not lose its group because it moved.
Source: GroupCoordinatorService, the start of each of its operations; handleOperationException.
"""

from rebalance.coordinator import offsets
from rebalance.coordinator.context import Context
from rebalance.coordinator.join import request_error as join_error
from rebalance.coordinator.sync import request_error as sync_error
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    CoordinatorRequest,
    DeleteGroupsRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    OffsetDeleteRequest,
    OffsetFetchRequest,
    SyncGroupRequest,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    OffsetDeleteResponse,
    OffsetFetchResponse,
    SyncGroupResponse,
    TxnOffsetCommitResponse,
)


def admitted(context: Context, token: Token, request: CoordinatorRequest) -> bool:
    """Whether the request's handler is to see it; else it was answered here."""
    if not context.ownership.is_partial or isinstance(request, DeleteGroupsRequest):
        return True  # a batch of groups is looked at one by one
    error = context.ownership.error(request.group_id)
    if error is ErrorCode.NONE or _is_wrong_in_itself(context, request):
        return True
    _refuse(context, token, request, error)
    return False


def _is_wrong_in_itself(context: Context, request: CoordinatorRequest) -> bool:
    match request:
        case JoinGroupRequest():
            return join_error(context, request) is not None
        case SyncGroupRequest():
            return sync_error(request) is not None
        case (
            HeartbeatRequest()
            | LeaveGroupRequest()
            | OffsetDeleteRequest()
            | TxnOffsetCommitRequest()
        ):
            return not request.group_id
        case _:
            return False


def _refuse(context: Context, token: Token, request: CoordinatorRequest, error: ErrorCode) -> None:
    match request:
        case JoinGroupRequest():
            context.reply(token, JoinGroupResponse(error=error, member_id=""))  # J19
        case SyncGroupRequest():
            context.reply(token, SyncGroupResponse(error=error))
        case HeartbeatRequest():
            is_loading = error is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            context.reply(token, HeartbeatResponse(error=ErrorCode.NONE if is_loading else error))
        case LeaveGroupRequest():
            context.reply(token, LeaveGroupResponse(error=error))
        case OffsetCommitRequest():
            offsets.refuse(context, token, request, error)
        case OffsetFetchRequest():
            context.reply(token, OffsetFetchResponse(group_id=request.group_id, error=error))
        case OffsetDeleteRequest():
            context.reply(token, OffsetDeleteResponse(error=error))
        case TxnOffsetCommitRequest():
            answers = tuple(
                CommittedPartition(partition=offset.partition, error=error)
                for offset in request.offsets
            )
            context.reply(token, TxnOffsetCommitResponse(partitions=answers))
        case _:
            raise TypeError(f"no request of one group: {request!r}")
