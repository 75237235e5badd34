"""Our own assignors: the solver alone, `assign`, and wire to wire.

The rule kept here: solver alone is from the settled columns (who claims what, interned) to the
owner column; `assign` is what an author calls, from subscriptions to a plan; wire to wire is what
a leader does, from every member's bytes to every member's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from assignors.claims import settle
from assignors.codec import encode_subscription
from assignors.cooperative import CooperativeStickyAssignor
from assignors.soft import Soft
from assignors.solver import solve
from assignors.sticky import StickyAssignor
from assignors.wire import decode_subscriptions, encode_assignments
from benchmarks.assignors.handover import Handed

__all__ = ["CooperativeSticky", "Soft", "Sticky", "StickyAssignor"]

Given = Mapping[str, Iterable[tuple[str, object]]]
Figures = Mapping[str, Callable[[], object]]


class Sticky:
    """`sticky`. Its members' claims are read from their owned partitions, which cost any codec as
    much as the same claims in the user data of the eager protocol."""

    def __init__(self, group: Handed, assignor: StickyAssignor) -> None:
        self._assignor = assignor
        self._group = group
        self._bytes = sent(group, assignor)

    def plan(self) -> Given:
        """The plan, for judging."""
        plan = self._assignor.assign(self._group.cluster, self._group.members)
        return {member: each.by_topic.items() for member, each in plan.items()}

    def figures(self) -> Figures:
        """What can be measured."""
        return {"solver": self.solver(), "assign": self.assign, "wire": self.wire}

    def solver(self) -> Callable[[], object]:
        """The solver alone, on claims that are settled here."""
        settled = settle(self._group.cluster, self._group.members)
        how = self._assignor
        return lambda: solve(
            settled, spread=how.spread, soft=how.soft, solver=how.solver, budget=how.budget
        )

    def assign(self) -> object:
        """From subscriptions to a plan."""
        return self._assignor.assign(self._group.cluster, self._group.members)

    def wire(self) -> object:
        """From bytes to bytes."""
        members = decode_subscriptions(self._bytes)
        return encode_assignments(self._assignor.assign(self._group.cluster, members))

    def forget(self) -> None:
        """Keep only what a leader has before it decodes: bytes and the cluster's metadata."""
        self._group = Handed(cluster=self._group.cluster, members={})


class CooperativeSticky:
    """`cooperative-sticky`: sticky's plan, less what is claimed by somebody else."""

    def __init__(self, group: Handed) -> None:
        self._assignor = CooperativeStickyAssignor()
        self._group = group
        self._bytes = sent(group, self._assignor)

    def plan(self) -> Given:
        """The plan before anything is withheld, as for every other subject."""
        plan = self._assignor.target(self._group.cluster, self._group.members)
        return {member: each.by_topic.items() for member, each in plan.items()}

    def figures(self) -> Figures:
        """Its solver is sticky's."""
        return {"assign": self.assign, "wire": self.wire}

    def assign(self) -> object:
        """From subscriptions to a plan."""
        return self._assignor.assign(self._group.cluster, self._group.members)

    def wire(self) -> object:
        """From bytes to bytes."""
        members = decode_subscriptions(self._bytes)
        return encode_assignments(self._assignor.assign(self._group.cluster, members))

    def forget(self) -> None:
        """As Sticky's."""
        self._group = Handed(cluster=self._group.cluster, members={})


def sent(group: Handed, assignor: StickyAssignor | CooperativeStickyAssignor) -> dict[str, bytes]:
    """Every member's subscription as version 3, which says what is owned and since when."""
    eager = isinstance(assignor, StickyAssignor)
    sent: dict[str, bytes] = {}
    for member, each in group.members.items():
        said = b"" if eager else assignor.user_data(each.topics, each.owned, each.generation_id)
        sent[member] = encode_subscription(replace(each, user_data=said))
    return sent
