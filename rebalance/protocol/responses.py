"""Responses of the group protocol, in Kafka's words and without Kafka's bytes.

Why: see requests.py. Every response carries its error; J22 and J16 say what stands beside it.
Source: Kafka's message schemas of the same names.
"""

from dataclasses import dataclass, field

from assignors.model import ClusterMetadata, TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.quickly_made import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedMember:
    """A member as the leader sees it: its metadata is for the selected protocol (J13)."""

    member_id: str
    group_instance_id: str | None = None
    metadata: bytes = field(repr=False)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupResponse:
    """JoinGroup v0-9; the defaults are what stands in every error (J22)."""

    error: ErrorCode = ErrorCode.NONE
    generation_id: int = -1
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = ""
    skip_assignment: bool = False
    member_id: str
    members: tuple[JoinedMember, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupResponse:
    """SyncGroup v0-5."""

    error: ErrorCode = ErrorCode.NONE
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = field(default=b"", repr=False)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatResponse:
    """Heartbeat v0-4."""

    error: ErrorCode = ErrorCode.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftMember:
    """The answer to one entry of a LeaveGroup."""

    member_id: str
    group_instance_id: str | None = None
    error: ErrorCode = ErrorCode.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroupResponse:
    """LeaveGroup v0-5; below v3 the one member's error stands at the top (H04)."""

    error: ErrorCode = ErrorCode.NONE
    members: tuple[LeftMember, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedPartition:
    """The answer to one partition of an OffsetCommit, a TxnOffsetCommit or an OffsetDelete."""

    partition: TopicPartition
    error: ErrorCode = ErrorCode.NONE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitResponse:
    """OffsetCommit v2-10: an error a partition, in the request's order."""

    partitions: tuple[CommittedPartition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponse:
    """TxnOffsetCommit v0-6: an error a partition, in the request's order."""

    partitions: tuple[CommittedPartition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCompleted:
    """The answer to `TransactionEnded`: its offsets count from now on, or are forgotten.

    An error is the log's own, since no client is told; or NOT_COORDINATOR or
    COORDINATOR_LOAD_IN_PROGRESS, which no log gives.
    """

    error: ErrorCode = ErrorCode.NONE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedOffset:
    """One partition of an OffsetFetch; offset -1 = nothing committed."""

    partition: TopicPartition
    offset: int = -1
    leader_epoch: int = -1
    metadata: str = ""
    error: ErrorCode = ErrorCode.NONE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponse:
    """OffsetFetch of one group."""

    group_id: str
    error: ErrorCode = ErrorCode.NONE
    offsets: tuple[FetchedOffset, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedGroup:
    """The answer for one group of a DeleteGroups."""

    group_id: str
    error: ErrorCode = ErrorCode.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsResponse:
    """DeleteGroups v0-3: one result a group, in the request's order, a name sent twice once."""

    results: tuple[DeletedGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteResponse:
    """OffsetDelete v0: the group's error and then nothing else, or an error a partition."""

    error: ErrorCode = ErrorCode.NONE
    partitions: tuple[CommittedPartition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCoordinatorResponse:
    """FindCoordinator of one group; node -1 with an error."""

    error: ErrorCode = ErrorCode.NONE
    node_id: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataResponse:
    """Topics with partitions and racks; a topic that does not exist is absent from `cluster`."""

    error: ErrorCode = ErrorCode.NONE
    cluster: ClusterMetadata


CoordinatorResponse = (
    JoinGroupResponse
    | SyncGroupResponse
    | HeartbeatResponse
    | LeaveGroupResponse
    | OffsetCommitResponse
    | OffsetFetchResponse
    | DeleteGroupsResponse
    | OffsetDeleteResponse
    | TxnOffsetCommitResponse
    | TransactionCompleted
)

Response = CoordinatorResponse | FindCoordinatorResponse | MetadataResponse
