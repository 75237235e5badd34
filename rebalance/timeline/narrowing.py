"""A group narrowed to some members or topics: what `--member` and `--topic` ask for.

Why: in a group of two hundred members somebody looks for one. Who is left out is not drawn and not
counted, but stays known by name: a partition that the member got came from somebody. Rebalances
are the group's own and stay, with what they cost the partitions that are left.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from rebalance.timeline.lanes import GroupLanes, Lane, Ownership

_LISTED = 10


class UnknownNameError(ValueError):
    """A member or topic that the group does not know; the message lists those it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What is asked for: names, or patterns with `*` and `?`; empty: all."""

    members: tuple[str, ...] = ()
    """Lanes, by name, member id, client id or group.instance.id."""
    topics: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.members or self.topics)


ALL = Narrowing()
"""Nothing is left out."""


def narrowed(group: GroupLanes, by: Narrowing) -> GroupLanes:
    """The group with only these members' and topics' partitions in both views of ownership.

    Raises:
        UnknownNameError: one of the names or patterns fits nothing in the group.
    """
    members = _members(group, by.members)
    topics = _topics(group, by.topics)
    return replace(
        group,
        member=_owned(group.member, members, topics),
        coordinator=_owned(group.coordinator, members, topics),
    )


def shown_lanes(group: GroupLanes, by: Narrowing) -> tuple[Lane, ...]:
    """The lanes to draw: the members asked for, else those that have to do with the topics."""
    if by.members:
        names = _members(group, by.members) or ()
        return tuple(lane for lane in group.lanes if lane.name in names)
    topics = _topics(group, by.topics)
    if topics is None:
        return group.lanes
    owned = group.ownership
    holders = {
        hold.lane
        for cell, holds in (owned.holds.items() if owned else ())
        if cell.topic in topics
        for hold in holds
    }
    return tuple(
        lane
        for lane in group.lanes
        if lane.name in holders or any(t in topics for _, wants in lane.topics for t in wants)
    )


def _members(group: GroupLanes, asked: Sequence[str]) -> Collection[str] | None:
    if not asked:
        return None
    found: set[str] = set()
    for pattern in asked:
        fits = {lane.name for lane in group.lanes if _is(lane, pattern)}
        if not fits:
            raise _unknown(group, "member", pattern, (lane.name for lane in group.lanes))
        found |= fits
    return found


def _is(lane: Lane, pattern: str) -> bool:
    names = (lane.name, *lane.member_ids, lane.client_id, lane.group_instance_id or "")
    return any(name == pattern or fnmatchcase(name, pattern) for name in names if name)


def _topics(group: GroupLanes, asked: Sequence[str]) -> Collection[str] | None:
    if not asked:
        return None
    known = {
        cell.topic for view in (group.member, group.coordinator) if view for cell in view.wanted
    }
    found: set[str] = set()
    for pattern in asked:
        fits = {topic for topic in known if topic == pattern or fnmatchcase(topic, pattern)}
        if not fits:
            raise _unknown(group, "topic", pattern, sorted(known))
        found |= fits
    return found


def _unknown(group: GroupLanes, what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    names = tuple(known)
    listed = ", ".join(names[:_LISTED]) if names else "none at all"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return UnknownNameError(f"no {what} {name!r} in group {group.group_id}; it has: {listed}{more}")


def _owned(
    view: Ownership | None, members: Collection[str] | None, topics: Collection[str] | None
) -> Ownership | None:
    if view is None:
        return None
    kept = {
        cell
        for cell in view.wanted
        if (topics is None or cell.topic in topics)
        and (members is None or any(hold.lane in members for hold in view.holds.get(cell, ())))
    }
    return replace(
        view,
        holds={cell: holds for cell, holds in view.holds.items() if cell in kept},
        wanted={cell: spans for cell, spans in view.wanted.items() if cell in kept},
    )
