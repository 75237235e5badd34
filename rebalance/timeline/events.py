"""Trace schema v1: the header and every event, as frozen dataclasses.

Why: a trace is the one thing that the simulation, the embedded broker, the client adapters and
the observers have in common with the pictures. Event names and fields are a contract: a field may
be added with a default, nothing is renamed or removed in v1. docs/trace.md lists them, a test
compares. Two views of ownership, never mixed: a member's (from assigned to revoked, lost or
stopped) and the coordinator's (from the assignment it sent to leave, expiry, fencing or the next
assignment); `VIEW` says whose word an event is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

SCHEMA = "rebalance.trace"
VERSION = 1

View = Literal["world", "coordinator", "member"]
Partitions = Mapping[str, tuple[int, ...]]
"""topic -> ascending partition ids"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """First line. `clock` is "virtual" or "real"; `source` names who wrote the trace."""

    source: str
    clock: Literal["virtual", "real"] = "real"
    started_at_ms: int | None = None
    """Unix time of t = 0 where a real clock ran, else absent."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Common to all events: `t` is milliseconds since the trace began."""

    NAME: ClassVar[str]
    VIEW: ClassVar[View]

    t: int


# --- the world: true whoever looks ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicKnown(Event):
    """A topic has this many partitions from now on (0: it was deleted)."""

    NAME: ClassVar[str] = "topic"
    VIEW: ClassVar[View] = "world"

    topic: str
    partitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Event):
    """A script did something on purpose ("C crashes"); its word is a cause where nobody else's is.

    `cause` is one of the causes of docs/trace.md where the step must cause a rebalance, else "".
    `member` is a lane's name, `group_id` "" where the step is about no group in particular.
    """

    NAME: ClassVar[str] = "step"
    VIEW: ClassVar[View] = "world"

    text: str
    member: str = ""
    cause: str = ""
    group_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEnded(Event):
    """The trace runs until here: nothing happened since the event before, and all that lasted did
    last. At most one, the last event; without it a trace runs until its last event."""

    NAME: ClassVar[str] = "end"
    VIEW: ClassVar[View] = "world"


# --- the coordinator's view ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStateChanged(Event):
    """A group changed its state (Kafka's names)."""

    NAME: ClassVar[str] = "group_state"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    previous: str
    state: str
    generation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    """The coordinator knows the member from now on."""

    NAME: ClassVar[str] = "member_added"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    member_id: str
    client_id: str
    group_instance_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Event):
    """The coordinator no longer counts the member; what it owned is free."""

    NAME: ClassVar[str] = "member_removed"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    member_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceStarted(Event):
    """A join phase began after generation `generation_id`; member_id "": nobody in particular."""

    NAME: ClassVar[str] = "rebalance_started"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    generation_id: int
    cause: str
    member_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWaits(Event):
    """What the group waits for from now on: told when a join phase begins, again when only one
    member or only pending ids are left, and when the leader is to assign.

    `waits_for`: "delay" (the initial delay, whoever comes), "join" (the JoinGroups of these
    members), "pending" (those to whom these member ids were given) or "sync" (the leader's
    SyncGroup).
    """

    NAME: ClassVar[str] = "group_waits"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    generation_id: int
    waits_for: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCompleted(Event):
    """The join phase ended; the leader assigns."""

    NAME: ClassVar[str] = "join_completed"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    generation_id: int
    protocol_name: str
    leader: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentSent(Event):
    """The coordinator told a member what it owns."""

    NAME: ClassVar[str] = "assignment_sent"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    generation_id: int
    member_id: str
    partitions: Partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRefused(Event):
    """An offset commit was refused as a whole, with Kafka's error name."""

    NAME: ClassVar[str] = "commit_refused"
    VIEW: ClassVar[View] = "coordinator"

    group_id: str
    member_id: str
    generation_id: int
    error: str


# --- a member's view -----------------------------------------------------------------------------
# `member` names the lane: unique in the trace for one consumer, also when it comes back to life.


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStarted(Event):
    """A consumer came to life and wants `topics`; its timeouts, where the writer knows them."""

    NAME: ClassVar[str] = "member_started"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    topics: tuple[str, ...] = ()
    session_timeout_ms: int | None = None
    rebalance_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed(Event):
    """The member's subscription is `topics` from now on."""

    NAME: ClassVar[str] = "subscribed"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining(Event):
    """The member sends a JoinGroup; `reason` is its own word for why, where it has one."""

    NAME: ClassVar[str] = "joining"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    member_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Event):
    """The member is in a generation and knows its member id: this ties its lane to the
    coordinator's view."""

    NAME: ClassVar[str] = "joined"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    member_id: str
    generation_id: int
    leader: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent(Event):
    """The member sent a request of the group's protocol. Written only where it was asked for: it
    makes a trace many times as long."""

    NAME: ClassVar[str] = "request_sent"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    api: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered(Event):
    """The member has the answer to its request of that `number`; one that was sent and has none
    in the trace was lost, or is still under way at its end."""

    NAME: ClassVar[str] = "request_answered"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    number: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Event):
    """The member gave these up in good order; they are not its own any more."""

    NAME: ClassVar[str] = "revoked"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    partitions: Partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Event):
    """The member got these in addition to what it has."""

    NAME: ClassVar[str] = "assigned"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    partitions: Partitions
    generation_id: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Event):
    """The member learned that these were taken from it."""

    NAME: ClassVar[str] = "lost"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    partitions: Partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPaused(Event):
    """The process stands still (garbage collection, SIGSTOP): it still believes what it owns."""

    NAME: ClassVar[str] = "member_paused"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResumed(Event):
    """The process goes on."""

    NAME: ClassVar[str] = "member_resumed"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignorReplaced(Event):
    """The leader's own assignor gave no plan, and another one answered in its place; the member
    stays in the group. `reason` says why: it took too long, or it failed."""

    NAME: ClassVar[str] = "assignor_replaced"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    assignor: str
    replaced_by: str
    reason: str
    generation_id: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFailed(Event):
    """A fatal error ended the member's part in the group; `error` says which."""

    NAME: ClassVar[str] = "member_failed"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStopped(Event):
    """The consumer is gone and owns nothing: "closed" in good order or "crashed"."""

    NAME: ClassVar[str] = "member_stopped"
    VIEW: ClassVar[View] = "member"

    group_id: str
    member: str
    how: Literal["closed", "crashed"]


EVENTS: Mapping[str, type[Event]] = {
    kind.NAME: kind
    for kind in (
        TopicKnown,
        Step,
        TraceEnded,
        GroupStateChanged,
        MemberJoined,
        MemberRemoved,
        RebalanceStarted,
        GroupWaits,
        JoinCompleted,
        AssignmentSent,
        CommitRefused,
        MemberStarted,
        Subscribed,
        Joining,
        Joined,
        RequestSent,
        RequestAnswered,
        Revoked,
        Assigned,
        Lost,
        MemberPaused,
        MemberResumed,
        AssignorReplaced,
        MemberFailed,
        MemberStopped,
    )
}
"""Every event of the schema by the name it has in a line."""
