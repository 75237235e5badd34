"""Whose JoinGroup its coordinator has: the one thing about a lane that no trace tells.

Why: a join phase ends without a static member whose JoinGroup is still under way as it does without
one that has said nothing (J11). Either goes on with what it had, and no broker can prevent it.
Rule kept: it has been heard from the arrival of a JoinGroup to its answer.
"""

from collections.abc import Mapping

from rebalance.protocol.requests import JoinGroupRequest
from rebalance.simulation.checkers.checker import Look
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.views import Views

__all__ = ["JoinsHeard"]


class JoinsHeard:
    """Tells the views, before any checker looks."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def looks(self) -> Mapping[object, Look]:
        """JoinGroups as they arrive and are answered."""
        return {
            (Arrival, JoinGroupRequest): self._arrived,
            (Answer, JoinGroupRequest): self._answered,
        }

    def _arrived(self, fact: Arrival) -> None:
        self._heard(fact.request, True)

    def _answered(self, fact: Answer) -> None:
        self._heard(fact.request, False)

    def _heard(self, request: object, heard: bool) -> None:
        assert isinstance(request, JoinGroupRequest)
        lane = self._views.lane_of_member(request.group_id, request.member_id)
        if lane is not None:
            lane.heard = heard
