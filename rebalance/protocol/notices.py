"""Facts a coordinator tells whoever watches: the coordinator's view, before it is a trace line.

Why: a trace must say what happened without reading the machine's insides. Notices are effects
that nobody has to act on; dropping them changes nothing.
"""

from dataclasses import dataclass, field
from typing import Literal

from rebalance.protocol.causes import Cause
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.states import GroupState


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """A group went through its one door."""

    group_id: str
    previous: GroupState
    state: GroupState
    generation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdded:
    """A member is in the group from now on (it may still be parked)."""

    group_id: str
    member_id: str
    client_id: str
    group_instance_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved:
    """A member is out of the group; the coordinator regards what it owned as free."""

    group_id: str
    member_id: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceStarted:
    """A join phase began. `member_id` caused it ("" when nobody in particular did).

    `reason` is the client's (KIP-800) or, where it is not a client that wants it, the words of
    Kafka's log; "not provided" where a client gave none.
    """

    group_id: str
    generation_id: int
    cause: Cause
    member_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWaits:
    """What the group waits for from now on.

    "delay": the initial delay, whoever comes; "join": the JoinGroups of these members; "pending":
    those to whom these member ids were given; "sync": the SyncGroup of the leader.
    """

    group_id: str
    generation_id: int
    waits_for: Literal["delay", "join", "pending", "sync"]
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCompleted:
    """A join phase ended with members; the leader now assigns."""

    group_id: str
    generation_id: int
    protocol_type: str
    protocol_name: str
    leader: str
    members: tuple[str, ...]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentSent:
    """A member was told what it owns (still encoded), by this coordinator or one before it."""

    group_id: str
    generation_id: int
    member_id: str
    assignment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRefused:
    """An offset commit was refused as a whole: late, fenced or from nobody."""

    group_id: str
    member_id: str
    generation_id: int
    error: str


Notice = (
    StateChanged
    | MemberAdded
    | MemberRemoved
    | RebalanceStarted
    | GroupWaits
    | JoinCompleted
    | AssignmentSent
    | CommitRefused
)
