"""The few numbers that say what a stretch of time cost, under the names in which they are printed.

Why: `show metrics`, `rebalance simulate` and `rebalance compare` must print the same numbers. What
is asked for is often a part of a trace: the deploy, and not that the group came to life before it.
"""

from rebalance.timeline.history import histories
from rebalance.timeline.lanes import GroupLanes, read_groups
from rebalance.timeline.metrics import Metrics, deserted_partition_ms, measure
from rebalance.timeline.trace import Trace, TraceEnded

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
    before = {m.group_id: m for m in map(measure, read_groups(_until(trace, from_ms)))}
    return {
        group.group_id: _of_group(group, before.get(group.group_id), from_ms)
        for group in read_groups(trace)
    }


def _until(trace: Trace, t: int) -> Trace:
    events = [event for event in trace.events if event.t < t]
    return Trace(trace.header, [*events, TraceEnded(t=t)] if events else [])


def _of_group(group: GroupLanes, before: Metrics | None, from_ms: int) -> dict[str, int]:
    whole = measure(group)
    found = _counted(whole)
    for name, figure in _counted(before).items() if before is not None else ():
        found[name] -= figure
    rounds = whole.rounds[len(before.rounds) if before is not None else 0 :]
    found |= {"rounds to converge, at most": max(rounds, default=0)}
    if group.ownership is not None:
        found |= {"longest unavailable, ms": _longest_gap(group, from_ms)}
        found |= {DESERTED: deserted_partition_ms(group.ownership, from_ms)}
    return {name: found[name] for name in _ORDER if name in found}


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


def _counted(numbers: Metrics) -> dict[str, int]:
    """What adds up over time."""
    found = {
        "rebalances": numbers.rebalances,
        "time to stable, ms": numbers.time_to_stable_total_ms,
        "commits refused": numbers.commits_refused,
    }
    view = numbers.ownership
    if view is not None:
        found |= {
            "unavailable, partition-ms": view.unavailable_partition_ms,
            "double-owned, partition-ms": view.double_owned_partition_ms,
            "zombie, partition-ms": view.zombie_partition_ms,
            "partitions moved": view.partitions_moved,
        }
    return found


def _longest_gap(group: GroupLanes, from_ms: int) -> int:
    """The longest part, from `from_ms` on, of a time in which one partition had no owner."""
    ownership = group.ownership
    gaps = (gap for h in histories(ownership) for gap in h.gaps()) if ownership else ()
    return max((g.end - max(g.start, from_ms) for g in gaps if g.end > from_ms), default=0)
