"""The few numbers that say what a stretch of time cost, under the names in which they are printed.

Why: `show metrics`, `rebalance simulate` and `rebalance compare` must print the same numbers. What
is asked for is often a part of a trace: the deploy, and not that the group came to life before it.
"""

from rebalance.timeline.lanes import read_groups
from rebalance.timeline.metrics import Metrics, measure
from rebalance.timeline.trace import Trace

__all__ = ["DESERTED", "RARE", "all_figures", "figures"]

Figures = dict[str, dict[str, int]]
"""group id -> name of a metric, with its unit -> value."""


def figures(trace: Trace, from_ms: int = 0) -> Figures:
    """What happened from `from_ms` on, group by group; a time at which the groups are at rest.

    Without what is `RARE` and was not so: elsewhere that is a line that says nothing.
    """
    return {
        group_id: {name: n for name, n in numbers.items() if n or name not in RARE}
        for group_id, numbers in all_figures(trace, from_ms).items()
    }


def all_figures(trace: Trace, from_ms: int = 0) -> Figures:
    """The same with every number, for whoever puts several side by side."""
    return {
        group.group_id: _of_group(measure(group, since_ms=from_ms)) for group in read_groups(trace)
    }


DESERTED = "nobody alive, partition-ms"
RARE = frozenset({DESERTED})
_ORDER = (
    "rebalances",
    "rounds to converge, at most",
    "time to stable, ms",
    "unavailable, partition-ms",
    "longest unavailable, ms",
    DESERTED,
    "double-owned, partition-ms",
    "zombie, partition-ms",
    "partitions moved",
    "commits refused",
)


def _of_group(numbers: Metrics) -> dict[str, int]:
    found = {
        "rebalances": numbers.rebalances,
        "rounds to converge, at most": numbers.rounds_max,
        "time to stable, ms": numbers.time_to_stable_total_ms,
        "commits refused": numbers.commits_refused,
    }
    view = numbers.ownership
    if view is not None:
        found |= {
            "unavailable, partition-ms": view.unavailable_partition_ms,
            "longest unavailable, ms": view.longest_unavailable_ms,
            DESERTED: view.deserted_partition_ms,
            "double-owned, partition-ms": view.double_owned_partition_ms,
            "zombie, partition-ms": view.zombie_partition_ms,
            "partitions moved": view.partitions_moved,
        }
    return {name: found[name] for name in _ORDER if name in found}
