"""When a simulation is at rest, and if it is not: what never became true, and who blocks.

At rest: each group is Stable with exactly the consumers that are awake and have their assignment,
and every partition that one of them wants is owned by one of them.

Why: it is asked after every change, of a thousand consumers if need be. Whoever was found restless
last is looked at first: until that one is at rest, nobody else matters.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from rebalance.protocol.states import MemberState
from rebalance.simulation.process import Process
from rebalance.simulation.values import partition_names
from rebalance.simulation.views import Views

__all__ = ["Rest"]

_AT_REST = (MemberState.STABLE, MemberState.FAILED, MemberState.UNSUBSCRIBED)


class Rest:
    """Looks at the processes as they run and at what the trace told."""

    def __init__(
        self, views: Views, processes: Mapping[str, Process], to_start: Sequence[str]
    ) -> None:
        self._views = views
        self._processes = processes
        self._to_start = to_start
        self._ring: deque[str] = deque()

    @property
    def is_reached(self) -> bool:
        """Everybody is at rest."""
        return not self._to_start and self._restless() is None and not self._groups()

    def missing(self) -> list[str]:
        """The first thing that is not as it should be, in words; empty when all is."""
        if self._to_start:
            return [f"{self._to_start[0]} is still to start"]
        for process in self._processes.values():
            if _is_restless(process):
                return [f"{process.name} is {process.state.value}"]
        why = self._groups()
        return [why] if why else []

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

    def _groups(self) -> str:
        """Why the groups are not at rest though their members are; empty when they are, too."""
        expected: dict[str, set[str]] = {group_id: set() for group_id in self._views.groups}
        for process in self._processes.values():
            if process.alive and not process.paused and process.state is MemberState.STABLE:
                member_id = self._views.lanes[process.name].member_id
                expected.setdefault(process.config.group_id, set()).add(member_id)
        for group_id, member_ids in expected.items():
            why = self._group(group_id, member_ids)
            if why:
                return why
        return ""

    def _group(self, group_id: str, expected: set[str]) -> str:
        group = self._views.groups.get(group_id)
        if group is None:
            return ""
        if group.state != ("Stable" if expected else "Empty") and group.state != "Dead":
            return f"group {group_id} is {group.state}"
        others = [member_id for member_id in group.members if member_id not in expected]
        if others:
            return f"group {group_id} still counts on {', '.join(others)}"
        if len(group.members) != len(expected):
            return f"group {group_id} lacks members"
        unowned = self._views.unowned(group_id) if expected else []
        if unowned:
            return f"nobody owns {partition_names(unowned)} of {group_id}"
        vain = self._views.owned_in_vain(group_id)
        return f"{partition_names(vain)} of {group_id} is owned in vain" if vain else ""


def _is_restless(process: Process) -> bool:
    return process.alive and not process.paused and process.state not in _AT_REST
