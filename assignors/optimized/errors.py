"""What can go wrong here: what was configured makes no sense, or nothing satisfies it.

The rule kept here, as in `assignors.errors`: one line that says what, where and what to do, and
attributes for a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assignors.errors import AssignorError
from assignors.partitions import PartitionSet

__all__ = ["Cause", "Infeasible", "InvalidObjectiveError", "UndecidedError"]


class InvalidObjectiveError(AssignorError, ValueError):
    """An objective, a constraint, a weight or a capacity that means nothing; names which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why no plan exists, enough for itself.

    `text` says it in one line. Either it is a matter of amounts: `partitions` cannot all go to
    `members`, the only ones that may take them, because they need `need` and the members' `rooms`
    add up to less; both count partitions, or weight if `unit` is "weight". Or `constraints` cannot
    all hold, called as `Constraints.describe` calls them; without any one of them they could, if
    `minimal` (else the work limit was spent before that was certain).
    """

    text: str
    partitions: PartitionSet = field(default_factory=PartitionSet)
    members: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    need: float | None = None
    rooms: Mapping[str, float] = field(default_factory=dict)
    unit: str = "partitions"
    minimal: bool = True

    @property
    def room(self) -> float:
        """What the members can take together."""
        return sum(self.rooms.values())

    def __str__(self) -> str:
        return self.text


class Infeasible(AssignorError):  # noqa: N818 -- Kafka's and the solvers' own word
    """No plan satisfies the hard constraints; `causes` says why, each true by itself."""

    def __init__(self, causes: tuple[Cause, ...]) -> None:
        super().__init__(causes)
        self.causes = causes

    def __str__(self) -> str:
        return (
            "no plan satisfies the constraints: "
            + "; ".join(cause.text for cause in self.causes)
            + " (relax one of them, or give a fallback)"
        )


class UndecidedError(AssignorError):
    """No plan was found within the work limit, and none is proven impossible."""
