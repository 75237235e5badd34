"""What the leader's optimized assignor found out, in the log of the client.

Why: an assignor does not log. Members that are configured otherwise than the leader, and a group
whose constraints cannot be met, are things that somebody must hear of. The rule kept here: the
user's own assignor object is left as it is, and its own `report` is called as well.
"""

import copy
import logging
import sys
from typing import Any

from assignors.interface import Assignor

_log = logging.getLogger("rebalance.clients")


def reporting(assignor: Assignor) -> Assignor:
    """The same assignor, logging what it reports; any that reports nothing is returned as it is."""
    optimized: Any = sys.modules.get("assignors.optimized")
    if optimized is None:  # whoever has such an assignor has imported it
        return assignor
    if isinstance(assignor, optimized.OptimizedAssignor):
        return _logging(assignor)
    inner = getattr(assignor, "inner", None)
    if isinstance(inner, optimized.OptimizedAssignor):
        outer: Any = copy.copy(assignor)
        outer.inner = _logging(inner)
        said: Assignor = outer
        return said
    return assignor


def _logging(assignor: Any) -> Assignor:
    copied: Assignor = copy.copy(assignor)
    own = assignor.report

    def report(solution: Any) -> None:
        _tell(assignor.name, solution)
        if own is not None:
            own(solution)

    object.__setattr__(copied, "report", report)  # it is frozen, but the copy is ours
    return copied


def _tell(name: str, solution: Any) -> None:
    if solution.mismatched:
        _log.warning(
            "assignor %r: %d members have another objective or other constraints than the leader, "
            "whose count: %s",
            name,
            len(solution.mismatched),
            ", ".join(solution.mismatched),
        )
    if solution.causes:
        _log.warning("assignor %r: %s", name, solution.describe())
    elif solution.notes:
        _log.info("assignor %r: %s", name, "; ".join(solution.notes))
