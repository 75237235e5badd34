"""A trace as lanes: one per member, with its life, its joins and what it owned in both views.

Why: pictures and numbers need the same reading of a trace, so it is read once, here, event by
event: a trace of a million events is never in memory as a whole. What is kept of the events is what
the story needs (kept.py); which partitions they spoke of goes into the ledgers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rebalance.timeline.demand import Want, deserted_cells, wanted_cells
from rebalance.timeline.events import (
    AssignmentSent,
    Event,
    Header,
    MemberJoined,
    MemberRemoved,
    Step,
    TopicKnown,
)
from rebalance.timeline.kept import KeptEvents
from rebalance.timeline.lives import Lane, Lives, Mark, MarkKind, deaths, given_up
from rebalance.timeline.names import Names
from rebalance.timeline.ownership import Cell, CoordinatorLedger, Holds, MemberLedger
from rebalance.timeline.spans import Span

__all__ = [
    "GroupLanes",
    "Lane",
    "Mark",
    "MarkKind",
    "Ownership",
    "Source",
    "UnknownGroupError",
    "group_ids",
    "prolonged",
    "read_group",
    "read_groups",
]


class UnknownGroupError(ValueError):
    """The trace does not speak of the group asked for; the message lists those it knows."""


class Source(Protocol):
    """A trace in memory, or one that is read while it is used; the events are asked for once."""

    @property
    def header(self) -> Header:
        """The first line."""

    @property
    def events(self) -> Iterable[Event]:
        """In order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """One view of who owned what, and when each partition was wanted."""

    view: Literal["member", "coordinator"]
    holds: Holds
    wanted: Mapping[Cell, tuple[Span, ...]]
    deserted: Mapping[Cell, tuple[Span, ...]]
    """When nobody was alive who wanted it, between the lives of two (see demand.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLanes:
    """One group of a trace: lanes in order of appearance, and both views where there are both."""

    group_id: str
    header: Header
    start_ms: int
    end_ms: int
    last_ms: int
    """When the last event of the trace was."""
    lanes: tuple[Lane, ...]
    member: Ownership | None
    coordinator: Ownership | None
    events: tuple[Event, ...] = field(repr=False)
    """The group's events and the world's, in order, for the story: see kept.py for what is left out
    of them."""
    left_out: Mapping[str, int] = field(repr=False)
    """How much of what was not kept, as there was too much of it: events, steps, requests, refused
    commits."""
    names: Mapping[str, str] = field(repr=False)
    """Member id to lane name."""
    until: "Callable[[int], GroupLanes]" = field(repr=False, compare=False)
    """The same group with a trace that goes on, without any event, until a time."""

    @property
    def ownership(self) -> Ownership | None:
        """The members' view where the trace has it, else the coordinator's."""
        return self.member if self.member is not None else self.coordinator


def group_ids(trace: Source) -> tuple[str, ...]:
    """The groups of a trace, in order of appearance; a script's word alone makes none."""
    told = (event for event in trace.events if not isinstance(event, Step))
    ids = (getattr(event, "group_id", "") for event in told)
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def read_group(trace: Source, group_id: str) -> GroupLanes:
    """Read one group of a trace.

    Raises:
        UnknownGroupError: the trace has no event of that group.
    """
    (group,) = read_groups(trace, group_id)
    return group


def read_groups(trace: Source, group_id: str | None = None) -> tuple[GroupLanes, ...]:
    """Read the group asked for, or all groups of the trace, in one pass over its events.

    Raises:
        UnknownGroupError: the trace has no event of that group.
    """
    readers: dict[str, _GroupReader] = {}
    known: dict[str, None] = {}
    world: list[Event] = []
    first: int | None = None
    last = 0
    for event in trace.events:
        first, last = event.t if first is None else first, event.t
        name = getattr(event, "group_id", "")
        if not name or (name not in readers and isinstance(event, Step)):
            world.append(event)
            for reader in readers.values() if not name else ():
                reader.see(event)
            continue
        known[name] = None
        if group_id in (None, name):
            if name not in readers:
                readers[name] = _GroupReader(name, trace.header)
                for earlier in world:
                    if getattr(earlier, "group_id", name) in ("", name):
                        readers[name].see(earlier)
            readers[name].see(event)
    if group_id is not None and group_id not in known:
        listed = ", ".join(known) if known else "none at all"
        raise UnknownGroupError(f"no group {group_id!r} in this trace; it has: {listed}")
    return tuple(reader.group(first or 0, last) for reader in readers.values())


def prolonged(group: GroupLanes, by_ms: int) -> GroupLanes:
    """The group as if its trace ran on for so long without any event."""
    return group.until(group.end_ms + by_ms)


class _GroupReader:
    """Reads one group event by event."""

    def __init__(self, group_id: str, header: Header) -> None:
        self._group_id = group_id
        self._header = header
        self._names = Names()
        self._lives = Lives()
        self._coordinator = CoordinatorLedger()
        self._members = MemberLedger(coordinator_counts=True)
        self._alone: MemberLedger | None = MemberLedger(coordinator_counts=False)
        """How members' words are understood while no coordinator has spoken."""
        self._kept = KeptEvents()
        self._topics: list[TopicKnown] = []
        self._members_speak = self._assignments_sent = False

    def see(self, event: Event) -> None:
        """Take one event of the group or the world."""
        self._names.see(event)
        self._lives.see(event, len(self._kept))
        if event.VIEW == "member":
            self._members_speak = True
        elif event.VIEW == "coordinator":
            self._coordinator.handle(event)
            if isinstance(event, MemberJoined | MemberRemoved | AssignmentSent):
                self._alone = None
        elif isinstance(event, TopicKnown):
            self._topics.append(event)
        self._members.handle(event)
        if self._alone is not None:
            self._alone.handle(event)
        self._assignments_sent |= isinstance(event, AssignmentSent)
        self._kept.see(event)

    def group(self, start: int, last: int, end: int | None = None) -> GroupLanes:
        """What was read so far; what lasts goes on until `end` (default: the last event)."""
        end = last if end is None else end
        names = self._names.resolved()
        lanes = self._lives.lanes(names, end)
        return GroupLanes(
            group_id=self._group_id,
            header=self._header,
            start_ms=start,
            end_ms=end,
            last_ms=last,
            lanes=lanes,
            member=self._member_view(lanes, end),
            coordinator=self._coordinator_view(lanes, names, end),
            events=self._kept.all(),
            left_out={k: n for k, n in (self._kept.left_out | self._lives.left_out).items() if n},
            names=names,
            until=lambda until: self.group(start, last, until),
        )

    def _member_view(self, lanes: tuple[Lane, ...], end: int) -> Ownership | None:
        if not self._members_speak:
            return None
        ledger = self._members if self._alone is None else self._alone
        holds = ledger.holds(end)
        wants = [Want(lives=ln.alive, topics=ln.topics, lost=deaths(ln)) for ln in lanes]
        wanted = wanted_cells(holds, wants, self._topics, end)
        deserted = deserted_cells(wanted, holds, wants, self._topics, end)
        return Ownership(view="member", holds=holds, wanted=wanted, deserted=deserted)

    def _coordinator_view(
        self, lanes: tuple[Lane, ...], names: Mapping[str, str], end: int
    ) -> Ownership | None:
        if not self._assignments_sent:
            return None
        holds = self._coordinator.holds(end, names)
        wants = [Want(lives=ln.counted, topics=ln.topics, lost=given_up(ln)) for ln in lanes]
        wanted = wanted_cells(holds, wants, self._topics, end)
        deserted = deserted_cells(wanted, holds, wants, self._topics, end)
        return Ownership(view="coordinator", holds=holds, wanted=wanted, deserted=deserted)
