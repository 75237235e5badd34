"""M02, M05: who is told that it is out does not go on.

Why: a zombie that stays what it was owns for ever what another was given; at rest it is found only
if nobody else comes to heal it.
"""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.protocol.states import MemberState
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.member_facts import HeartbeatRefused

__all__ = ["StopsAtItsFirstAnswer"]

_IN = frozenset({MemberState.STABLE, MemberState.RECONCILING})


class StopsAtItsFirstAnswer:
    """A heartbeat of what the member is was refused: it is something else afterwards."""

    RULE: ClassVar[str] = "M05"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Refusals as they are heard."""
        return {HeartbeatRefused: self._refused}

    def _refused(self, fact: HeartbeatRefused) -> None:
        if fact.state in _IN and fact.now == fact.was:
            member_id, generation_id = fact.was
            self._report(
                self,
                fact.t,
                f"{fact.member} of {fact.group_id} was told {fact.error.name} and is still "
                f"{fact.state.value} as {member_id} in generation {generation_id}",
                code=f"{fact.error.name} {fact.state.value}",
            )
