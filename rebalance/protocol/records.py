"""What must survive a coordinator's death, as records (rules P02, P06).

Why: the coordinator changes durable state only by way of a record that was appended; replaying
the records rebuilds the groups. Their bytes are in offsets_records.py.
A `value` of None is a tombstone.
"""

from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.protocol.quickly_made import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadataMember:
    """A member in a group record: the chosen protocol's subscription and its assignment."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    subscription: bytes = field(repr=False)
    assignment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadataValue:
    """Value of a group record (GroupMetadataValue v3)."""

    protocol_type: str
    generation_id: int
    protocol_name: str | None
    leader: str | None
    current_state_timestamp_ms: int
    members: tuple[GroupMetadataMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadata:
    """Record type 2."""

    group_id: str
    value: GroupMetadataValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """Whose transaction a record belongs to, as its batch says, not the record."""

    producer_id: int
    epoch: int


NO_EXPIRY = -1


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitValue:
    """Value of an offset record (OffsetCommitValue v4, or v1 when it has an expiry: P05)."""

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp_ms: int
    expire_timestamp_ms: int = NO_EXPIRY
    """When the offset may be forgotten, if a request gave a retention time (v2 to v4)."""
    topic_id: bytes | None = field(default=None, repr=False)
    """The 16 bytes of the topic's id, where they are known."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommit:
    """Record type 1."""

    group_id: str
    partition: TopicPartition
    value: OffsetCommitValue | None


Record = GroupMetadata | OffsetCommit
