"""I05: without further faults every group comes to rest with a valid assignment, and stays so."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.violation import Unsettled

__all__ = ["Convergence"]


class Convergence:
    """Liveness: whoever ends the faults and waits says what never became true."""

    RULE: ClassVar[str] = "I05"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """What did not come to rest."""
        return {Unsettled: self._unsettled}

    def _unsettled(self, fact: Unsettled) -> None:
        problem = fact.problem
        self._report(self, fact.t, str(problem), code=problem.code, about=problem)
