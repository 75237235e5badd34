"""What a broker answers to who may not use a group: its principal has lost READ on it.

Why: an ACL that is taken away in the middle of things is the one fatal error that a consumer can
meet in every state, also while it looks for its coordinator. Kafka asks its authorizer before the
coordinator hears of a request, so that the group never knows.
Source: KafkaApis, GroupAuthorizationException of Java's AbstractCoordinator.
"""

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    Request,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    FindCoordinatorResponse,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    OffsetCommitResponse,
    OffsetFetchResponse,
    Response,
    SyncGroupResponse,
)

__all__ = ["refusal"]

_ERROR = ErrorCode.GROUP_AUTHORIZATION_FAILED


def refusal(request: Request) -> Response | None:
    """The answer in place of the coordinator's; None: the request is not about a group."""
    match request:
        case FindCoordinatorRequest():
            return FindCoordinatorResponse(error=_ERROR)
        case JoinGroupRequest():
            return JoinGroupResponse(error=_ERROR, member_id="")
        case SyncGroupRequest():
            return SyncGroupResponse(error=_ERROR)
        case HeartbeatRequest():
            return HeartbeatResponse(error=_ERROR)
        case LeaveGroupRequest():
            return LeaveGroupResponse(error=_ERROR)
        case OffsetCommitRequest():
            refused = (
                CommittedPartition(partition=o.partition, error=_ERROR) for o in request.offsets
            )
            return OffsetCommitResponse(partitions=tuple(refused))
        case OffsetFetchRequest():
            return OffsetFetchResponse(group_id=request.group_id, error=_ERROR)
    return None
