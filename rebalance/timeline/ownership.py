"""Who owned which partition when: the two ledgers, one per view of ownership.

Why: a member's belief and the coordinator's word differ for good reasons (DESIGN: two views), and
what differs is what a user looks for. Rules kept:
- A member owns from assigned to revoked, lost, stopped or failed; a crash ends its ownership.
- Once the coordinator removed a member, what that member still believes it owns is a zombie's
  hold until it ends: never ownership. Where a trace has no coordinator's view, a paused member's
  hold becomes a zombie's when another member is assigned the partition.
- The coordinator's assignment replaces the member's whole ownership. In a classic generation
  (one that had a join phase) it also ends older generations' claims to the same partitions: a
  member that is late with its SyncGroup does not own them twice. A member epoch (KIP-848) is no
  such generation: there, two claims at once are two owners.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    GroupStateChanged,
    JoinCompleted,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStopped,
    Partitions,
    Revoked,
)


class Cell(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Hold(NamedTuple):
    """`lane` owned the partition in [start, end); a `zombie` only believed it did."""

    start: int
    end: int
    lane: str
    zombie: bool = False


Holds = Mapping[Cell, tuple[Hold, ...]]


@dataclass(slots=True)
class _Open:
    since: int
    zombie: bool = False
    generation_id: int = -1


class _Ledger:
    """Open and closed holds; a hold of no duration is dropped."""

    def __init__(self) -> None:
        self.by_lane: dict[str, dict[Cell, _Open]] = {}
        self.holders: dict[Cell, dict[str, None]] = {}
        self.closed: dict[Cell, list[Hold]] = {}

    def open(self, t: int, lane: str, cell: Cell, entry: _Open) -> None:
        self.by_lane.setdefault(lane, {})[cell] = entry
        self.holders.setdefault(cell, {})[lane] = None
        self.closed.setdefault(cell, [])

    def close(self, t: int, lane: str, cell: Cell) -> None:
        entry = self.by_lane.get(lane, {}).pop(cell, None)
        if entry is None:
            return
        del self.holders[cell][lane]
        if entry.since < t:
            self.closed[cell].append(Hold(entry.since, t, lane, entry.zombie))

    def close_all(self, t: int, lane: str) -> None:
        for cell in tuple(self.by_lane.get(lane, ())):
            self.close(t, lane, cell)

    def make_zombie(self, t: int, lane: str, cell: Cell) -> None:
        entry = self.by_lane[lane][cell]
        if not entry.zombie:
            self.close(t, lane, cell)
            self.open(t, lane, cell, _Open(t, zombie=True))

    def finish(self, end: int) -> Holds:
        """Close what is open at the end of the trace; holds per cell in order of time."""
        for lane in tuple(self.by_lane):
            self.close_all(end, lane)
        return {cell: tuple(sorted(self.closed[cell])) for cell in sorted(self.closed)}


class MemberLedger(_Ledger):
    """What each member believes it owns."""

    def __init__(self, *, coordinator_counts: bool) -> None:
        super().__init__()
        self._coordinator_counts = coordinator_counts
        self._member_ids: dict[str, str] = {}
        self._removed: set[str] = set()
        self._paused: set[str] = set()

    def handle(self, event: Event) -> None:
        """Apply one event of the group; what is not about ownership is ignored."""
        match event:
            case Assigned():
                self._assigned(event)
            case Revoked() | Lost():
                for cell in cells(event.partitions):
                    self.close(event.t, event.member, cell)
            case MemberStopped() | MemberFailed():
                self.close_all(event.t, event.member)
            case Joining() | Joined():
                if event.member_id:
                    self._member_ids[event.member] = event.member_id
            case MemberJoined():
                self._removed.discard(event.member_id)
            case MemberRemoved():
                self._expelled(event)
            case MemberPaused():
                self._paused.add(event.member)
            case MemberResumed():
                self._paused.discard(event.member)
            case _:
                pass

    def _assigned(self, event: Assigned) -> None:
        zombie = self._member_ids.get(event.member, "") in self._removed
        for cell in cells(event.partitions):
            held = self.by_lane.get(event.member, {}).get(cell)
            if held is None or held.zombie != zombie:
                self.close(event.t, event.member, cell)
                self.open(event.t, event.member, cell, _Open(event.t, zombie))
            if not self._coordinator_counts:
                for other in tuple(self.holders[cell]):
                    if other != event.member and other in self._paused:
                        self.make_zombie(event.t, other, cell)

    def _expelled(self, event: MemberRemoved) -> None:
        self._removed.add(event.member_id)
        for lane, member_id in self._member_ids.items():
            if member_id == event.member_id:
                for cell in tuple(self.by_lane.get(lane, ())):
                    self.make_zombie(event.t, lane, cell)


class CoordinatorLedger(_Ledger):
    """What the coordinator told members that they own; `names` gives member ids their lanes."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names
        self._classic: set[int] = set()

    def handle(self, event: Event) -> None:
        """Apply one event of the group; what is not about ownership is ignored."""
        match event:
            case JoinCompleted():
                self._classic.add(event.generation_id)
            case AssignmentSent():
                self._sent(event)
            case MemberRemoved():
                self.close_all(event.t, self._names[event.member_id])
            case GroupStateChanged(state="Empty" | "Dead"):
                for lane in tuple(self.by_lane):
                    self.close_all(event.t, lane)
            case _:
                pass

    def _sent(self, event: AssignmentSent) -> None:
        lane = self._names[event.member_id]
        wanted = dict.fromkeys(cells(event.partitions))
        for cell in [cell for cell in self.by_lane.get(lane, {}) if cell not in wanted]:
            self.close(event.t, lane, cell)
        for cell in wanted:
            held = self.by_lane.get(lane, {}).get(cell)
            if held is None:
                self.open(event.t, lane, cell, _Open(event.t, generation_id=event.generation_id))
            else:
                held.generation_id = event.generation_id
            if event.generation_id in self._classic:
                self._supersede(event.t, lane, cell, event.generation_id)

    def _supersede(self, t: int, lane: str, cell: Cell, generation_id: int) -> None:
        for other in tuple(self.holders[cell]):
            if other != lane and self.by_lane[other][cell].generation_id < generation_id:
                self.close(t, other, cell)


def cells(partitions: Partitions) -> Iterator[Cell]:
    """The partitions of an event one by one."""
    for topic, ids in partitions.items():
        for partition in ids:
            yield Cell(topic, partition)
