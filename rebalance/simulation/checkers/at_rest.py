"""I01, I05, H06 once all is at rest: what may be so for a moment must not stay so."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report, Snapshot
from rebalance.simulation.checkers.violation import AtRest
from rebalance.simulation.values import partition_name
from rebalance.simulation.views import Lane, Views

__all__ = ["BalancedAtRest", "NothingPendingAtRest", "OneOwnerAtRest"]


class OneOwnerAtRest:
    """A zombie stops at its first answer: at rest nobody owns what another owns, too (I01)."""

    RULE: ClassVar[str] = "I01"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """The moment of rest."""
        return {AtRest: self._at_rest}

    def _at_rest(self, fact: AtRest) -> None:
        for group_id in self._views.groups:
            owners: dict[tuple[str, int], str] = {}
            for lane in self._views.lanes_of(group_id):
                for partition in sorted(lane.owned):
                    other = owners.setdefault(partition, lane.name)
                    if other != lane.name:
                        self._report(
                            self,
                            fact.t,
                            f"{partition_name(partition)} of {group_id} is owned by {other} and by "
                            f"{lane.name}, and both are awake",
                        )


class BalancedAtRest:
    """The plan keeps what its assignor is known for (I05: a valid assignment).

    `range`: of each topic nobody has two more than another subscriber. The others: nobody has two
    more than somebody who could take one over; `roundrobin` only where all want the same.
    """

    RULE: ClassVar[str] = "I05"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """The moment of rest."""
        return {AtRest: self._at_rest}

    def _at_rest(self, fact: AtRest) -> None:
        for group in self._views.groups.values():
            lanes = [lane for lane in self._views.lanes_of(group.group_id) if lane.topics]
            same = len({lane.topics for lane in lanes}) == 1
            if group.protocol_name == "range":
                unfair = _unfair_of_a_topic(lanes)
            elif group.protocol_name.endswith("sticky") or (
                same and group.protocol_name == "roundrobin"
            ):
                unfair = _unfair(lanes)
            else:
                continue
            if unfair:
                self._report(
                    self,
                    fact.t,
                    f"{group.protocol_name} gives {unfair[0].name} of {group.group_id} more than "
                    f"{unfair[1].name} without need",
                    code=group.protocol_name,
                )


def _unfair(lanes: list[Lane]) -> tuple[Lane, Lane] | None:
    for rich in lanes:
        for poor in lanes:
            could = any(topic in poor.topics for topic, _ in rich.owned)
            if could and len(rich.owned) > len(poor.owned) + 1:
                return rich, poor
    return None


def _unfair_of_a_topic(lanes: list[Lane]) -> tuple[Lane, Lane] | None:
    for topic in sorted({topic for lane in lanes for topic in lane.topics}):
        subscribers = [lane for lane in lanes if topic in lane.topics]
        owned = [sum(each == topic for each, _ in lane.owned) for lane in subscribers]
        most, least = max(owned), min(owned)
        if most > least + 1:
            return subscribers[owned.index(most)], subscribers[owned.index(least)]
    return None


class NothingPendingAtRest:
    """An id that was given out and never joined with is forgotten with its session (H06)."""

    RULE: ClassVar[str] = "H06"

    def __init__(self, snapshot: Snapshot, report: Report) -> None:
        self._snapshot = snapshot
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """The moment of rest."""
        return {AtRest: self._at_rest}

    def _at_rest(self, fact: AtRest) -> None:
        for group_id in fact.group_ids:
            group = self._snapshot(group_id)
            if group is not None and group.pending_member_ids:
                pending = ", ".join(group.pending_member_ids)
                self._report(self, fact.t, f"{group_id} still waits for {pending} to join")
