"""The assignor under test, in a process that may be lost while it is asked.

The rule kept here: what is said before a call is what was asked, so that the last group said is the
one of which the process died; and what is known to be deadly is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import ge

from assignors.interface import Assignor, Promise
from rebalance.testing.check.limits import TimeLimit
from rebalance.testing.check.subject import NotAskedError, Subject
from rebalance.testing.groups import Group


class Watched(Subject):
    """`announce` is called before each question; none is about a group as large as `below`."""

    def __init__(
        self,
        assignor: Assignor,
        limit: TimeLimit,
        also: frozenset[Promise],
        *,
        announce: Callable[[Group], None] | None = None,
        below: Group | None = None,
    ) -> None:
        super().__init__(assignor, limit, also)
        self._announce = announce
        self._below = below

    def before(self, group: Group) -> None:
        """Say it, or raise NotAskedError."""
        if self._below is not None and all(map(ge, _extent(group), _extent(self._below))):
            raise NotAskedError(f"assignor {self.name!r} is not asked: its process may be lost")
        if self._announce is not None:
            self._announce(group)


def _extent(group: Group) -> tuple[int, ...]:
    """In each of these a group is as large as any that it contains."""
    return (
        len(group.members),
        len(group.cluster.partitions),
        max(group.cluster.partitions.values(), default=0),
        sum(len(each.owned) for each in group.members.values()),
    )
