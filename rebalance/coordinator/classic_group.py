"""A classic group and its members: what is kept (G03) and the questions rules ask of it.

Why: state and its one door stand here, the rules stand in the files beside. Members keep the
order in which they were added, so that the same requests give the same answers.
Source: ClassicGroup, ClassicGroupMember.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rebalance.protocol.effects import Token
from rebalance.protocol.notices import AssignmentSent, MemberAdded, StateChanged
from rebalance.protocol.records import GroupMetadataMember, GroupMetadataValue
from rebalance.protocol.requests import GroupProtocol, protocol_names
from rebalance.protocol.responses import JoinedMember
from rebalance.protocol.states import GROUP_TRANSITIONS, GroupState, IllegalTransition


@dataclass(slots=True, kw_only=True)
class ClassicMemberState:
    """A member as its coordinator knows it."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: tuple[GroupProtocol, ...]
    assignment: bytes = b""
    is_new: bool = True
    """Until its first join completes (J08)."""
    join_token: Token | None = None
    sync_token: Token | None = None

    @property
    def awaits_join(self) -> bool:
        """Parked in JoinGroup."""
        return self.join_token is not None

    @property
    def cannot_expire(self) -> bool:
        """Rule J09: parked, and not new."""
        return not self.is_new and (self.join_token is not None or self.sync_token is not None)

    def added(self, group_id: str) -> MemberAdded:
        """The news that it is in the group."""
        return MemberAdded(
            group_id=group_id,
            member_id=self.member_id,
            client_id=self.client_id,
            group_instance_id=self.group_instance_id,
        )

    def metadata(self, protocol_name: str) -> bytes:
        """What it sent for `protocol_name` (empty when it does not offer it)."""
        return next((p.metadata for p in self.protocols if p.name == protocol_name), b"")


@dataclass(slots=True, kw_only=True)
class ClassicGroup:
    """One group. `state` is set by `transition` alone."""

    group_id: str
    state: GroupState = GroupState.EMPTY
    previous_state: GroupState = GroupState.EMPTY
    state_since_ms: int = 0
    generation_id: int = 0
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str | None = None
    members: dict[str, ClassicMemberState] = field(default_factory=dict)
    static_members: dict[str, str] = field(default_factory=dict)
    """group_instance_id -> member_id"""
    pending: dict[str, None] = field(default_factory=dict)
    """Ids handed out and not yet joined (J05), in order."""
    pending_sync: dict[str, None] = field(default_factory=dict)
    """Members of this generation that have not synced, in order."""
    awaiting_join: int = 0
    """How many members are parked in JoinGroup: G04 in O(1)."""
    supported: Counter[str] = field(default_factory=Counter)
    """Protocol name -> number of members offering it: G08 in O(names)."""
    subscriptions: tuple[bytes, ...] | None = None
    """Metadata for the chosen protocol as of the last completed join phase; None before one."""
    new_member_added: bool = False
    """Somebody joined during an initial delay, and no wait was prolonged since (J10)."""
    initial_remaining_ms: int = 0
    initial_delay_ms: int = 0

    def transition(self, state: GroupState, now: int) -> StateChanged:
        """The one door (G01).

        Raises:
            IllegalTransition: the table has no such transition: a bug of ours.
        """
        if state not in GROUP_TRANSITIONS[self.state]:
            raise IllegalTransition(f"group {self.group_id}: {self.state.value} -> {state.value}")
        self.previous_state, self.state, self.state_since_ms = self.state, state, now
        return StateChanged(
            group_id=self.group_id,
            previous=self.previous_state,
            state=state,
            generation_id=self.generation_id,
        )

    def assignment_sent(self, member: ClassicMemberState) -> AssignmentSent:
        """The news that a member was told what it has now."""
        return AssignmentSent(
            group_id=self.group_id,
            generation_id=self.generation_id,
            member_id=member.member_id,
            assignment=member.assignment,
        )

    # --- questions ---

    @property
    def can_rebalance(self) -> bool:
        """A join phase may begin from here."""
        return GroupState.PREPARING_REBALANCE in GROUP_TRANSITIONS[self.state]

    @property
    def all_joined(self) -> bool:
        """Rule G04: every member awaits join and no id is pending."""
        return self.awaiting_join == len(self.members) and not self.pending

    @property
    def in_initial_delay(self) -> bool:
        """Preparing from Empty: ends by its timer alone (J10)."""
        return (
            self.state is GroupState.PREPARING_REBALANCE and self.previous_state is GroupState.EMPTY
        )

    @property
    def rebalance_timeout_ms(self) -> int:
        """Rule G05: the largest of its members', and never less than 0."""
        timeouts = (member.rebalance_timeout_ms for member in self.members.values())
        return max(0, max(timeouts, default=0))

    def supports(self, protocol_type: str, names: Iterable[str]) -> bool:
        """Rule G08, for a member that wants to join."""
        if self.state is GroupState.EMPTY:
            return bool(protocol_type) and any(True for _ in names)
        return protocol_type == self.protocol_type and any(
            self.supported[name] == len(self.members) for name in names
        )

    def joined_members(self) -> tuple[JoinedMember, ...]:
        """What the leader is told: metadata for the selected protocol (J13)."""
        name = self.protocol_name or ""
        return tuple(
            JoinedMember(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                metadata=member.metadata(name),
            )
            for member in self.members.values()
        )

    def record_value(self, assignments: dict[str, bytes]) -> GroupMetadataValue:
        """The group as a record, with these assignments (P02)."""
        name = self.protocol_name or ""
        return GroupMetadataValue(
            protocol_type=self.protocol_type or "",
            generation_id=self.generation_id,
            protocol_name=self.protocol_name,
            leader=self.leader,
            current_state_timestamp_ms=self.state_since_ms,
            members=tuple(
                GroupMetadataMember(
                    member_id=member.member_id,
                    group_instance_id=member.group_instance_id,
                    client_id=member.client_id,
                    client_host=member.client_host,
                    session_timeout_ms=member.session_timeout_ms,
                    rebalance_timeout_ms=member.rebalance_timeout_ms,
                    subscription=member.metadata(name),
                    assignment=assignments.get(member.member_id, b""),
                )
                for member in self.members.values()
            ),
        )

    # --- keeping members ---

    def add(self, member: ClassicMemberState) -> None:
        """A new member; it is no longer pending, and leads if nobody does (G06)."""
        if not self.members:
            self.protocol_type = member.protocol_type
        if self.leader is None:
            self.leader = member.member_id
        self.members[member.member_id] = member
        self.supported.update(_offered(member.protocols))
        self.awaiting_join += member.awaits_join
        if member.group_instance_id is not None:
            self.static_members[member.group_instance_id] = member.member_id
        self.pending.pop(member.member_id, None)

    def remove(self, member_id: str) -> ClassicMemberState | None:
        """Forget a member or a pending id; the next member leads if the leader goes (G06)."""
        member = self.members.pop(member_id, None)
        if member is not None:
            self._uncount(member)
            if member.group_instance_id is not None:
                self.static_members.pop(member.group_instance_id, None)
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        self.pending.pop(member_id, None)
        self.pending_sync.pop(member_id, None)
        return member

    def update_protocols(
        self, member: ClassicMemberState, protocols: tuple[GroupProtocol, ...]
    ) -> None:
        """A member offers something else from now on."""
        self._uncount_protocols(member)
        member.protocols = protocols
        self.supported.update(_offered(protocols))

    def replace_static(self, old_member_id: str, new_member_id: str) -> ClassicMemberState:
        """Give a static member a new id in place; it goes on leading if it led (J15).

        Its parked requests must have been answered before.
        """
        member = self.members.pop(old_member_id)
        member.member_id = new_member_id
        member.is_new = False  # it has a session of its own from here on, not J08's five minutes
        self.members[new_member_id] = member
        if member.group_instance_id is not None:
            self.static_members[member.group_instance_id] = new_member_id
        if self.leader == old_member_id:
            self.leader = new_member_id
        if old_member_id in self.pending_sync:
            del self.pending_sync[old_member_id]
            self.pending_sync[new_member_id] = None
        return member

    def _uncount(self, member: ClassicMemberState) -> None:
        self.awaiting_join -= member.awaits_join
        self._uncount_protocols(member)

    def _uncount_protocols(self, member: ClassicMemberState) -> None:
        names = _offered(member.protocols)
        self.supported.subtract(names)
        for name in names:
            if self.supported[name] <= 0:
                del self.supported[name]


def _offered(protocols: tuple[GroupProtocol, ...]) -> tuple[str, ...]:
    """The names, each once.

    Kafka counts a name twice that a member sends twice; nobody supports it then, the join phase
    fails inside and the group stays in PreparingRebalance (a defect of 4.4.0).
    """
    return tuple(dict.fromkeys(protocol_names(protocols)))
