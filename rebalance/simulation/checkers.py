"""The invariants, checked after every event: I01, I02, I03, I04 while it runs, I05 at the end.

Rule kept: a checker knows nothing of how a machine works. It sees trace events, what earlier events
add up to (`Views`) and snapshots; what it finds is a `Violation` with the events that led there.

A *zombie* is a consumer that believes to own what its coordinator no longer minds: it was removed,
replaced, stands still, or is a static member that a generation was made without (J11). That it
owns is no violation: no broker can prevent it. A removed one's commits are refused (O02), which is
what keeps I03.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.simulation.views import Lane, Views, flattened
from rebalance.timeline import trace

__all__ = ["Checkers", "Committed", "Violation"]

_LAST_EVENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken invariant: rule id, when (ms), what, and the last events up to it."""

    rule: str
    t: int
    message: str
    last_events: tuple[trace.Event, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule} violated at {self.t / 1000:.3f}s: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A committed offset became durable."""

    t: int
    group_id: str
    partition: TopicPartition
    offset: int


class Checkers:
    """All checkers over one simulation. `is_eager` says what protocol a lane is configured for."""

    def __init__(self, views: Views, is_eager: Callable[[str], bool]) -> None:
        self._views = views
        self._is_eager = is_eager
        self._recent: deque[trace.Event] = deque(maxlen=_LAST_EVENTS)
        self._generations: dict[str, int] = {}
        self._offsets: dict[tuple[str, TopicPartition], int] = {}
        self.violations: list[Violation] = []
        self._checks: Mapping[type[trace.Event], Callable[..., None]] = {
            trace.GroupStateChanged: self._generation_grows,
            trace.JoinCompleted: self._join_completed,
            trace.AssignmentSent: self._assignment_sent,
            trace.Joined: self._member_generation_grows,
            trace.Assigned: self._no_second_owner,
        }

    def check(self, event: trace.Event) -> None:
        """Look at one event; `views` does not contain it yet."""
        self._recent.append(event)
        check = self._checks.get(type(event))
        if check is not None:
            check(event)

    def committed(self, fact: Committed) -> None:
        """Rule I03: a committed offset never goes back."""
        key = (fact.group_id, fact.partition)
        before = self._offsets.get(key, -1)
        if fact.offset < before:
            self._violated(
                "I03",
                fact.t,
                f"{_name(fact.partition)} of group {fact.group_id}: offset {fact.offset} was "
                f"committed after {before}",
            )
        self._offsets[key] = fact.offset

    def converged(self, t: int, problems: list[str]) -> None:
        """Rule I05: without further faults the group comes to rest with a valid assignment."""
        for problem in problems:
            self._violated("I05", t, problem)

    def _violated(self, rule: str, t: int, message: str) -> None:
        found = Violation(rule=rule, t=t, message=message, last_events=tuple(self._recent))
        self.violations.append(found)

    # --- I01, I02: one owner ---------------------------------------------------------------------

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        """Rule I01, eager: between two generations nobody owns, who joins has given up all."""
        self._generation_grows(event)
        for member_id in event.members:
            lane = self._views.lane_of_member(event.group_id, member_id)
            if lane is None or not lane.joining or not lane.owned:
                continue
            if self._is_eager(lane.name):
                self._violated(
                    "I01",
                    event.t,
                    f"{lane.name} is eager and joined generation {event.generation_id} of "
                    f"{event.group_id} while it still owns {_names(lane.owned)}",
                )

    def _assignment_sent(self, event: trace.AssignmentSent) -> None:
        """Rules I01, I02 in the coordinator's view: nothing goes to two, or away unrevoked."""
        self._generation_grows(event)
        group, given = self._views.groups[event.group_id], set(flattened(event.partitions))
        for member_id, (generation_id, owned) in group.sent.items():
            same = generation_id == event.generation_id and member_id != event.member_id
            if same and not given.isdisjoint(owned):
                self._violated(
                    "I01",
                    event.t,
                    f"{_names(given & owned)} was given to {member_id} and to {event.member_id} "
                    f"in generation {generation_id} of {event.group_id}",
                )
        for partition in sorted(given):
            for lane in self._rivals(event.group_id, partition):
                if lane.member_id != event.member_id:
                    self._violated(
                        "I02",
                        event.t,
                        f"{_name(partition)} was given to {event.member_id} in generation "
                        f"{event.generation_id} of {event.group_id} while {lane.name} "
                        f"({lane.member_id}) has not revoked it",
                    )

    def _no_second_owner(self, event: trace.Assigned) -> None:
        """Rule I01 in the members' view: who takes a partition over takes it from nobody.

        A zombie may: it wakes up with an answer that was true when it was sent.
        """
        if self._is_zombie(self._views.lanes[event.member]):
            return
        for partition in flattened(event.partitions):
            for lane in self._rivals(event.group_id, partition):
                if lane.name != event.member:
                    self._violated(
                        "I01",
                        event.t,
                        f"{event.member} takes {_name(partition)} of {event.group_id}, which "
                        f"{lane.name} still owns",
                    )

    def _rivals(self, group_id: str, partition: tuple[str, int]) -> list[Lane]:
        """Owners that are no zombies."""
        holders = self._views.holders(group_id, partition)
        return [lane for lane in holders if not self._is_zombie(lane)]

    def _is_zombie(self, lane: Lane) -> bool:
        return lane.paused or lane.left_behind or not self._views.is_member(lane)

    # --- I04: generations grow -------------------------------------------------------------------

    def _generation_grows(
        self, event: trace.GroupStateChanged | trace.JoinCompleted | trace.AssignmentSent
    ) -> None:
        before = self._generations.get(event.group_id, -1)
        if event.generation_id < before:
            self._violated(
                "I04",
                event.t,
                f"group {event.group_id} went from generation {before} to {event.generation_id}",
            )
        self._generations[event.group_id] = event.generation_id
        if isinstance(event, trace.GroupStateChanged) and event.state == "Dead":
            del self._generations[event.group_id]  # a new group of that name starts at 0

    def _member_generation_grows(self, event: trace.Joined) -> None:
        lane = self._views.lanes[event.member]
        if lane.member_id == event.member_id and event.generation_id < lane.generation_id:
            self._violated(
                "I04",
                event.t,
                f"{event.member} went from generation {lane.generation_id} to "
                f"{event.generation_id}",
            )


def _name(partition: tuple[str, int]) -> str:
    return f"{partition[0]}-{partition[1]}"


def _names(partitions: Iterable[tuple[str, int]]) -> str:
    return ", ".join(_name(each) for each in sorted(partitions))
