"""The life of each member: when it lived, joined, stood still, was counted, and what befell it.

Why: a lane is one member's life, told by itself and by the coordinator. While a trace is read
nobody knows yet which lane a member id is of (names.py), so both are drafted apart and put together
in the end. Requests and refused commits may be most of a long trace: a few ten thousand of a group
are kept, those that went wrong apart from the others, and the rest is counted.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from rebalance.timeline.thinned import Thinned

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


_GIVEN_UP = (
    "session expired",
    "member did not sync",
    "member did not rejoin",
    "poll interval exceeded",
)
"""Causes of a removal that are no farewell."""
_EVERYDAY = ("", "MEMBER_ID_REQUIRED", "REBALANCE_IN_PROGRESS")
REQUESTS = 40_000
"""Of a group at most so many that went well, so many that did not, and so many refused commits."""
_UNDER_WAY = 1_000
"""Of one member: when so many were sent after it, a request without an answer is lost."""


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
    commits_refused: Sequence[int] = ()
    """When each was; `marks` may have fewer."""
    session_timeout_ms: int | None = None
    rebalance_timeout_ms: int | None = None


def deaths(lane: Lane) -> frozenset[int]:
    """When its life ended without a farewell, in its own view."""
    return frozenset(mark.t for mark in lane.marks if mark.kind in ("crashed", "failed"))


def given_up(lane: Lane) -> frozenset[int]:
    """When the coordinator gave up waiting for it; not where it had closed in good order, as a
    static member does without a word to the coordinator."""
    found: list[int] = []
    closed = False
    for mark in lane.marks:
        if mark.kind in ("started", "closed", "crashed", "failed"):
            closed = mark.kind == "closed"
        elif mark.kind == "removed" and mark.text in _GIVEN_UP and not closed:
            found.append(mark.t)
    return frozenset(found)


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
    heartbeats: int = 0
    commits_refused: "array[int]" = field(default_factory=lambda: array("q"))
    """When: eight bytes each."""
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

    def send(self, t: int, api: str, number: int) -> Request | None:
        """Returns one that nobody waits for any more."""
        self.sent[number] = (t, api)
        if len(self.sent) <= _UNDER_WAY:
            return None
        since, lost = self.sent.pop(next(iter(self.sent)))
        return Request(since, None, lost, "", bad=True)

    def answered(self, t: int, number: int, error: str) -> Request | None:
        """Returns the request, unless it is one that is only counted."""
        sent = self.sent.pop(number, None)
        if sent is None:
            return None
        self.last_answer = t
        if sent[1] == "Heartbeat" and not error:
            self.heartbeats += 1
            return None
        return Request(sent[0], t, sent[1], error, bad=error not in _EVERYDAY)

    def waiting(self) -> list[Request]:
        """Those without an answer so far."""
        return [Request(t, None, api, "", t < self.last_answer) for t, api in self.sent.values()]

    def all(self, what: str, end: int) -> list[Span]:
        """The spans so far; what is open goes on until `end`."""
        open_ = [Span(self.since[what], end)] if what in self.since else []
        return [*self.spans.get(what, ()), *open_]


class Lives:
    """Drafts lanes event by event."""

    __slots__ = ("_by_id", "_by_lane", "_failed", "_refused", "_went_well")

    def __init__(self) -> None:
        self._by_lane: dict[str, _Draft] = {}
        self._by_id: dict[str, _Draft] = {}
        self._went_well = Thinned[tuple[_Draft, Request]](REQUESTS)
        self._failed = Thinned[tuple[_Draft, Request]](REQUESTS)
        self._refused = Thinned[tuple[_Draft, Mark]](REQUESTS)

    @property
    def left_out(self) -> dict[str, int]:
        """How much of what was not kept."""
        requests = self._went_well.left_out + self._failed.left_out
        return {"requests": requests, "refused commits": self._refused.left_out}

    def see(self, event: Event, order: int) -> None:
        """Take one event; `order` is its place among those of the group."""
        member = getattr(event, "member", "") if event.VIEW == "member" else ""
        member_id = getattr(event, "member_id", "") if event.VIEW == "coordinator" else ""
        if member:
            draft = self._by_lane.get(member) or self._by_lane.setdefault(member, _Draft(order))
            draft.order = order
            _live(draft, event)
            self._request(draft, event)
        elif member_id:
            draft = self._by_id.get(member_id) or self._by_id.setdefault(member_id, _Draft(order))
            draft.order = order
            _count(draft, event)
            if isinstance(event, CommitRefused):
                draft.commits_refused.append(event.t)
                refused = Mark(t=event.t, kind="refused", text=event.error, order=order)
                self._refused.add((draft, refused))
        elif isinstance(event, GroupStateChanged) and event.state in ("Empty", "Dead"):
            for draft in self._by_id.values():
                draft.close("counted", event.t)

    def _request(self, draft: _Draft, event: Event) -> None:
        over = None
        if isinstance(event, RequestSent):
            over = draft.send(event.t, event.api, event.number)
        elif isinstance(event, RequestAnswered):
            over = draft.answered(event.t, event.number, event.error)
        if over is not None:
            (self._failed if over.bad else self._went_well).add((draft, over))

    def lanes(self, names: Mapping[str, str], end: int) -> tuple[Lane, ...]:
        """The lanes in order of appearance; what is open goes on until `end`."""
        ids: dict[str, list[str]] = {name: [] for name in self._by_lane}
        for member_id, name in names.items():
            ids.setdefault(name, []).append(member_id)
        lanes: list[tuple[int, Lane]] = []
        kept = _Kept((*self._went_well.items, *self._failed.items), self._refused.items)
        for name, member_ids in ids.items():
            counted = [self._by_id[id_] for id_ in member_ids if id_ in self._by_id]
            own = self._by_lane.get(name)
            drafts = [*counted, own] if own else counted
            if drafts:
                first = min(draft.first for draft in drafts)
                lane = _lane(name, tuple(member_ids), own, counted, end)
                lanes.append((first, kept.given_to(lane, own, counted)))
        return tuple(lane for _, lane in sorted(lanes, key=lambda pair: pair[0]))


class _Kept:
    """Requests and refused commits of a group, by the drafts that they belong to."""

    def __init__(
        self,
        requests: Iterable[tuple[_Draft, Request]],
        refused: Iterable[tuple[_Draft, Mark]],
    ) -> None:
        self._requests: dict[int, list[Request]] = {}
        for draft, request in requests:
            self._requests.setdefault(id(draft), []).append(request)
        self._refused: dict[int, list[Mark]] = {}
        for draft, mark in refused:
            self._refused.setdefault(id(draft), []).append(mark)

    def given_to(self, lane: Lane, own: _Draft | None, counted: Iterable[_Draft]) -> Lane:
        """The lane with its own."""
        told = [*self._requests.get(id(own), ()), *(own.waiting() if own else ())]
        refused = [mark for draft in counted for mark in self._refused.get(id(draft), ())]
        return replace(
            lane,
            requests=tuple(sorted(told, key=lambda request: request.sent_ms)),
            marks=tuple(sorted((*lane.marks, *refused), key=lambda mark: (mark.order, mark.t))),
        )


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
        heartbeats=own.heartbeats,
        commits_refused=array("q", (t for draft in counted for t in draft.commits_refused)),
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
        case _:
            pass
