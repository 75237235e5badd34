"""What a classic member knows, and the only places where it may change.

Why: the rules live in files of their own and share this one record. Three things are guarded here
so that no rule can break them: the state changes through one door, along MEMBER_TRANSITIONS; of
each kind of request one is in flight at most; every token is used once.
"""

from collections import Counter, deque
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum

from assignors.interface import Assignor, RebalanceProtocol
from assignors.model import ClusterMetadata, PartitionSet, Subscription, TopicPartition
from rebalance.member.config import MemberConfig
from rebalance.member.events import (
    CommitOffsets,
    Destination,
    Failed,
    MemberEffect,
    MemberStateChanged,
    Send,
)
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.requests import NO_GENERATION, NO_MEMBER_ID, Request
from rebalance.protocol.states import MEMBER_TRANSITIONS, IllegalTransition, MemberState
from rebalance.protocol.timers import TimerKey, TimerKind, TimerQueue, timer_key

PROTOCOL_TYPE = "consumer"


class RequestKind(Enum):
    """What a member sends; the value names timers and reasons."""

    # Every event looks requests up; Enum's own hash is a Python function over the name.
    __hash__ = object.__hash__

    FIND_COORDINATOR = "FindCoordinator"
    METADATA = "Metadata"
    JOIN_GROUP = "JoinGroup"
    SYNC_GROUP = "SyncGroup"
    HEARTBEAT = "Heartbeat"
    OFFSET_COMMIT = "OffsetCommit"
    LEAVE_GROUP = "LeaveGroup"


ANYWHERE = frozenset({RequestKind.FIND_COORDINATOR, RequestKind.METADATA})
"""Requests that any broker answers; all others go to the coordinator."""

_NAMES: Mapping[RequestKind, str] = {kind: kind.value for kind in RequestKind}
"""Every request looks its timers up by its name; Enum's own `value` is a function in Python."""

COMMITS_HOLD_UP = "commits that hold up a rebalance"
QUEUED_COMMIT = "queued OffsetCommit"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Who the member is to the coordinator; compared as a whole (rule M05)."""

    generation_id: int = NO_GENERATION
    member_id: str = NO_MEMBER_ID
    protocol_name: str = ""

    @property
    def joined(self) -> bool:
        """True from an answered JoinGroup until the generation is lost or left."""
        return self.generation_id >= 0 and self.member_id != NO_MEMBER_ID


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCommit:
    """A user's commit that is not answered; refused at `deadline` (ms) if it was not sent."""

    event: CommitOffsets
    number: int
    """Counts the user's commits in the order of asking."""
    deadline: int
    may: Set[TopicPartition]
    """What of its offsets may be committed: owned when it was asked for, and not lost or let go to
    others since, for somebody else may be further by now."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A request without an answer yet. `commits` are those of the user that it carries."""

    kind: RequestKind
    token: int
    generation: Generation
    request: Request
    commits: tuple[QueuedCommit, ...] = ()


class CallbackKind(Enum):
    """Calls of the user's listener; the value is the method's name."""

    REVOKE = "on_partitions_revoked"
    ASSIGN = "on_partitions_assigned"
    LOSE = "on_partitions_lost"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The listener is running; nothing else is asked of it meanwhile."""

    kind: CallbackKind
    token: int
    partitions: PartitionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Partitions on their way out: positions taken, then committed, then revoked (M01).

    `token` waits for PositionsTaken; `offsets` is what is still to be committed, None before.
    Empty: only the user's own commits are still waited for. `revoked`: the listener was called, and
    what some clients commit only then is still to be committed.
    """

    partitions: PartitionSet
    token: int
    offsets: Mapping[TopicPartition, int] | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """The member computes the plan of this generation; `token` waits for the assignor."""

    members: Mapping[str, Subscription]
    topics: tuple[str, ...]
    cluster: ClusterMetadata | None = None
    token: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The topics a leader assigned and how they looked; None: not seen yet (KIP-814)."""

    topics: tuple[str, ...]
    cluster: ClusterMetadata | None
    due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Giving up waits for the user's commits up to number `until`.

    `left_ms` is how much longer it may, as of when the timer was last started or stopped.
    """

    until: int
    left_ms: int


@dataclass(slots=True, kw_only=True)
class MemberCore:
    """The member's whole memory. Rules change it; `progress` decides what follows."""

    config: MemberConfig
    assignors: Mapping[str, Assignor]
    protocol: RebalanceProtocol
    now: int = 0
    effects: list[MemberEffect] = field(default_factory=list)
    timers: TimerQueue = field(default_factory=TimerQueue)

    coordinator: int | None = None
    """Node id; None: unknown, to be looked up where it is needed."""
    generation: Generation = Generation()
    requests: dict[RequestKind, InFlight] = field(default_factory=dict)
    broken: deque[InFlight] = field(default_factory=deque)
    """Requests to a coordinator that was given up; to be treated as unanswered."""
    failures: Counter[str] = field(default_factory=Counter)
    """Failures in a row, by what failed: the exponent of the next pause."""

    topics: tuple[str, ...] = ()
    """What the user wants, sorted."""
    joined_topics: tuple[str, ...] = ()
    """What the last JoinGroup said."""
    rejoin_reason: str | None = None
    """Set: join again as soon as nothing is running."""
    join_reason: str = ""
    """What the last JoinGroup said; said again if that was not let in."""

    owned: PartitionSet = field(default_factory=PartitionSet)
    assignment: PartitionSet | None = None
    """The plan for this member, until it has been carried out."""
    held: PartitionSet = field(default_factory=PartitionSet)
    """The last assignment, for assignors that send it as user data; empty once lost or left."""
    held_generation_id: int = NO_GENERATION
    lost: bool = False
    """The generation is gone: what is still owned must be lost before anything else (M02)."""
    failure: Failed | None = None
    """What the user is told once nothing is owned any more."""
    callback: Callback | None = None
    release: Release | None = None
    hold: Hold | None = None
    leading: Leading | None = None
    watch: Watch | None = None
    commits: deque[QueuedCommit] = field(default_factory=deque)
    """Not sent yet."""
    commits_asked: int = 0

    leader: bool = False
    heartbeat_due: bool = False
    last_heartbeat_ms: int | None = None
    last_join_ms: int | None = None
    """When the last JoinGroup went out that the next one must keep its distance from; see
    `ClientProfile.join_interval_ms`."""
    polled: bool = False
    """A stale member was polled."""
    closing: bool = False
    """The user closed the consumer: LEAVING ends in STOPPED."""
    leave_reason: str | None = None
    """Set while LEAVING until LeaveGroup was sent or found needless."""
    leaves_a_rebalance: bool = False
    """LEAVING began between a JoinGroup and the answer to SyncGroup: a commit would be refused."""

    _state: MemberState = MemberState.UNSUBSCRIBED
    _tokens: int = 0

    @property
    def state(self) -> MemberState:
        """Where the member is; see `enter`."""
        return self._state

    def enter(self, state: MemberState) -> None:
        """The one door: go to `state` if the table leads there, and say so."""
        if state not in MEMBER_TRANSITIONS[self._state]:
            raise IllegalTransition(f"a classic member cannot go from {self._state} to {state}")
        previous, self._state = self._state, state
        self.effects.append(MemberStateChanged(previous=previous, state=state))

    def emit(self, effect: MemberEffect) -> None:
        """Ask for it; effects come out in this order."""
        self.effects.append(effect)

    def new_token(self) -> int:
        """A number that was not used before: later answers to older ones are nobody's."""
        self._tokens += 1
        return self._tokens

    # --- requests --------------------------------------------------------------------------------

    def send(
        self,
        kind: RequestKind,
        request: Request,
        *,
        timeout_ms: int | None = None,
        commits: tuple[QueuedCommit, ...] = (),
    ) -> None:
        """Put a request in flight, with its timer."""
        if kind in self.requests:
            raise AssertionError(f"two {kind.value} requests in flight")
        anywhere = kind in ANYWHERE
        node_id = -1 if anywhere or self.coordinator is None else self.coordinator
        token = self.new_token()
        self.requests[kind] = InFlight(
            kind=kind, token=token, generation=self.generation, request=request, commits=commits
        )
        timeout = self.config.request_timeout_ms if timeout_ms is None else timeout_ms
        self.timers.arm(self.key(TimerKind.REQUEST, _NAMES[kind]), self.now + timeout)
        to = Destination.ANY if anywhere else Destination.COORDINATOR
        self.emit(Send(token=token, to=to, node_id=node_id, request=request))

    def drop(self, kind: RequestKind) -> InFlight | None:
        """Forget a request; its answer, if it comes, is nobody's."""
        self.timers.cancel(self.key(TimerKind.REQUEST, _NAMES[kind]))
        return self.requests.pop(kind, None)

    def answered(self, token: int) -> InFlight | None:
        """The request that this token answers, out of flight; None for an old token."""
        for kind, sent in self.requests.items():
            if sent.token == token:
                return self.drop(kind)
        return None

    # --- timers ----------------------------------------------------------------------------------

    def key(self, kind: TimerKind, owner: str = "") -> TimerKey:
        """A timer of this member; `owner` tells requests and pauses of one kind apart."""
        return timer_key(kind, self.config.group_id, owner)

    def arm(self, kind: TimerKind, delay_ms: int, owner: str = "") -> None:
        """Arm or re-arm, `delay_ms` from now."""
        self.timers.arm(timer_key(kind, self.config.group_id, owner), self.now + delay_ms)

    def back_off(self, what: RequestKind) -> None:
        """Pause before `what` is tried again, longer with each failure in a row."""
        name = _NAMES[what]
        self.failures[name] += 1
        self.arm(TimerKind.RETRY, self.config.backoff_ms(self.failures[name]), name)

    def backing_off(self, what: RequestKind) -> bool:
        """True during such a pause."""
        return self.timers.deadline(self.key(TimerKind.RETRY, _NAMES[what])) is not None

    def recovered(self, what: RequestKind) -> None:
        """`what` worked: the next failure pauses shortly again."""
        name = _NAMES[what]
        if self.failures.pop(name, 0):  # else there was no pause
            self.timers.cancel(self.key(TimerKind.RETRY, name))

    # --- wishes ----------------------------------------------------------------------------------

    def request_rejoin(self, reason: str) -> None:
        """Join again as soon as nothing is running; the first reason is the one that is told."""
        if self.rejoin_reason is None:
            self.rejoin_reason = reason

    def call(self, kind: CallbackKind, partitions: PartitionSet) -> int:
        """Note that the listener runs; gives the token of its end."""
        if self.callback is not None:
            raise AssertionError(f"{kind.value} while {self.callback.kind.value} is running")
        self.callback = Callback(kind=kind, token=self.new_token(), partitions=partitions)
        return self.callback.token
