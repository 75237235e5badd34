"""When a simulation is at rest, and if it is not: what never became true, and who blocks.

At rest: each group is Stable with exactly the consumers that are awake and have their assignment,
and every partition that one of them wants is owned by one of them.

Why: it is asked after every change, of a thousand consumers if need be. Whoever was found restless
last is looked at first: until that one is at rest, nobody else matters.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rebalance.protocol.states import GroupState, MemberState
from rebalance.simulation.checkers.checker import Snapshot
from rebalance.simulation.checkers.problem import Problem, ProblemKind
from rebalance.simulation.process import Process
from rebalance.simulation.values import partition_names, seconds
from rebalance.simulation.views import GroupView, Views

__all__ = ["Rest"]

_TOLD = 5
"""More of them would not be read."""

_AT_REST = (MemberState.STABLE, MemberState.FAILED, MemberState.UNSUBSCRIBED)


class Rest:
    """Looks at the processes as they run and at what the trace told."""

    def __init__(
        self,
        views: Views,
        processes: Mapping[str, Process],
        to_come: Sequence[str],
        snapshot: Snapshot,
    ) -> None:
        self._views = views
        self._snapshot = snapshot
        self._processes = processes
        self._to_come = to_come
        self._ring: deque[str] = deque()

    @property
    def is_reached(self) -> bool:
        """Everybody is at rest."""
        return not self._to_come and self._restless() is None and not any(self._groups())

    def missing(self) -> list[str]:
        """The first thing that is not as it should be, in words; empty when all is."""
        if self._to_come:
            return [self._to_come[0]]
        for process in self._processes.values():
            if _is_restless(process):
                return [f"{process.name} is {process.state.value}"]
        return [problem.text for problem in self._groups()][:1]

    def unsettled(self) -> list[Problem]:
        """Why groups are not at rest though each of their members is, one problem a group; none
        until the members are."""
        return [] if self._to_come or self._restless() is not None else list(self._groups())

    def blockers(self) -> list[str]:
        """Who is not where it should be, since when, and what it waits for; the groups, too."""
        told = list(self._to_come[:_TOLD])
        if len(self._to_come) > _TOLD:
            told.append(f"{len(self._to_come) - _TOLD} more steps are still to come")
        restless = [p for p in self._processes.values() if _is_restless(p)]
        told += [f"{process.name} {process.condition()}" for process in restless[:_TOLD]]
        if len(restless) > _TOLD:
            told.append(f"{len(restless) - _TOLD} more members are not Stable")
        for group in self._views.groups.values():
            waits = self._group_waits(group)
            if waits:
                told.append(waits)
        return told or [problem.text for problem in self._groups()]

    def problem(self) -> Problem | None:
        """All of the blockers as one problem, of the kind of the first; None: all are at rest."""
        text = "; ".join(self.blockers())
        if self._to_come:
            return Problem(kind=ProblemKind.STILL_TO_COME, text=text)
        for process in filter(_is_restless, self._processes.values()):
            state, group_id = process.state.value, process.config.group_id
            return Problem(kind=ProblemKind.MEMBER, detail=state, group_id=group_id, text=text)
        for group in self._views.groups.values():
            if self._group_waits(group):
                kind, state = ProblemKind.BETWEEN_GENERATIONS, group.state
                return Problem(kind=kind, detail=state, group_id=group.group_id, text=text)
        return next((replace(problem, text=text) for problem in self._groups()), None)

    def overdue(self) -> list[str]:
        """Who is at rest and will not stay so: the application is busy beyond what its group lets
        it."""
        busy = [process for process in self._processes.values() if process.overdue]
        told = [f"{process.name} {process.condition()}" for process in busy[:_TOLD]]
        more = len(busy) - _TOLD
        return [*told, f"{more} more are busy beyond max.poll.interval.ms"] if more > 0 else told

    def _group_waits(self, view: GroupView) -> str:
        """A group that is between two generations, and whom it waits for."""
        told = f"group {view.group_id} is {view.state} since {seconds(view.since)}"
        if view.state == GroupState.DEAD.value and self._wanted(view.group_id):
            return f"{told}, no broker coordinates it"
        group = self._snapshot(view.group_id)
        if group is None or group.state.value != view.state:
            return ""
        match group.state:
            case GroupState.PREPARING_REBALANCE:
                late = [m.member_id for m in group.members if not m.awaits_join]
            case GroupState.COMPLETING_REBALANCE:
                late = [m.member_id for m in group.members if not m.awaits_sync]
            case _:
                return ""
        waits = [self._who(group.group_id, member_id) for member_id in late[:_TOLD]]
        waits += [f"{member_id} (never joined)" for member_id in group.pending_member_ids[:_TOLD]]
        return f"{told}, waits for {', '.join(waits) or 'its log or its timer'}"

    def _who(self, group_id: str, member_id: str) -> str:
        lane = self._views.lane_of_member(group_id, member_id)
        for process in self._processes.values():
            if lane is not None and process.name == lane.name:
                return f"{member_id} ({process.name} {process.condition()})"
        return f"{member_id} (gone)"

    def _wanted(self, group_id: str) -> bool:
        return any(p.alive and p.config.group_id == group_id for p in self._processes.values())

    def _restless(self) -> Process | None:
        """Somebody who is not at rest; the same one as long as that is so."""
        if len(self._ring) != len(self._processes):
            self._ring = deque(self._processes)
        ring = self._ring
        for _ in range(len(ring)):
            process = self._processes[ring[0]]
            if _is_restless(process):
                return process
            ring.rotate(-1)
        return None

    def _groups(self) -> Iterator[Problem]:
        """Why each group is not at rest that is not though its members are."""
        expected: dict[str, set[str]] = {group_id: set() for group_id in self._views.groups}
        for process in self._processes.values():
            if process.alive and not process.paused and process.state is MemberState.STABLE:
                member_id = self._views.lanes[process.name].member_id
                expected.setdefault(process.config.group_id, set()).add(member_id)
        for group_id, member_ids in expected.items():
            group = self._views.groups.get(group_id)
            why = None if group is None else self._group(group, member_ids)
            if why is not None:
                kind, detail, text = why
                yield Problem(kind=kind, detail=detail, group_id=group_id, text=text)

    def _group(self, group: GroupView, expected: set[str]) -> tuple[ProblemKind, str, str] | None:
        """ProblemKind, detail and text of a group's problem."""
        group_id = group.group_id
        if group.state != ("Stable" if expected else "Empty") and group.state != "Dead":
            return ProblemKind.GROUP_STATE, group.state, f"group {group_id} is {group.state}"
        others = [member_id for member_id in group.members if member_id not in expected]
        if others:
            text = f"group {group_id} still counts on {', '.join(others)}"
            return ProblemKind.COUNTS_ON_OTHERS, "", text
        if len(group.members) != len(expected):
            return ProblemKind.LACKS_MEMBERS, "", f"group {group_id} lacks members"
        unowned = self._views.unowned(group_id) if expected else []
        if unowned:
            return ProblemKind.UNOWNED, "", f"nobody owns {partition_names(unowned)} of {group_id}"
        vain = self._views.owned_in_vain(group_id)
        if vain:
            return (
                ProblemKind.IN_VAIN,
                "",
                f"{partition_names(vain)} of {group_id} is owned in vain",
            )
        return None


def _is_restless(process: Process) -> bool:
    return process.alive and not process.paused and process.state not in _AT_REST
