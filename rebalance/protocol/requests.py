"""Requests of the group protocol, in Kafka's words and without Kafka's bytes.

Why: the coordinator and the members speak these; a codec turns them into frames and back, the
simulation hands them over as they are. `version` is the API version a request came with, where a
rule depends on it. Times are milliseconds.
Source: Kafka's message schemas of the same names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.protocol.quickly_made import quickly_made

NO_GENERATION = -1
NO_MEMBER_ID = ""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class GroupProtocol:
    """One assignor a member offers: its wire name and the subscription encoded for it."""

    name: str
    metadata: bytes = field(repr=False)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupRequest:
    """JoinGroup v0-9. `rebalance_timeout_ms` is -1 in v0, which has none (rule G05)."""

    group_id: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    member_id: str
    group_instance_id: str | None = None
    protocol_type: str
    protocols: tuple[GroupProtocol, ...]
    reason: str | None = None
    version: int = 9
    client_id: str = ""
    client_host: str = ""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupAssignment:
    """What the leader gives to one member: an encoded assignment."""

    member_id: str
    assignment: bytes = field(repr=False)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupRequest:
    """SyncGroup v0-5; `assignments` is filled by the leader only."""

    group_id: str
    generation_id: int
    member_id: str
    group_instance_id: str | None = None
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignments: tuple[SyncGroupAssignment, ...] = ()
    version: int = 5


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRequest:
    """Heartbeat v0-4."""

    group_id: str
    generation_id: int
    member_id: str
    group_instance_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingMember:
    """One entry of a LeaveGroup; `reason` since v5 (KIP-800)."""

    member_id: str
    group_instance_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroupRequest:
    """LeaveGroup v0-5; below v3 exactly one member."""

    group_id: str
    members: tuple[LeavingMember, ...]
    version: int = 5


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetToCommit:
    """One partition of an OffsetCommit. `offset` is the next one to read."""

    partition: TopicPartition
    offset: int
    leader_epoch: int = -1
    metadata: str | None = ""
    topic_id: bytes | None = None
    """The 16 bytes of the topic's id, where the broker knows it (P05)."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitRequest:
    """OffsetCommit v2-10; generation -1 and no member id: from outside of any generation."""

    group_id: str
    generation_id: int = NO_GENERATION
    member_id: str = NO_MEMBER_ID
    group_instance_id: str | None = None
    offsets: tuple[OffsetToCommit, ...]
    retention_time_ms: int = -1
    version: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequest:
    """TxnOffsetCommit v0-6: offsets that count once the producer's transaction is committed.

    Below v3 no member says who it is: generation -1 and no member id.
    """

    group_id: str
    producer_id: int
    producer_epoch: int = 0
    generation_id: int = NO_GENERATION
    member_id: str = NO_MEMBER_ID
    group_instance_id: str | None = None
    offsets: tuple[OffsetToCommit, ...]
    version: int = 6


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchRequest:
    """OffsetFetch of one group (v8+ batches are split by the codec); None asks for all."""

    group_id: str
    partitions: tuple[TopicPartition, ...] | None
    member_id: str | None = None
    member_epoch: int = -1
    require_stable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsRequest:
    """DeleteGroups v0-3 of the groups that one coordinator keeps."""

    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteRequest:
    """OffsetDelete v0 of one group."""

    group_id: str
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCoordinatorRequest:
    """FindCoordinator of one group."""

    group_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataRequest:
    """Metadata of some topics: what a leader needs to assign."""

    topics: tuple[str, ...]


CoordinatorRequest = (
    JoinGroupRequest
    | SyncGroupRequest
    | HeartbeatRequest
    | LeaveGroupRequest
    | OffsetCommitRequest
    | OffsetFetchRequest
    | DeleteGroupsRequest
    | OffsetDeleteRequest
    | TxnOffsetCommitRequest
)
"""What a group coordinator answers."""

Request = CoordinatorRequest | FindCoordinatorRequest | MetadataRequest
"""What a member sends."""


def protocol_names(protocols: Sequence[GroupProtocol]) -> tuple[str, ...]:
    """The names in order of preference, for messages and votes."""
    return tuple([protocol.name for protocol in protocols])
