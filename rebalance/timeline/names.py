"""Which lane a member id is of: by the member's own word, else by what the coordinator knows.

Why: the coordinator speaks of member ids, a member of itself. `joining` and `joined` tie the two;
where a trace ends before that, a member that never said an id is whom the coordinator calls by its
name. An id that no member claims gets a lane of its own, named after its instance id, its client
id, or itself. Which ids nobody claims is known only when the whole trace was read.
"""

from collections.abc import Collection, Mapping

from rebalance.timeline.events import Event, MemberJoined, Step


class Names:
    """Collects names event by event."""

    __slots__ = ("_added", "_names", "_spoken", "_taken")

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: dict[str, None] = {}
        self._added: dict[str, MemberJoined] = {}
        self._spoken: dict[str, None] = {}

    def see(self, event: Event) -> None:
        """Take one event of the group."""
        member = getattr(event, "member", "")
        member_id = getattr(event, "member_id", "")
        if member and not isinstance(event, Step):
            self._taken[member] = None
        if member and member_id:
            self._names.setdefault(member_id, member)
        elif member_id:
            self._spoken[member_id] = None
        if isinstance(event, MemberJoined):
            self._added.setdefault(event.member_id, event)

    def resolved(self) -> dict[str, str]:
        """Member id to lane, of all that was seen so far."""
        names, taken = dict(self._names), dict(self._taken)
        for member_id in self._spoken:
            if member_id not in names:
                added = self._added.get(member_id)
                own = _nameless(added, taken.keys() - set(names.values()))
                names[member_id] = own or _free_name(member_id, added, taken)
                taken[names[member_id]] = None
        return names


def _nameless(added: MemberJoined | None, lanes: Collection[str]) -> str:
    """The one of these lanes, which never said an id, that is called as the client of the id, or
    is a later life of it (`A.2`); "": there is none, or more than one."""
    if added is None:
        return ""
    ids = [id_ for id_ in (added.group_instance_id, added.client_id) if id_]
    fits = [lane for lane in lanes if any(lane == id_ or _life_of(lane, id_) for id_ in ids)]
    return fits[0] if len(fits) == 1 else ""


def _life_of(lane: str, client_id: str) -> bool:
    name, dot, number = lane.rpartition(".")
    return bool(dot) and name == client_id and number.isdigit()


def _free_name(member_id: str, added: MemberJoined | None, taken: Mapping[str, None]) -> str:
    options = [member_id]
    if added is not None:
        suffix = member_id.removeprefix(added.client_id + "-")
        options = [added.client_id, f"{added.client_id}-{suffix[:4]}", member_id]
        options.insert(0, added.group_instance_id or "")
    for option in options:
        if option and option not in taken:
            return option
    return f"{member_id} (coordinator)"
