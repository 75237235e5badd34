"""What a coordinator may answer to a member under fire: every error code, garbage, or sense."""

from typing import Any

import hypothesis.strategies as st

from assignors.codec import encode_assignment, encode_subscription
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    MetadataRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    FindCoordinatorResponse,
    HeartbeatResponse,
    JoinedMember,
    JoinGroupResponse,
    LeaveGroupResponse,
    MetadataResponse,
    OffsetCommitResponse,
    Response,
    SyncGroupResponse,
)

TOPICS = ("t", "u")
partition_sets = st.builds(
    PartitionSet,
    st.dictionaries(st.sampled_from(TOPICS), st.sets(st.integers(0, 3)), max_size=2),
)
errors = st.sampled_from(sorted(ErrorCode))
group_errors = st.sampled_from(
    [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.MEMBER_ID_REQUIRED,
    ]
)
any_error = st.one_of(st.just(ErrorCode.NONE), group_errors, group_errors, errors)
garbage = st.one_of(st.just(b""), st.binary(max_size=12))
subscriptions = st.builds(
    lambda topics, owned, generation: encode_subscription(
        Subscription(topics=topics, owned=owned, generation_id=generation)
    ),
    st.lists(st.sampled_from(TOPICS), unique=True),
    partition_sets,
    st.integers(-1, 5),
)


def drawn_response(data: st.DataObject, request: Any) -> Response:
    error = data.draw(any_error)
    match request:
        case FindCoordinatorRequest():
            return FindCoordinatorResponse(error=error, node_id=data.draw(st.integers(-1, 2)))
        case MetadataRequest():
            counts = data.draw(st.dictionaries(st.sampled_from(TOPICS), st.integers(0, 3)))
            return MetadataResponse(error=error, cluster=ClusterMetadata(counts))
        case JoinGroupRequest():
            return _join_response(data, request, error)
        case SyncGroupRequest():
            good = partition_sets.map(encode_assignment)
            return SyncGroupResponse(
                error=error, assignment=data.draw(st.one_of(good, good, garbage))
            )
        case HeartbeatRequest():
            return HeartbeatResponse(error=error)
        case LeaveGroupRequest():
            return LeaveGroupResponse(error=error)
        case OffsetCommitRequest():
            each = [
                CommittedPartition(partition=o.partition, error=data.draw(any_error))
                for o in request.offsets
            ]
            return OffsetCommitResponse(partitions=tuple(each[data.draw(st.integers(0, 1)) :]))
    raise AssertionError(request)


def _join_response(
    data: st.DataObject, request: JoinGroupRequest, error: ErrorCode
) -> JoinGroupResponse:
    member_id = data.draw(st.sampled_from(["", "m-1", "m-2"]))
    if error is not ErrorCode.NONE:
        return JoinGroupResponse(error=error, member_id=member_id)
    metadata = st.one_of(subscriptions, subscriptions, garbage)
    return JoinGroupResponse(
        generation_id=data.draw(st.integers(-1, 9)),
        protocol_type=data.draw(st.sampled_from([None, "consumer", "consumer", "connect"])),
        protocol_name=data.draw(st.sampled_from(["hand", "hand", "hand", "other", None])),
        leader=data.draw(st.sampled_from(["m-1", "m-2", ""])),
        member_id=member_id,
        members=tuple(
            JoinedMember(member_id=member, metadata=data.draw(metadata))
            for member in data.draw(st.lists(st.sampled_from(["m-1", "m-2", "m-3"])))
        ),
        skip_assignment=data.draw(st.booleans()),
    )


def good_response(request: Any) -> Response:
    """The answer that lets a member go on, to what any member may ask."""
    match request:
        case FindCoordinatorRequest():
            return FindCoordinatorResponse(node_id=1)
        case MetadataRequest():
            return MetadataResponse(cluster=ClusterMetadata({"t": 4, "u": 4}))
        case HeartbeatRequest():
            return HeartbeatResponse()
        case LeaveGroupRequest():
            return LeaveGroupResponse()
        case OffsetCommitRequest():
            each = (CommittedPartition(partition=o.partition) for o in request.offsets)
            return OffsetCommitResponse(partitions=tuple(each))
    raise AssertionError(request)
