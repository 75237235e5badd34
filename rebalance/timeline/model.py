"""A timeline as plain data: what every renderer draws, and none computes for itself.

Why: the SVG, the page and the Perfetto file must not disagree about who owned what, so they are
drawn from one model, which `to_dict` gives as JSON. Members are numbered; everything that speaks of
one names its number. Times are integers: milliseconds since the trace began.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from rebalance.timeline.entries import RebalanceEntry
from rebalance.timeline.events import GroupStateChanged
from rebalance.timeline.facts import facts_of
from rebalance.timeline.headline import Headline
from rebalance.timeline.history import History, Stretch, histories
from rebalance.timeline.lanes import GroupLanes, Lane, Source, read_groups
from rebalance.timeline.lives import Request
from rebalance.timeline.narrowing import ALL, Narrowing, narrowed, shared_out, shown_lanes
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.spans import Span
from rebalance.timeline.states import (
    MemberState,
    Phase,
    busy_spans,
    lane_counts,
    phases_of,
    unnoticed_spans,
    waiting_spans,
)

__all__ = [
    "DESERTED",
    "NOBODY",
    "NOT_WANTED",
    "GroupModel",
    "Happening",
    "Headline",
    "MemberLane",
    "PartitionLane",
    "RebalanceEntry",
    "Run",
    "StateSpan",
    "group_model",
    "models",
]

NOBODY, NOT_WANTED, DESERTED = -1, -2, -3


class Run(NamedTuple):
    """In [start_ms, end_ms) nothing about a partition changed."""

    start_ms: int
    end_ms: int
    owners: tuple[int, ...]
    """Members' numbers; more than one: owned twice. Zombies do not count."""
    zombies: tuple[int, ...]
    """Those that wrongly believed to own it."""
    wanted: bool
    """A live member subscribed to its topic."""
    deserted: bool = False
    """Nobody lived who could want it: the last one was lost, or somebody came back later."""

    @property
    def who(self) -> int:
        """The owner's number (the first of several), NOBODY, NOT_WANTED, or DESERTED."""
        if self.owners:
            return self.owners[0]
        return DESERTED if self.deserted else NOBODY if self.wanted else NOT_WANTED

    @property
    def unowned(self) -> bool:
        """Nobody works on it, and somebody should."""
        return not self.owners and (self.wanted or self.deserted)


class StateSpan(NamedTuple):
    """In [start_ms, end_ms) a member was in this state and owned so many partitions."""

    start_ms: int
    end_ms: int
    state: MemberState
    owned: int


class Happening(NamedTuple):
    """Something happened to a member: started, closed, crashed, failed, removed, lost, paused,
    resumed, refused (a commit), assignor (its assignor was replaced)."""

    t_ms: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLane:
    """One life of one member."""

    number: int
    name: str
    member_ids: tuple[str, ...]
    client_id: str
    group_instance_id: str | None
    topics: tuple[str, ...]
    """All that it ever subscribed to, ascending; empty: it never said."""
    states: tuple[StateSpan, ...]
    happenings: tuple[Happening, ...]
    requests: tuple[Request, ...] = ()
    """What it sent, where the trace tells of it: all but heartbeats that were answered well."""
    heartbeats: int = 0
    """Heartbeats that were answered without an error."""
    session_timeout_ms: int | None = None
    rebalance_timeout_ms: int | None = None
    shown: bool = True
    """Whether it was asked for (see narrowing.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLane:
    """Partitions of one topic that had one and the same history."""

    topic: str
    partitions: tuple[int, ...]
    """Ascending."""
    runs: tuple[Run, ...]
    moves: tuple[tuple[int, int, int], ...]
    """(t_ms, number of the last owner, number of the new one) of each of the partitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupModel:
    """Everything a picture of one group shows."""

    headline: Headline
    """What stands above it, in numbers and in words."""
    group_id: str
    source: str
    clock: str
    started_at_ms: int | None
    note: str
    view: Literal["member", "coordinator", ""]
    """Whose word of ownership the partitions' lanes are; "": nobody spoke of any."""
    start_ms: int
    end_ms: int
    members: tuple[MemberLane, ...]
    partitions: tuple[PartitionLane, ...]
    """By topic, then by first partition."""
    rebalances: tuple[RebalanceEntry, ...]
    states: tuple[tuple[int, str], ...]
    """(t_ms, state) of the group, where the coordinator tells."""
    asides: tuple[tuple[int, str], ...]
    """(t_ms, text): what scripts did and what befell members between rebalances."""
    metrics: dict[str, Any]
    """`Metrics.to_dict()` without `per_rebalance`."""
    left_out: Mapping[str, int]
    """How much of what is missing here, as the trace had too much of it; the metrics count it."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it. A run is [start, end, who], who a number, -1 (nobody), -2 (nobody, and
        nobody wants it) or -3 (nobody lives who would), or where there is more to say
        [start, end, owners, zombies, wanted].
        """
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data["members"] = [asdict(member) for member in self.members]
        data["partitions"] = [_lane_dict(lane) for lane in self.partitions]
        data["rebalances"] = [asdict(entry) for entry in self.rebalances]
        data["headline"] = self.headline.to_dict()
        return data


def _lane_dict(lane: PartitionLane) -> dict[str, Any]:
    return {
        "topic": lane.topic,
        "partitions": lane.partitions,
        "runs": [_run_list(run) for run in lane.runs],
        "moves": lane.moves,
    }


def _run_list(run: Run) -> list[Any]:
    if len(run.owners) > 1 or run.zombies:
        return list(run[:5])
    return [run.start_ms, run.end_ms, run.who]


def models(
    trace: Source, group_id: str | None = None, *, by: Narrowing = ALL
) -> tuple[GroupModel, ...]:
    """The model of the group asked for, or of all groups of a trace that know what is asked for.

    Raises:
        UnknownGroupError: the trace does not speak of `group_id`.
        UnknownNameError: no group knows anything of what they are to be narrowed `by`.
    """
    found = shared_out(read_groups(trace, group_id), by)
    return tuple(group_model(group, own) for group, own in found)


def group_model(group: GroupLanes, by: Narrowing = ALL, *, since_ms: int = 0) -> GroupModel:
    """The model of one group, narrowed to some members or topics; all of it is drawn, and its costs
    are counted from `since_ms` on.

    Raises:
        UnknownNameError: the group knows nothing of what it is to be narrowed `by`.
    """
    facts = facts_of(group, by, since_ms=since_ms)
    shown = {lane.name for lane in shown_lanes(group, by)} if by else None
    if by:
        group = narrowed(group, by)
    ownership = group.ownership
    all_ = histories(ownership) if ownership else ()
    header = group.header
    return GroupModel(
        headline=facts.headline,
        group_id=group.group_id,
        source=header.source,
        clock=header.clock,
        started_at_ms=header.started_at_ms,
        note=header.note,
        view=ownership.view if ownership else "",
        start_ms=group.start_ms,
        end_ms=group.end_ms,
        members=_members(group, facts.found, all_, shown),
        partitions=_partitions(group, all_),
        rebalances=facts.rebalances,
        states=tuple((e.t, e.state) for e in group.events if isinstance(e, GroupStateChanged)),
        asides=tuple((aside.t, aside.text) for aside in facts.asides),
        metrics={k: v for k, v in facts.numbers.to_dict().items() if k != "per_rebalance"},
        left_out=group.left_out,
    )


# --- members -------------------------------------------------------------------------------------


def _members(
    group: GroupLanes,
    found: Sequence[Rebalance],
    all_: Sequence[History],
    shown: Collection[str] | None,
) -> tuple[MemberLane, ...]:
    counts = lane_counts(all_)
    busy = busy_spans(found, group)
    waiting = waiting_spans(group, all_)
    return tuple(
        MemberLane(
            number=number,
            name=lane.name,
            member_ids=lane.member_ids,
            client_id=lane.client_id,
            group_instance_id=lane.group_instance_id,
            topics=tuple(sorted({topic for _, topics in lane.topics for topic in topics})),
            states=tuple(
                sorted(
                    [
                        *_states(lane, phases_of(lane, counts.get(lane.name, {}), busy)),
                        *_gone((*unnoticed_spans(lane), *waiting.get(lane.name, ()))),
                    ]
                )
            ),
            happenings=tuple(Happening(mark.t, mark.kind, mark.text) for mark in lane.marks),
            requests=lane.requests,
            heartbeats=lane.heartbeats,
            session_timeout_ms=lane.session_timeout_ms,
            rebalance_timeout_ms=lane.rebalance_timeout_ms,
            shown=shown is None or lane.name in shown,
        )
        for number, lane in enumerate(group.lanes)
    )


def _states(lane: Lane, phases: Iterable[tuple[int, int, Phase]]) -> Iterable[StateSpan]:
    """Stretches of life; what is idle between JoinGroup's answer and the assignment syncs."""
    for start, end, phase in phases:
        if phase.state != "idle":
            yield StateSpan(start, end, phase.state, phase.owned)
            continue
        at = start
        for span in lane.syncing:
            first, last = max(span.start, at), min(span.end, end)
            if first < last:
                if at < first:
                    yield StateSpan(at, first, "idle", 0)
                yield StateSpan(first, last, "syncing", 0)
                at = last
        if at < end:
            yield StateSpan(at, end, "idle", 0)


def _gone(spans: Iterable[Span]) -> Iterable[StateSpan]:
    return (StateSpan(span.start, span.end, "gone", 0) for span in spans if span.start < span.end)


# --- partitions ----------------------------------------------------------------------------------


def _partitions(group: GroupLanes, all_: Iterable[History]) -> tuple[PartitionLane, ...]:
    number = {lane.name: index for index, lane in enumerate(group.lanes)}
    lanes: list[PartitionLane] = []
    for history in all_:
        ids: dict[str, list[int]] = {}
        for cell in history.cells:
            ids.setdefault(cell.topic, []).append(cell.partition)
        runs = tuple(_run(stretch, number) for stretch in history.stretches)
        moves = tuple((m.t, number[m.before], number[m.after]) for m in history.moves)
        lanes += [
            PartitionLane(topic=topic, partitions=tuple(sorted(of)), runs=runs, moves=moves)
            for topic, of in ids.items()
        ]
    return tuple(sorted(lanes, key=lambda lane: (lane.topic, lane.partitions[0])))


def _run(stretch: Stretch, number: dict[str, int]) -> Run:
    owners = tuple(number[name] for name in stretch.owners)
    zombies = tuple(number[name] for name in stretch.zombies)
    return Run(stretch.start, stretch.end, owners, zombies, stretch.wanted, stretch.deserted)
