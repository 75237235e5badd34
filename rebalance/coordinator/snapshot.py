"""A group as it stands, for tests, checkers and displays: plain data, safe to keep."""

from dataclasses import dataclass, field
from typing import NamedTuple

from assignors.codec import decode_assignment
from assignors.errors import CodecError
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.states import GroupState


class ListedGroup(NamedTuple):
    """What a list says of a group (A02): cheap, whatever the number of its members."""

    group_id: str
    state: GroupState
    protocol_type: str | None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSnapshot:
    """One member; `metadata` is for the selected protocol."""

    member_id: str
    client_id: str
    client_host: str
    group_instance_id: str | None
    session_timeout_ms: int
    rebalance_timeout_ms: int
    metadata: bytes = field(repr=False)
    assignment: bytes = field(repr=False)
    awaits_join: bool
    awaits_sync: bool

    @property
    def assigned(self) -> dict[str, tuple[int, ...]]:
        """Topic -> ascending partitions of its assignment.

        Empty where it has none, or what it has is no ConsumerProtocolAssignment.
        """
        if not self.assignment:
            return {}
        try:
            partitions = decode_assignment(self.assignment).partitions
        except CodecError:
            return {}
        return {topic: tuple(ids.tolist()) for topic, ids in partitions.by_topic.items()}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSnapshot:
    """One group; members in the order they were added."""

    group_id: str
    state: GroupState
    generation_id: int
    protocol_type: str | None
    protocol_name: str | None
    leader: str | None
    members: tuple[MemberSnapshot, ...]
    pending_member_ids: tuple[str, ...]


def snapshot(group: ClassicGroup) -> GroupSnapshot:
    """Copy what others may see."""
    name = group.protocol_name or ""
    return GroupSnapshot(
        group_id=group.group_id,
        state=group.state,
        generation_id=group.generation_id,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader,
        members=tuple(
            MemberSnapshot(
                member_id=member.member_id,
                client_id=member.client_id,
                client_host=member.client_host,
                group_instance_id=member.group_instance_id,
                session_timeout_ms=member.session_timeout_ms,
                rebalance_timeout_ms=member.rebalance_timeout_ms,
                metadata=member.metadata(name),
                assignment=member.assignment,
                awaits_join=member.awaits_join,
                awaits_sync=member.sync_token is not None,
            )
            for member in group.members.values()
        ),
        pending_member_ids=tuple(group.pending),
    )
