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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
    """`lane` owned the partition in [start, end); a `zombie` only believed it did.

    One that began and ended in one instant owned for no time, but the partition went to it.
    """

    start: int
    end: int
    lane: str
    zombie: bool = False


Holds = Mapping[Cell, tuple[Hold, ...]]
"""Per partition, in the order in which they began."""


@dataclass(slots=True)
class _Open:
    since: int
    zombie: bool = False
    generation_id: int = -1
    order: int = -1


@dataclass(slots=True, eq=False)
class _Block:
    """Partitions of one topic that share their whole past: ten thousand are a few hundred blocks.

    An event that speaks of a part of a block splits it.
    """

    topic: str
    ids: set[int]
    open: dict[str, _Open] = field(default_factory=dict)
    closed: list[tuple[int, Hold]] = field(default_factory=list)
    """With the order in which they began."""


class _Ledger:
    """Open and closed holds, in the order in which they began: in one instant, that of events."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._homes: dict[str, dict[int, _Block]] = {}
        self._held: dict[str, dict[int, _Block]] = {}
        self._opened = 0

    def blocks(self, partitions: Partitions) -> list[_Block]:
        """The blocks that are exactly these partitions, made or split where there are none."""
        return [block for topic, ids in partitions.items() for block in self._carve(topic, ids)]

    def _carve(self, topic: str, ids: Iterable[int]) -> list[_Block]:
        homes = self._homes.setdefault(topic, {})
        parts: dict[int, tuple[_Block | None, set[int]]] = {}
        for id_ in ids:
            block = homes.get(id_)
            parts.setdefault(id(block), (block, set()))[1].add(id_)
        result: list[_Block] = []
        for block, part in parts.values():
            if block is not None and len(part) == len(block.ids):
                result.append(block)
                continue
            new = _Block(topic, part)
            if block is not None:
                block.ids -= part
                new.closed = list(block.closed)
                for lane, entry in block.open.items():
                    self.open(new, lane, replace(entry))
            self._blocks.append(new)
            homes.update(dict.fromkeys(part, new))
            result.append(new)
        return result

    def held(self, lane: str) -> list[_Block]:
        """The blocks that a lane holds now."""
        return list(self._held.get(lane, {}).values())

    def open(self, block: _Block, lane: str, entry: _Open) -> None:
        if entry.order < 0:
            entry.order = self._opened = self._opened + 1
        block.open[lane] = entry
        self._held.setdefault(lane, {})[id(block)] = block

    def close(self, t: int, block: _Block, lane: str) -> None:
        entry = block.open.pop(lane, None)
        if entry is None:
            return
        del self._held[lane][id(block)]
        block.closed.append((entry.order, Hold(entry.since, t, lane, entry.zombie)))

    def close_all(self, t: int, lane: str) -> None:
        for block in self.held(lane):
            self.close(t, block, lane)

    def make_zombie(self, t: int, block: _Block, lane: str) -> None:
        if not block.open[lane].zombie:
            self.close(t, block, lane)
            self.open(block, lane, _Open(t, zombie=True))

    def holds(self, end: int, names: Mapping[str, str] | None = None) -> Holds:
        """All so far, per cell in order of their start; what is open goes on until `end`.

        `names` gives what holds are written under the names of lanes.
        """
        holds: dict[Cell, tuple[Hold, ...]] = {}
        for block in self._blocks:
            open_ = [
                (entry.order, Hold(entry.since, end, lane, entry.zombie))
                for lane, entry in block.open.items()
            ]
            shared = tuple(hold for _, hold in sorted([*block.closed, *open_]))
            if names is not None:
                shared = tuple(hold._replace(lane=names[hold.lane]) for hold in shared)
            holds.update((Cell(block.topic, id_), shared) for id_ in block.ids)
        return {cell: holds[cell] for cell in sorted(holds)}


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
                for block in self.blocks(event.partitions):
                    self.close(event.t, block, event.member)
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
        for block in self.blocks(event.partitions):
            held = block.open.get(event.member)
            if held is None or held.zombie != zombie:
                self.close(event.t, block, event.member)
                self.open(block, event.member, _Open(event.t, zombie))
            if not self._coordinator_counts:
                for other in tuple(block.open):
                    if other != event.member and other in self._paused:
                        self.make_zombie(event.t, block, other)

    def _expelled(self, event: MemberRemoved) -> None:
        self._removed.add(event.member_id)
        for lane, member_id in self._member_ids.items():
            if member_id == event.member_id:
                for block in self.held(lane):
                    self.make_zombie(event.t, block, lane)


class CoordinatorLedger(_Ledger):
    """What the coordinator told members that they own, by member id: a lane's old id may still be
    counted when it has a new one. `holds` gives ids their lanes in the end."""

    def __init__(self) -> None:
        super().__init__()
        self._classic: set[int] = set()

    def handle(self, event: Event) -> None:
        """Apply one event of the group; what is not about ownership is ignored."""
        match event:
            case JoinCompleted():
                self._classic.add(event.generation_id)
            case AssignmentSent():
                self._sent(event)
            case MemberRemoved():
                self.close_all(event.t, event.member_id)
            case GroupStateChanged(state="Empty" | "Dead"):
                for lane in tuple(self._held):
                    self.close_all(event.t, lane)
            case _:
                pass

    def _sent(self, event: AssignmentSent) -> None:
        lane = event.member_id
        wanted = self.blocks(event.partitions)
        kept = {id(block) for block in wanted}
        for block in self.held(lane):
            if id(block) not in kept:
                self.close(event.t, block, lane)
        for block in wanted:
            held = block.open.get(lane)
            if held is None:
                self.open(block, lane, _Open(event.t, generation_id=event.generation_id))
            else:
                held.generation_id = event.generation_id
            if event.generation_id in self._classic:
                self._supersede(event.t, block, lane, event.generation_id)

    def _supersede(self, t: int, block: _Block, lane: str, generation_id: int) -> None:
        for other, entry in tuple(block.open.items()):
            if other != lane and entry.generation_id < generation_id:
                self.close(t, block, other)
