"""The members of a group as objectives and constraints see them.

The rule kept here: a member speaks for itself (capacity, labels, rack), and what the constraints
say of it goes before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assignors.model import Subscription
from assignors.optimized.constraints import Capacity, Constraints
from assignors.optimized.member_data import MemberData
from assignors.optimized.selectors import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What the constraints can see of a member."""

    id: str
    instance_id: str | None = None
    rack: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)

    def is_one_of(self, who: Who) -> bool:
        """Whether a selector means this one."""
        if who.member is not None:
            return who.member in (self.id, self.instance_id)
        if who.label is not None:
            return self.labels.get(who.label[0]) == who.label[1]
        return self.rack == who.rack


def members_of(
    members: Mapping[str, Subscription],
    said: Mapping[str, MemberData | None],
    constraints: Constraints,
) -> list[Member]:
    """The members, sorted by id, with their own word and then what the constraints set over it."""
    result = []
    for member_id in sorted(members):
        own = said.get(member_id) or MemberData()
        subscription = members[member_id]
        member = Member(
            id=member_id,
            instance_id=subscription.group_instance_id,
            rack=subscription.rack_id or own.rack,
            labels=own.labels,
        )
        result.append(limited(replace(member, capacity=own.capacity), constraints))
    return result


def limited(member: Member, constraints: Constraints) -> Member:
    """The member with what the constraints set over its own capacity."""
    fields = member.capacity.to_data()
    for limit in constraints.capacity:
        if member.is_one_of(limit.who):
            fields |= limit.capacity.to_data()
    return replace(member, capacity=Capacity(**fields))
