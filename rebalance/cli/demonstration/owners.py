"""Who owns what right now, read from the members' own events: has the group settled?"""

from rebalance.timeline import trace


class Owners:
    """Follows a trace; knows nothing of how a consumer works."""

    def __init__(self) -> None:
        self._owned: dict[str, set[tuple[str, int]]] = {}
        self._assigned: set[str] = set()

    def see(self, event: trace.Event) -> None:
        """Take one event of the trace."""
        match event:
            case trace.Assigned():
                self._owned.setdefault(event.member, set()).update(_flat(event.partitions))
                self._assigned.add(event.member)
            case trace.Revoked() | trace.Lost():
                self._owned.setdefault(event.member, set()).difference_update(
                    _flat(event.partitions)
                )
                self._assigned.discard(event.member)
            case trace.MemberStarted():
                self._assigned.discard(event.member)
            case trace.MemberStopped() | trace.MemberFailed():
                self._owned.pop(event.member, None)
                self._assigned.discard(event.member)

    def expect_news(self) -> None:
        """From here on only a new assignment counts: every rebalance gives each member one."""
        self._assigned.clear()

    def counts(self) -> dict[str, int]:
        """Lane -> number of partitions it believes it owns."""
        return {member: len(owned) for member, owned in sorted(self._owned.items())}

    def settled(self, live: set[str], partitions: int) -> bool:
        """Every live member has its assignment, every partition one owner, nobody else owns."""
        if self._assigned != live or set(self._owned) - live:
            return False
        owned = [partition for member in live for partition in self._owned.get(member, ())]
        return len(owned) == len(set(owned)) == partitions


def _flat(partitions: trace.Partitions) -> set[tuple[str, int]]:
    return {(topic, number) for topic, numbers in partitions.items() for number in numbers}
