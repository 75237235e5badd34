"""The life of each member: when it lived, joined, stood still, was counted, and what befell it.

Why: a lane is one member's life, told by itself and by the coordinator. While a trace is read
nobody knows yet which lane a member id is of (names.py), so both are drafted apart and put together
in the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    AssignorReplaced,
    CommitRefused,
    Event,
    GroupStateChanged,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    RequestAnswered,
    RequestSent,
    Subscribed,
)
from rebalance.timeline.spans import Span, union

MarkKind = Literal[
    "started",
    "closed",
    "crashed",
    "failed",
    "removed",
    "lost",
    "paused",
    "resumed",
    "refused",
    "assignor",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something happened to a member at `t`; `text` adds the error or the cause."""

    t: int
    kind: MarkKind
    text: str = ""
    order: int = 0
    """Its event's place among those of the group: the order within one millisecond."""


class Request(NamedTuple):
    """A request that a member sent; a heartbeat that was answered well is only counted."""

    sent_ms: int
    answered_ms: int | None
    """None: never in this trace."""
    api: str
    error: str
    """Kafka's name of the error, or "connection lost"; "": none."""
    bad: bool = False
    """Lost, or refused with more than what is part of every join: worth a mark in a picture. One
    that was sent after the last answer may be under way and is not lost yet."""


_EVERYDAY = ("", "MEMBER_ID_REQUIRED", "REBALANCE_IN_PROGRESS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One member: a consumer's life, or a member id of the coordinator that no consumer claims."""

    name: str
    member_ids: tuple[str, ...]
    client_id: str
    group_instance_id: str | None
    alive: tuple[Span, ...]
    """From its start to its stop, in its own view; empty where it wrote nothing."""
    counted: tuple[Span, ...]
    """While the coordinator counted it as a member."""
    joining: tuple[Span, ...]
    """From the JoinGroup it sent until it was in a generation, in its own view."""
    syncing: tuple[Span, ...]
    """From then until it had its assignment, in its own view."""
    paused: tuple[Span, ...]
    marks: tuple[Mark, ...]
    topics: tuple[tuple[int, tuple[str, ...]], ...]
    """Its subscription from a time on; empty: it never said."""
    requests: tuple[Request, ...] = ()
    """In the order in which they were sent, where the trace tells of them."""
    heartbeats: int = 0
    """Heartbeats that were answered without an error."""
    session_timeout_ms: int | None = None
    rebalance_timeout_ms: int | None = None


@dataclass(slots=True)
class _Draft:
    """A member's own story, or that of one member id: what is open, and spans of what is over."""

    first: int
    """The place of its first event among those of the group."""
    client_id: str = ""
    group_instance_id: str | None = None
    since: dict[str, int] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    topics: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    order: int = 0
    sent: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Requests without an answer: number -> when, and of which API."""
    requests: list[Request] = field(default_factory=list)
    heartbeats: int = 0
    last_answer: int = 0
    timeouts: tuple[int | None, int | None] = (None, None)

    def open(self, what: str, t: int) -> None:
        self.since.setdefault(what, t)

    def close(self, what: str, t: int) -> None:
        start = self.since.pop(what, None)
        if start is not None:
            self.spans.setdefault(what, []).append(Span(start, t))

    def mark(self, t: int, kind: MarkKind, text: str = "") -> None:
        self.marks.append(Mark(t=t, kind=kind, text=text, order=self.order))

    def answered(self, t: int, number: int, error: str) -> None:
        sent = self.sent.pop(number, None)
        if sent is None:
            return
        self.last_answer = t
        if sent[1] == "Heartbeat" and not error:
            self.heartbeats += 1
        else:
            self.requests.append(Request(sent[0], t, sent[1], error))

    def all_requests(self) -> tuple[Request, ...]:
        waiting = [Request(t, None, api, "") for t, api in self.sent.values()]
        told = sorted([*self.requests, *waiting], key=lambda request: request.sent_ms)
        return tuple(request._replace(bad=_is_bad(request, self.last_answer)) for request in told)

    def all(self, what: str, end: int) -> list[Span]:
        """The spans so far; what is open goes on until `end`."""
        open_ = [Span(self.since[what], end)] if what in self.since else []
        return [*self.spans.get(what, ()), *open_]


def _is_bad(request: Request, last_answer: int) -> bool:
    lost = request.answered_ms is None and request.sent_ms < last_answer
    return lost or request.error not in _EVERYDAY


class Lives:
    """Drafts lanes event by event."""

    __slots__ = ("_by_id", "_by_lane")

    def __init__(self) -> None:
        self._by_lane: dict[str, _Draft] = {}
        self._by_id: dict[str, _Draft] = {}

    def see(self, event: Event, order: int) -> None:
        """Take one event; `order` is its place among those of the group."""
        member = getattr(event, "member", "") if event.VIEW == "member" else ""
        member_id = getattr(event, "member_id", "") if event.VIEW == "coordinator" else ""
        if member:
            draft = self._by_lane.get(member) or self._by_lane.setdefault(member, _Draft(order))
            draft.order = order
            _live(draft, event)
        elif member_id:
            draft = self._by_id.get(member_id) or self._by_id.setdefault(member_id, _Draft(order))
            draft.order = order
            _count(draft, event)
        elif isinstance(event, GroupStateChanged) and event.state in ("Empty", "Dead"):
            for draft in self._by_id.values():
                draft.close("counted", event.t)

    def lanes(self, names: Mapping[str, str], end: int) -> tuple[Lane, ...]:
        """The lanes in order of appearance; what is open goes on until `end`."""
        ids: dict[str, list[str]] = {name: [] for name in self._by_lane}
        for member_id, name in names.items():
            ids.setdefault(name, []).append(member_id)
        lanes: list[tuple[int, Lane]] = []
        for name, member_ids in ids.items():
            counted = [self._by_id[id_] for id_ in member_ids if id_ in self._by_id]
            own = self._by_lane.get(name)
            drafts = [*counted, own] if own else counted
            if drafts:
                first = min(draft.first for draft in drafts)
                lanes.append((first, _lane(name, tuple(member_ids), own, counted, end)))
        return tuple(lane for _, lane in sorted(lanes, key=lambda pair: pair[0]))


def _lane(
    name: str, member_ids: tuple[str, ...], own: _Draft | None, counted: list[_Draft], end: int
) -> Lane:
    own = own or _Draft(0)
    known = max((d for d in counted if d.client_id), key=lambda d: d.order, default=own)
    marks = [mark for draft in (own, *counted) for mark in draft.marks]
    return Lane(
        name=name,
        member_ids=member_ids,
        client_id=known.client_id,
        group_instance_id=known.group_instance_id,
        alive=union(own.all("alive", end)),
        counted=union(span for draft in counted for span in draft.all("counted", end)),
        joining=union(own.all("joining", end)),
        syncing=union(own.all("syncing", end)),
        paused=union(own.all("paused", end)),
        marks=tuple(sorted(marks, key=lambda mark: mark.order)),
        topics=tuple(own.topics),
        requests=own.all_requests(),
        heartbeats=own.heartbeats,
        session_timeout_ms=own.timeouts[0],
        rebalance_timeout_ms=own.timeouts[1],
    )


def _live(draft: _Draft, event: Event) -> None:
    """A member's own word about its life; any word shows that it lives."""
    t = event.t
    if isinstance(event, MemberStopped | MemberFailed):
        for what in ("joining", "syncing", "paused", "alive"):
            draft.close(what, t)
        if isinstance(event, MemberFailed):
            draft.mark(t, "failed", event.error)
        elif event.how == "crashed" or not any(mark.kind == "failed" for mark in draft.marks):
            draft.mark(t, event.how)
        return
    again = isinstance(event, MemberStarted | Subscribed | Joining | Joined | Assigned)
    if again or "alive" not in draft.spans:
        draft.open("alive", t)
    match event:
        case MemberStarted():
            draft.mark(t, "started")
            draft.timeouts = (event.session_timeout_ms, event.rebalance_timeout_ms)
            if event.topics:
                draft.topics.append((t, event.topics))
        case Subscribed():
            draft.topics.append((t, event.topics))
        case Joining():
            draft.close("syncing", t)
            draft.open("joining", t)
        case Joined():
            draft.close("joining", t)
            draft.open("syncing", t)
        case Assigned():
            draft.close("joining", t)
            draft.close("syncing", t)
        case RequestSent():
            draft.sent[event.number] = (t, event.api)
        case RequestAnswered():
            draft.answered(t, event.number, event.error)
        case Lost():
            draft.mark(t, "lost")
        case MemberPaused():
            draft.open("paused", t)
            draft.mark(t, "paused")
        case MemberResumed():
            draft.close("paused", t)
            draft.mark(t, "resumed")
        case AssignorReplaced():
            draft.mark(t, "assignor", f"{event.assignor} replaced by {event.replaced_by}")
        case _:
            pass


def _count(draft: _Draft, event: Event) -> None:
    """The coordinator's word about a member id."""
    match event:
        case MemberJoined():
            draft.open("counted", event.t)
            draft.client_id = event.client_id
            draft.group_instance_id = event.group_instance_id
        case AssignmentSent():
            draft.open("counted", event.t)
        case MemberRemoved():
            draft.close("counted", event.t)
            draft.mark(event.t, "removed", event.cause)
        case CommitRefused():
            draft.mark(event.t, "refused", event.error)
        case _:
            pass
