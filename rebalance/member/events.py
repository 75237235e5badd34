"""What a classic member is told and what it asks for.

Why: the machine does no I/O and calls nobody. Requests, listeners, commits' positions and the
leader's assignor are effects with a token; their outcome comes back as an event with the same
token. Heartbeats and timers go on meanwhile; an outcome of an old generation is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from assignors.interface import Assignor
from assignors.model import (
    ClusterMetadata,
    GroupAssignment,
    PartitionSet,
    Subscription,
    TopicPartition,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.requests import Request
from rebalance.protocol.responses import Response
from rebalance.protocol.states import MemberState

# --- events: what the driver tells ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """The user wants these topics from now on; joins the group, or rejoins with the new ones."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """The user wants nothing: commit, revoke, leave, and be ready to subscribe again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The application polled: its max.poll.interval.ms starts anew; a stale member comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforceRebalance:
    """The user wants a rebalance; `reason` goes on the wire (KIP-800)."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The user closes the consumer: commit, revoke, leave (dynamic members), stop."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A `Send` was answered."""

    token: int
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A `Send` will not be answered: the connection broke or could not be made."""

    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsTaken:
    """Outcome of `TakePositions`: the next offset to read of each partition that has one."""

    token: int
    offsets: Mapping[TopicPartition, int]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDone:
    """Outcome of `Revoke`, `Assign` or `Lose`; `error` is what the user's listener raised.

    A raising listener is reported and does not stall the group.
    """

    token: int
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignorDone:
    """Outcome of `RunAssignor`: the plan. One that breaks a rule is refused here too (M08)."""

    token: int
    assignment: GroupAssignment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignorFailed:
    """Outcome of `RunAssignor`: it raised, or its plan was refused (M08)."""

    token: int
    error: BaseException


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CommitOffsets:
    """The user commits; answered by `CommitFinished` with the same `commit_id`, exactly once.

    Tried once, in the order of asking; what waits behind another commit goes out in one request,
    where the later offset of a partition counts. Partitions that are not owned are refused with
    ILLEGAL_GENERATION and not sent: another member's offset would be overwritten. A revocation, a
    join and a leave wait for the commits asked for before, for a time (holding.py).
    """

    commit_id: int
    offsets: Mapping[TopicPartition, int]


MemberEvent = (
    Subscribe
    | Unsubscribe
    | Polled
    | EnforceRebalance
    | Close
    | Answered
    | Unanswered
    | PositionsTaken
    | CallbackDone
    | AssignorDone
    | AssignorFailed
    | CommitOffsets
)

# --- effects: what the member asks for -----------------------------------------------------------


class Destination(Enum):
    """Where a request goes."""

    ANY = "any broker"
    COORDINATOR = "the group's coordinator"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send `request`; answer with `Answered` or `Unanswered` of the same token.

    `node_id` is the coordinator's where `to` is COORDINATOR, else -1. A driver applies no timeout
    of its own: the member's REQUEST timer gives a request up, later answers to it are ignored.
    A broker answers a connection's requests in order: one that still holds a JoinGroup or SyncGroup
    whose token is not in `ClassicMember.waiting_for` any more is to be cut before the next request.
    """

    token: int
    to: Destination
    node_id: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePositions:
    """Stop delivering `partitions`' records, and say the positions: they are to be revoked.

    Asked for only with enable.auto.commit; otherwise a `Revoke` is the first word.
    """

    token: int
    partitions: PartitionSet


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """Call on_partitions_revoked; from its end on the member does not own them (M01).

    Never empty: where nothing is owned nothing is called (Java's eager consumer does call).
    """

    token: int
    partitions: PartitionSet


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Call on_partitions_assigned with what is new (also when empty, M01)."""

    token: int
    partitions: PartitionSet
    generation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Call on_partitions_lost: others may own them already, nothing can be committed (M02).

    Never empty. From this effect on, before the listener runs, the member does not own them.
    """

    token: int
    partitions: PartitionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAssignor:
    """The member leads: run `assignor`, off the I/O loop if it is slow.

    Through `run_assignor`, which turns whatever the assignor raises or returns into a plan or an
    `AssignorError`; what comes back is checked in any case.
    """

    token: int
    assignor: Assignor = field(compare=False)
    cluster: ClusterMetadata
    members: Mapping[str, Subscription]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFinished:
    """A user's commit ended; `refused` maps each partition that was not committed to its error."""

    commit_id: int
    refused: Mapping[TopicPartition, ErrorCode]


# --- notices: facts for traces and users ---------------------------------------------------------


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStateChanged:
    """The member went through its one door."""

    previous: MemberState
    state: MemberState


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinStarted:
    """A JoinGroup goes out; `reason` is why, in words."""

    member_id: str
    reason: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationJoined:
    """JoinGroup was answered: the member is in this generation."""

    member_id: str
    generation_id: int
    leader: bool
    protocol_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerFailed:
    """A user's listener raised; the group goes on."""

    callback: str
    error: BaseException = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A peer sent bytes that are no subscription or assignment; `error` says why, in words.

    `what` is "subscription" (of `member_id`, seen by the leader, who gives it nothing) or
    "assignment" (this member's own).
    """

    what: str
    member_id: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The member is out for good; `error` is what the user must see, in words."""

    error: str
    code: ErrorCode | None = None
    cause: BaseException | None = field(default=None, compare=False)


MemberEffect = (
    Send
    | TakePositions
    | Revoke
    | Assign
    | Lose
    | RunAssignor
    | CommitFinished
    | MemberStateChanged
    | JoinStarted
    | GenerationJoined
    | ListenerFailed
    | Unreadable
    | Failed
)
