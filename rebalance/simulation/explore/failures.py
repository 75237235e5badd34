"""I05: nothing here gives a consumer cause to fail for good."""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers import Look, Report
from rebalance.timeline import trace

__all__ = ["NobodyFails"]


class NobodyFails:
    """No listener and no assignor raises here, and nobody is fenced: so nobody fails."""

    RULE: ClassVar[str] = "I05"

    def __init__(self, report: Report) -> None:
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Members as they fail."""
        return {trace.MemberFailed: self._failed}

    def _failed(self, event: trace.MemberFailed) -> None:
        told = f"{event.member} fails for nothing that was done to it: {event.error}"
        self._report(self, event.t, told)
