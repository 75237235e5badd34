"""What a group's churn cost: exact numbers with units, in both views of ownership.

Why: "better" must mean one thing in comparisons, checks and pictures. Everything is an integer of
milliseconds or partition-milliseconds (one partition for one millisecond), swept from the same
stretches that the pictures draw. What is asked for is often a part of a trace: what was before
`since_ms` is not counted, and of what began before it only what is left of it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rebalance.timeline.history import History, Stretch, histories
from rebalance.timeline.lanes import GroupLanes, Lane, Ownership
from rebalance.timeline.rebalances import Rebalance, find_rebalances
from rebalance.timeline.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipMetrics:
    """What ownership looked like in one view."""

    view: Literal["member", "coordinator"]
    """Whose word: what members believed, or what the coordinator had told them."""
    partitions: int
    """Partitions that were ever owned or wanted."""
    unavailable_partition_ms: int
    """Time in which no live member owned a partition while a live member subscribed to its topic.
    A zombie is no owner; a paused member that still counts is one."""
    double_owned_partition_ms: int
    """Time in which a partition had more than one owner, zombies left out. A partition with three
    owners counts once."""
    zombie_partition_ms: int
    """Time in which a member believed it owned a partition after the coordinator had removed it
    (without a coordinator's view: after another got it during its pause). Per believer. Always 0
    in the coordinator's view. It overlaps with unavailable time where nobody else owned yet."""
    deserted_partition_ms: int
    """Time in which no member that wanted a partition's topic lived at all: none of it is
    unavailable time. Only partitions that were wanted until the last such member was gone count. It
    lasts until one is back, the topic is deleted, or the trace ends. A topic to which nobody comes
    back after its last member closed in good order is over, not deserted."""
    longest_unavailable_ms: int
    """The longest time that one partition was unavailable without a break."""
    partitions_moved: int
    """How often a partition went to another member than its last owner; the first owner of a
    partition is no move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceMetrics:
    """What one rebalance cost, in the preferred view (the members' where there is one)."""

    number: int
    """The rebalance's number."""
    time_to_stable_ms: int | None
    """From its start until the group was at rest; None: overtaken, or the trace ended first."""
    partitions_moved: int
    """Partitions that went to another owner from its start until the next one's; not those that a
    gap preceded which this rebalance does not explain."""
    partitions_stopped: int
    """Partitions that had an owner before and stood without one until this rebalance gave them
    to somebody."""
    unavailable_partition_ms: int
    """Unavailable time that this rebalance ended, from the loss of the owner on: after a crash
    the wait for the session to expire is part of it. Time that began when no rebalance was in
    progress and ended before the next (a static member restarts) is charged to none."""
    unavailable_since_ms: int | None
    """When the first of `partitions_stopped` lost its owner; None: there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The numbers of one group in one trace."""

    group_id: str
    """Kafka's name of the group."""
    duration_ms: int
    """From 0 s, from which all times count, or from where it is measured, to the end of the
    trace."""
    members: int
    """Lanes: member lives, not members at one time. Of a part of a trace: those that lived in
    it."""
    rebalances: int
    """Join phases that began (of witnesses' traces: rebalances the members show)."""
    changes: int
    """Changes the group converged on: a rebalance that was overtaken, or whose partitions the
    next one only hands over, is one change with that next one."""
    rounds: tuple[int, ...]
    """Rebalances (generations) each change took to converge, in order of time."""
    rounds_max: int
    """The most that one change took."""
    time_to_stable_ms: tuple[int | None, ...]
    """Per change: from its start until the group was at rest; None: never in this trace."""
    time_to_stable_total_ms: int
    """Sum over the changes that came to rest."""
    time_to_stable_max_ms: int
    """The slowest change that came to rest."""
    commits_refused: int
    """Offset commits refused as a whole, as the coordinator tells."""
    member_view: OwnershipMetrics | None
    """None: no member wrote into the trace."""
    coordinator_view: OwnershipMetrics | None
    """None: no coordinator wrote its assignments into the trace."""
    per_rebalance: tuple[RebalanceMetrics, ...]
    """One for each rebalance, also for those that began before what is measured."""

    @property
    def ownership(self) -> OwnershipMetrics | None:
        """The members' view where there is one, else the coordinator's."""
        return self.member_view if self.member_view is not None else self.coordinator_view

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON knows them, names as documented here."""
        return asdict(self)


def measure(
    group: GroupLanes, found: Sequence[Rebalance] | None = None, *, since_ms: int = 0
) -> Metrics:
    """The metrics of a group from `since_ms` on; `found` spares looking for its rebalances once
    more."""
    found = find_rebalances(group) if found is None else found
    counted = [rebalance for rebalance in found if rebalance.start_ms >= since_ms]
    rounds, stable = _changes(counted)
    at_rest = [ms for ms in stable if ms is not None]
    refused = (t for lane in group.lanes for t in lane.commits_refused)
    member = histories(group.member) if group.member else ()
    coordinator = histories(group.coordinator) if group.coordinator else ()
    return Metrics(
        group_id=group.group_id,
        duration_ms=group.end_ms - since_ms,
        members=sum(_lived(lane, since_ms) for lane in group.lanes),
        rebalances=len(counted),
        changes=len(rounds),
        rounds=rounds,
        rounds_max=max(rounds, default=0),
        time_to_stable_ms=stable,
        time_to_stable_total_ms=sum(at_rest),
        time_to_stable_max_ms=max(at_rest, default=0),
        commits_refused=sum(t >= since_ms for t in refused),
        member_view=_view(group.member, member, since_ms),
        coordinator_view=_view(group.coordinator, coordinator, since_ms),
        per_rebalance=_per_rebalance(member if group.member else coordinator, found, since_ms),
    )


def _lived(lane: Lane, since_ms: int) -> bool:
    return not since_ms or any(span.end > since_ms for span in (*lane.alive, *lane.counted))


def _view(
    ownership: Ownership | None, all_: Sequence[History], since_ms: int
) -> OwnershipMetrics | None:
    if ownership is None:
        return None
    gaps = [(len(history.cells), gap) for history in all_ for gap in history.gaps()]
    return OwnershipMetrics(
        view=ownership.view,
        partitions=len(ownership.wanted),
        unavailable_partition_ms=sum(count * _part(gap, since_ms) for count, gap in gaps),
        double_owned_partition_ms=_total(all_, "double", since_ms),
        zombie_partition_ms=sum(
            len(history.cells) * len(stretch.zombies) * _part(stretch, since_ms)
            for history in all_
            for stretch in history.stretches
        ),
        deserted_partition_ms=_total(all_, "deserted", since_ms),
        longest_unavailable_ms=max((_part(gap, since_ms) for _, gap in gaps), default=0),
        partitions_moved=sum(
            len(history.cells) * sum(move.t >= since_ms for move in history.moves)
            for history in all_
        ),
    )


def _part(span: Span | Stretch, since_ms: int) -> int:
    """So much of it is measured."""
    return max(span.end - max(span.start, since_ms), 0)


def _total(all_: Iterable[History], quality: str, since_ms: int) -> int:
    return sum(
        len(history.cells) * _part(stretch, since_ms)
        for history in all_
        for stretch in history.stretches
        if getattr(stretch, quality)
    )


def _changes(found: Sequence[Rebalance]) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Rounds and time to stable of each change."""
    starts: dict[int, int] = {}
    rounds: dict[int, int] = {}
    ends: dict[int, int | None] = {}
    for rebalance in found:
        starts.setdefault(rebalance.change, rebalance.start_ms)
        rounds[rebalance.change] = rounds.get(rebalance.change, 0) + 1
        ends[rebalance.change] = rebalance.end_ms
    stable = tuple(None if end is None else end - starts[c] for c, end in ends.items())
    return tuple(rounds.values()), stable


# --- what each rebalance cost --------------------------------------------------------------------


@dataclass(slots=True)
class _Cost:
    moved: int = 0
    stopped: int = 0
    lost: int = 0
    since: int | None = None


def _per_rebalance(
    all_: Iterable[History], found: Sequence[Rebalance], since_ms: int
) -> tuple[RebalanceMetrics, ...]:
    starts = [rebalance.start_ms for rebalance in found]
    costs = [_Cost() for _ in found]
    for history in all_:
        _charge(history, costs, found, starts, since_ms)
    return tuple(
        RebalanceMetrics(
            number=rebalance.number,
            time_to_stable_ms=rebalance.time_to_stable_ms,
            partitions_moved=cost.moved,
            partitions_stopped=cost.stopped,
            unavailable_partition_ms=cost.lost,
            unavailable_since_ms=cost.since,
        )
        for rebalance, cost in zip(found, costs, strict=True)
    )


def _charge(
    history: History,
    costs: Sequence[_Cost],
    found: Sequence[Rebalance],
    starts: Sequence[int],
    since_ms: int,
) -> None:
    """What the partitions of one history went through, to the rebalances that explain it."""
    count = len(history.cells)
    blame = {gap: _blamed(found, starts, gap) for gap in history.gaps()}
    ended = {gap.end: index for gap, index in blame.items()}
    for move in history.moves:
        index = ended.get(move.t, _latest(starts, move.t + 1))
        if index is not None and move.t >= since_ms:
            costs[index].moved += count
    stopped: set[int] = set()
    for gap, index in blame.items():
        if index is None or not _part(gap, since_ms):
            continue
        cost = costs[index]
        cost.lost += count * _part(gap, since_ms)
        if _owned_before(history, gap.start):
            stopped.add(index)
            began = max(gap.start, since_ms)
            cost.since = began if cost.since is None else min(cost.since, began)
    for index in stopped:
        costs[index].stopped += count


def _latest(starts: Sequence[int], before: int) -> int | None:
    """The last rebalance that started before a time."""
    index = bisect_left(starts, before) - 1
    return None if index < 0 else index


def _blamed(found: Sequence[Rebalance], starts: Sequence[int], gap: Span) -> int | None:
    """The rebalance that ended a gap: the last one before its end, unless it was over when the gap
    began."""
    index = _latest(starts, gap.end)
    if index is None:
        return None
    end = found[index].end_ms
    return index if end is None or end > gap.start or starts[index] >= gap.start else None


def _owned_before(history: History, t: int) -> bool:
    return any(stretch.owners and stretch.end <= t for stretch in history.stretches)
