"""Groups as whoever listens to their coordinators knows them: state, generation, members, plans.

Why: what may be answered follows from these, and the checkers of answers share them. Rule kept:
nothing is asked of a machine; all is taken from events and requests, in the order in which they
happened at the coordinator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rebalance.protocol.causes import Cause
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import SyncGroupRequest
from rebalance.simulation.checkers.checker import Look
from rebalance.simulation.checkers.wire_facts import Arrival
from rebalance.timeline import trace

__all__ = ["WireGroup", "WireGroups"]

_REPLACED = Cause.STATIC_MEMBER_REPLACED.value


@dataclass(slots=True, kw_only=True)
class WireGroup:
    """One group."""

    state: str = "Empty"
    generation_id: int = 0
    leader: str = ""
    members: dict[str, str | None] = field(default_factory=dict)
    """member id -> its group.instance.id"""
    instances: dict[str, str] = field(default_factory=dict)
    """group.instance.id -> member id"""
    plans: list[dict[str, bytes]] | None = None
    """What the leader said in this generation, by member id; None: nobody here has heard it."""
    replaced: str = ""
    """A static member that goes; who comes next has its place."""

    def member_error(self, member_id: str, instance_id: str | None) -> ErrorCode | None:
        """Rule J06: the error for who names itself like this; None for a member."""
        if instance_id is not None:
            known = self.instances.get(instance_id)
            if known is not None and known != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
            if known is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
        return None if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    def take_over(self, member_id: str) -> None:
        """The place of the one that was replaced: what it led, and what it was to get (J15)."""
        old, self.replaced = self.replaced, ""
        if self.leader == old:
            self.leader = member_id
        for plan in self.plans or ():
            if old in plan:
                plan[member_id] = plan.pop(old)


class WireGroups:
    """All groups, kept current by what the registry shows it before it shows it to others."""

    def __init__(self) -> None:
        self._groups: dict[str, WireGroup] = {}

    def of(self, group_id: str) -> WireGroup:
        """The group; one that nobody has heard of is Empty."""
        return self._groups.get(group_id) or WireGroup()

    def looks(self) -> Mapping[object, Look]:
        """Everything that says where a group is, and who is in it."""
        return {
            trace.GroupStateChanged: self._state_changed,
            trace.JoinCompleted: self._join_completed,
            trace.MemberJoined: self._member_joined,
            trace.MemberRemoved: self._member_removed,
            (Arrival, SyncGroupRequest): self._sync_arrives,
        }

    def _group(self, group_id: str) -> WireGroup:
        found = self._groups.get(group_id)
        if found is None:  # setdefault would make one for every event
            found = self._groups[group_id] = WireGroup()
        return found

    def _state_changed(self, event: trace.GroupStateChanged) -> None:
        if event.state == "Dead":
            self._groups[event.group_id] = WireGroup(state="Dead")
            return
        group = self._group(event.group_id)
        group.state, group.generation_id = event.state, event.generation_id

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        group = self._group(event.group_id)
        group.generation_id, group.leader, group.plans = event.generation_id, event.leader, []

    def _member_joined(self, event: trace.MemberJoined) -> None:
        group = self._group(event.group_id)
        group.members[event.member_id] = event.group_instance_id
        if event.group_instance_id is not None:
            group.instances[event.group_instance_id] = event.member_id
        if group.replaced:
            group.take_over(event.member_id)

    def _member_removed(self, event: trace.MemberRemoved) -> None:
        group = self._group(event.group_id)
        instance_id = group.members.pop(event.member_id, None)
        if instance_id is not None and group.instances.get(instance_id) == event.member_id:
            del group.instances[instance_id]
        group.replaced = event.member_id if event.cause == _REPLACED else ""

    def _sync_arrives(self, fact: Arrival) -> None:
        request = fact.request
        assert isinstance(request, SyncGroupRequest)
        group = self.of(request.group_id)
        said = group.state == "CompletingRebalance" and request.member_id == group.leader
        if said and request.generation_id == group.generation_id and group.plans is not None:
            plan = {each.member_id: each.assignment for each in request.assignments}
            if plan not in group.plans:
                group.plans.append(plan)
