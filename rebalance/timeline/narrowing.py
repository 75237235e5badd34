"""A group narrowed to some members or topics: what `--member` and `--topic` ask for.

Why: in a group of two hundred members somebody looks for one. Who is left out is not drawn and not
counted, but stays known by name: a partition that the member got came from somebody. Rebalances
are the group's own and stay, with what they cost the partitions that are left. Of several groups
those are left that know what is asked for; what none of them knows is an error.
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


def shared_out(
    groups: Sequence[GroupLanes], by: Narrowing
) -> tuple[tuple[GroupLanes, Narrowing], ...]:
    """The groups that know a member and a topic that is asked for, each with what it knows of it.

    Raises:
        UnknownNameError: one of the names or patterns fits nothing in any of the groups, or none
            of them knows both a member and a topic.
    """
    found: list[tuple[GroupLanes, Narrowing]] = []
    for group in groups:
        own = Narrowing(
            members=tuple(name for name in by.members if _lanes_like(group, name)),
            topics=tuple(name for name in by.topics if _topics_like(group, name)),
        )
        if bool(own.members) == bool(by.members) and bool(own.topics) == bool(by.topics):
            found.append((group, own))
    for name in by.members:
        if not any(_lanes_like(group, name) for group in groups):
            raise _unknown(
                groups, "member", name, (lane.name for group in groups for lane in group.lanes)
            )
    for name in by.topics:
        if not any(_topics_like(group, name) for group in groups):
            raise _unknown(
                groups, "topic", name, sorted({t for g in groups for t in _topics_of(g)})
            )
    if groups and not found:
        asked = " and ".join((*by.members, *by.topics))
        raise UnknownNameError(f"no group knows both a member and a topic of {asked}")
    return tuple(found)


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
        fits = _lanes_like(group, pattern)
        if not fits:
            raise _unknown([group], "member", pattern, (lane.name for lane in group.lanes))
        found |= fits
    return found


def _lanes_like(group: GroupLanes, pattern: str) -> set[str]:
    return {lane.name for lane in group.lanes if _is(lane, pattern)}


def _is(lane: Lane, pattern: str) -> bool:
    names = (lane.name, *lane.member_ids, lane.client_id, lane.group_instance_id or "")
    return any(name == pattern or fnmatchcase(name, pattern) for name in names if name)


def _topics(group: GroupLanes, asked: Sequence[str]) -> Collection[str] | None:
    if not asked:
        return None
    found: set[str] = set()
    for pattern in asked:
        fits = _topics_like(group, pattern)
        if not fits:
            raise _unknown([group], "topic", pattern, sorted(_topics_of(group)))
        found |= fits
    return found


def _topics_of(group: GroupLanes) -> set[str]:
    return {
        cell.topic for view in (group.member, group.coordinator) if view for cell in view.wanted
    }


def _topics_like(group: GroupLanes, pattern: str) -> set[str]:
    known = _topics_of(group)
    return {topic for topic in known if topic == pattern or fnmatchcase(topic, pattern)}


def _unknown(
    groups: Sequence[GroupLanes], what: str, name: str, known: Iterable[str]
) -> UnknownNameError:
    names = tuple(known)
    listed = ", ".join(names[:_LISTED]) if names else "none at all"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    ids = [group.group_id for group in groups[:_LISTED]]
    where = f"group {ids[0]}; it has" if len(ids) == 1 else f"groups {', '.join(ids)}; they have"
    return UnknownNameError(f"no {what} {name!r} in {where}: {listed}{more}")


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
        deserted={cell: spans for cell, spans in view.deserted.items() if cell in kept},
    )
