"""A trace as lanes: one per member, with its life, its joins and what it owned in both views.

Why: pictures and numbers need the same reading of a trace, so it is read once, here. A lane is a
consumer's own name where it wrote into the trace; `joining` and `joined` tie it to the member ids
that the coordinator speaks of. A member id that no lane claims gets a lane of its own, named after
its instance id, its client id, or itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rebalance.timeline.demand import Want, wanted_cells
from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    AssignorReplaced,
    CommitRefused,
    Event,
    GroupStateChanged,
    Header,
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
    Step,
    Subscribed,
)
from rebalance.timeline.ownership import Cell, CoordinatorLedger, Holds, MemberLedger
from rebalance.timeline.spans import Span, union
from rebalance.timeline.trace import Trace

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


class UnknownGroupError(ValueError):
    """The trace does not speak of the group asked for; the message lists those it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something happened to a member at `t`; `text` adds the error or the cause."""

    t: int
    kind: MarkKind
    text: str = ""
    order: int = 0
    """Its event's place among those of the group: the order within one millisecond."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """One view of who owned what, and when each partition was wanted."""

    view: Literal["member", "coordinator"]
    holds: Holds
    wanted: Mapping[Cell, tuple[Span, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLanes:
    """One group of a trace: lanes in order of appearance, and both views where there are both."""

    group_id: str
    header: Header
    start_ms: int
    end_ms: int
    lanes: tuple[Lane, ...]
    member: Ownership | None
    coordinator: Ownership | None
    events: tuple[Event, ...] = field(repr=False)
    """The group's events and the world's, in order."""
    names: Mapping[str, str] = field(repr=False)
    """Member id to lane name."""

    @property
    def ownership(self) -> Ownership | None:
        """The members' view where the trace has it, else the coordinator's."""
        return self.member if self.member is not None else self.coordinator


def group_ids(trace: Trace) -> tuple[str, ...]:
    """The groups of a trace, in order of appearance."""
    ids = (getattr(event, "group_id", "") for event in trace.events)
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def read_group(trace: Trace, group_id: str) -> GroupLanes:
    """Read one group of a trace.

    Raises:
        UnknownGroupError: the trace has no event of that group.
    """
    known = group_ids(trace)
    if group_id not in known:
        listed = ", ".join(known) if known else "none at all"
        raise UnknownGroupError(f"no group {group_id!r} in this trace; it has: {listed}")
    events = tuple(e for e in trace.events if getattr(e, "group_id", "") in ("", group_id))
    return _read(group_id, trace.header, events, trace.events[0].t, trace.events[-1].t)


def prolonged(group: GroupLanes, by_ms: int) -> GroupLanes:
    """The group as if its trace ran on for so long without any event."""
    end = group.end_ms + by_ms
    return _read(group.group_id, group.header, group.events, group.start_ms, end)


def _read(
    group_id: str, header: Header, events: tuple[Event, ...], start: int, end: int
) -> GroupLanes:
    names = _names(events)
    lanes = _lanes(events, names, end)
    return GroupLanes(
        group_id=group_id,
        header=header,
        start_ms=start,
        end_ms=end,
        lanes=lanes,
        member=_member_view(events, lanes, end),
        coordinator=_coordinator_view(events, lanes, names, end),
        events=events,
        names=names,
    )


def read_groups(trace: Trace, group_id: str | None = None) -> tuple[GroupLanes, ...]:
    """Read the group asked for, or all groups of the trace."""
    return tuple(read_group(trace, g) for g in ([group_id] if group_id else group_ids(trace)))


def _member_view(events: tuple[Event, ...], lanes: tuple[Lane, ...], end: int) -> Ownership | None:
    if not any(event.VIEW == "member" for event in events):
        return None
    counts = any(isinstance(e, MemberJoined | MemberRemoved | AssignmentSent) for e in events)
    ledger = MemberLedger(coordinator_counts=counts)
    for event in events:
        ledger.handle(event)
    holds = ledger.finish(end)
    wants = [Want(lives=lane.alive, topics=lane.topics) for lane in lanes]
    return Ownership(view="member", holds=holds, wanted=wanted_cells(holds, wants, events, end))


def _coordinator_view(
    events: tuple[Event, ...], lanes: tuple[Lane, ...], names: Mapping[str, str], end: int
) -> Ownership | None:
    if not any(isinstance(event, AssignmentSent) for event in events):
        return None
    ledger = CoordinatorLedger(names)
    for event in events:
        ledger.handle(event)
    holds = ledger.finish(end)
    wants = [Want(lives=lane.counted, topics=lane.topics) for lane in lanes]
    return Ownership(
        view="coordinator", holds=holds, wanted=wanted_cells(holds, wants, events, end)
    )


# --- names ---------------------------------------------------------------------------------------


def _names(events: Iterable[Event]) -> dict[str, str]:
    """Member id to lane: by the member's own word, else by what the coordinator knows of it."""
    names: dict[str, str] = {}
    taken: dict[str, None] = {}
    added: dict[str, MemberJoined] = {}
    spoken: dict[str, None] = {}
    for event in events:
        member = getattr(event, "member", "")
        member_id = getattr(event, "member_id", "")
        if member and not isinstance(event, Step):
            taken[member] = None
        if member and member_id:
            names.setdefault(member_id, member)
        elif member_id:
            spoken[member_id] = None
        if isinstance(event, MemberJoined):
            added.setdefault(event.member_id, event)
    for member_id in spoken:
        if member_id not in names:
            names[member_id] = _free_name(member_id, added.get(member_id), taken)
            taken[names[member_id]] = None
    return names


def _free_name(member_id: str, added: MemberJoined | None, taken: Mapping[str, None]) -> str:
    options = [member_id]
    if added is not None:
        suffix = member_id.removeprefix(added.client_id + "-")
        options = [added.client_id, f"{added.client_id}-{suffix[:4]}", member_id]
        options.insert(0, added.group_instance_id or "")
    for option in options:
        if option and option not in taken:
            return option
    return f"{member_id} (coordinator)"


# --- lives ---------------------------------------------------------------------------------------


_COUNTED = "counted as "
"""Per member id: an old one may still be counted when the same lane has a new one."""


@dataclass(slots=True)
class _Draft:
    """A lane while the trace is read: starts of what is open, spans of what is over."""

    name: str
    client_id: str = ""
    group_instance_id: str | None = None
    since: dict[str, int] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    topics: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    order: int = 0

    def open(self, what: str, t: int) -> None:
        self.since.setdefault(what, t)

    def close(self, what: str, t: int) -> None:
        start = self.since.pop(what, None)
        if start is not None:
            self.spans.setdefault(what, []).append(Span(start, t))

    def close_counted(self, t: int) -> None:
        for what in tuple(self.since):
            if what.startswith(_COUNTED):
                self.close(what, t)

    def mark(self, t: int, kind: MarkKind, text: str = "") -> None:
        self.marks.append(Mark(t=t, kind=kind, text=text, order=self.order))

    def finished(self, end: int, member_ids: tuple[str, ...]) -> Lane:
        for what in tuple(self.since):
            self.close(what, end)
        return Lane(
            name=self.name,
            member_ids=member_ids,
            client_id=self.client_id,
            group_instance_id=self.group_instance_id,
            alive=union(self.spans.get("alive", ())),
            counted=union(
                span
                for what, spans in self.spans.items()
                if what.startswith(_COUNTED)
                for span in spans
            ),
            joining=union(self.spans.get("joining", ())),
            syncing=union(self.spans.get("syncing", ())),
            paused=union(self.spans.get("paused", ())),
            marks=tuple(self.marks),
            topics=tuple(self.topics),
        )


def _lanes(events: Iterable[Event], names: Mapping[str, str], end: int) -> tuple[Lane, ...]:
    drafts: dict[str, _Draft] = {}
    for order, event in enumerate(events):
        name = getattr(event, "member", "") if event.VIEW == "member" else ""
        member_id = getattr(event, "member_id", "") if event.VIEW == "coordinator" else ""
        name = name or names.get(member_id, "")
        if not name:
            if isinstance(event, GroupStateChanged) and event.state in ("Empty", "Dead"):
                for draft in drafts.values():
                    draft.close_counted(event.t)
            continue
        draft = drafts.setdefault(name, _Draft(name))
        draft.order = order
        if event.VIEW == "member":
            _live(draft, event)
        else:
            _count(draft, event)
    ids: dict[str, list[str]] = {}
    for member_id, name in names.items():
        ids.setdefault(name, []).append(member_id)
    return tuple(draft.finished(end, tuple(ids.get(name, ()))) for name, draft in drafts.items())


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
    """The coordinator's word about a member."""
    match event:
        case MemberJoined():
            draft.open(_COUNTED + event.member_id, event.t)
            draft.client_id = event.client_id
            draft.group_instance_id = event.group_instance_id
        case AssignmentSent():
            draft.open(_COUNTED + event.member_id, event.t)
        case MemberRemoved():
            draft.close(_COUNTED + event.member_id, event.t)
            draft.mark(event.t, "removed", event.cause)
        case CommitRefused():
            draft.mark(event.t, "refused", event.error)
        case _:
            pass
