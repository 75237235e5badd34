"""What is told of a group in words and numbers: its headline, its rebalances, what lies between.

Why: whatever draws a group or prints it as JSON reads these facts, so that all of them tell the
same story.
"""

from dataclasses import asdict, dataclass
from typing import Any

from rebalance.timeline.asides import Aside, asides_of
from rebalance.timeline.entries import RebalanceEntry, entries_of
from rebalance.timeline.headline import Headline, headline_of
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.metrics import Metrics, measure
from rebalance.timeline.narrowing import ALL, Narrowing, narrowed
from rebalance.timeline.rebalances import Rebalance, find_rebalances

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is told of one group."""

    headline: Headline
    found: tuple[Rebalance, ...]
    rebalances: tuple[RebalanceEntry, ...]
    """One for each that was found."""
    asides: tuple[Aside, ...]
    """What scripts did and what befell members between rebalances, in order."""
    numbers: Metrics

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        metrics = self.numbers.to_dict()
        del metrics["per_rebalance"]
        return {
            "group_id": self.headline.group_id,
            "headline": self.headline.to_dict(),
            "metrics": metrics,
            "rebalances": [asdict(entry) for entry in self.rebalances],
            "steps": [{"t_ms": aside.t, "text": aside.text} for aside in self.asides],
        }


def facts_of(group: GroupLanes, by: Narrowing = ALL, *, since_ms: int = 0) -> Facts:
    """The facts of a group, with the costs of the members or topics asked for, counted from
    `since_ms` on.

    Raises:
        UnknownNameError: the group knows nothing of what it is to be narrowed `by`.
    """
    found = find_rebalances(group)
    own = narrowed(group, by) if by else group
    numbers = measure(own, found, since_ms=since_ms)
    return Facts(
        headline=headline_of(own, numbers, found, since_ms),
        found=found,
        rebalances=entries_of(own, found, numbers),
        asides=tuple(sorted(asides_of(group, found))),
        numbers=numbers,
    )
