"""Rebalances as members saw them, for traces in which no coordinator speaks.

Why: client listeners on a real cluster write only what happens to them. A member's turn goes from
the first sign (it gives up partitions or sends a JoinGroup) to the last (it is in a generation and
has its partitions). Turns of one generation are one rebalance; where no generation is known, turns
that overlap are. The cause is not ours to tell (rebalances.py): only who moved first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rebalance.timeline.events import (
    Assigned,
    Event,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberStopped,
    Revoked,
)
from rebalance.timeline.lanes import GroupLanes

_FOLLOWS = ("REBALANCE_IN_PROGRESS", "already rebalancing")
"""In the words of clients: others began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One rebalance as its members show it; `end` None: not over when the trace ends."""

    start: int
    end: int | None
    generation_from: int
    generation_to: int | None
    reason: str
    told_by: str
    """The lane whose own words `reason` has; "": nobody's, or words that it only follows others."""


@dataclass(slots=True)
class _Turn:
    lane: str
    start: int
    end: int
    sign: str
    generation_id: int = -1
    told: bool = False
    """`sign` is the member's own word."""
    in_generation: bool = False
    done: bool = False


@dataclass(slots=True)
class _Member:
    turn: _Turn | None = None
    ever_joined: bool = False
    turns: list[_Turn] = field(default_factory=list)

    def begin(self, lane: str, t: int, sign: str) -> _Turn:
        self.turn = _Turn(lane, t, t, sign)
        self.turns.append(self.turn)
        return self.turn


def witnessed(group: GroupLanes) -> list[Seen]:
    """The rebalances that the members' events show, in order of their start."""
    members: dict[str, _Member] = {}
    for event in group.events:
        if event.VIEW == "member":
            name = str(getattr(event, "member", ""))
            _follow(members.setdefault(name, _Member()), name, event)
    turns = [turn for member in members.values() for turn in member.turns]
    return _gather(sorted(turns, key=lambda turn: (turn.start, turn.lane)))


def _follow(member: _Member, name: str, event: Event) -> None:
    turn = member.turn
    match event:
        case Joining():
            if turn is None or turn.in_generation or turn.done:
                turn = member.begin(name, event.t, "rejoins" if member.ever_joined else "is new")
            if event.reason:
                turn.sign = event.reason
                turn.told = not any(words in event.reason for words in _FOLLOWS)
        case Revoked() | Lost() if any(event.partitions.values()):
            if turn is None or turn.done:
                lost = isinstance(event, Lost)
                member.begin(name, event.t, "lost its partitions" if lost else "gave up partitions")
            elif turn.in_generation:
                turn.end = event.t
        case Joined():
            if turn is None or turn.done or turn.in_generation:
                same = turn is not None and turn.generation_id == event.generation_id
                if turn is None or not same:
                    turn = member.begin(name, event.t, "joined")
            turn.generation_id, turn.end, turn.in_generation = event.generation_id, event.t, True
            member.ever_joined = True
        case Assigned():
            if turn is None or turn.done:
                turn = member.begin(name, event.t, "was assigned partitions")
            turn.end, turn.done = event.t, True
            turn.generation_id = max(turn.generation_id, event.generation_id)
            member.ever_joined = True
        case MemberStopped() | MemberFailed():
            if turn is not None and not (turn.in_generation or turn.done):
                member.turns.remove(turn)
            member.turn = None
        case _:
            pass


def _gather(turns: Iterable[_Turn]) -> list[Seen]:
    """Turns to rebalances: by generation where it is known, else by overlap in time."""
    clusters: list[list[_Turn]] = []
    by_generation: dict[int, list[_Turn]] = {}
    for turn in turns:
        home = by_generation.get(turn.generation_id)
        if home is None and turn.generation_id < 0 and clusters:
            home = clusters[-1] if any(_meet(turn, other) for other in clusters[-1]) else None
        if home is None:
            clusters.append(home := [])
        if turn.generation_id >= 0:
            by_generation[turn.generation_id] = home
        home.append(turn)
    return _seen(clusters)


def _meet(turn: _Turn, other: _Turn) -> bool:
    open_end = not (other.in_generation or other.done)
    return other.generation_id < 0 and (open_end or turn.start <= other.end)


def _seen(clusters: list[list[_Turn]]) -> list[Seen]:
    result: list[Seen] = []
    generation = -1
    for cluster in clusters:
        over = all(turn.in_generation or turn.done for turn in cluster)
        known = max(turn.generation_id for turn in cluster)
        result.append(
            Seen(
                start=min(turn.start for turn in cluster),
                end=max(turn.end for turn in cluster) if over else None,
                generation_from=generation,
                generation_to=known if known >= 0 else None,
                reason=f"first seen: {cluster[0].lane} {cluster[0].sign}",
                told_by=cluster[0].lane if cluster[0].told else "",
            )
        )
        generation = known
    return result
