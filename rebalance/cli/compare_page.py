"""The page of `rebalance compare --html`: a timeline for each way, all from the same moment on.

Rule kept: what is drawn is what the table counts. Each way begins at its own `measure from here`,
which is 0 s for all of them, and its headline has the table's numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebalance.cli.errors import UsageError

if TYPE_CHECKING:
    from rebalance.simulation.comparison import Played
    from rebalance.timeline.lanes import GroupLanes
    from rebalance.timeline.model import GroupModel

_OWNED = {
    "unavailable_partition_ms": "unavailable, partition-ms",
    "longest_unavailable_ms": "longest unavailable, ms",
    "deserted_partition_ms": "nobody alive, partition-ms",
    "double_owned_partition_ms": "double-owned, partition-ms",
    "zombie_partition_ms": "zombie, partition-ms",
    "partitions_moved": "partitions moved",
}
"""Metric of one view of ownership -> its name in the table."""


def page(name: str, results: "Sequence[Played]") -> str:
    """All ways that could be played, one below the other.

    Raises:
        UsageError: none could be.
    """
    from rebalance.timeline.html import render_page

    timelines = [
        (result.way.name, tuple(_groups(result))) for result in results if result.trace is not None
    ]
    if not timelines:
        raise UsageError(f"{name}: no way could be played, so there is nothing to draw")
    return render_page(timelines, title=f"rebalance compare: {Path(name).name}")


def _groups(result: "Played") -> "Iterator[tuple[GroupModel, GroupLanes]]":
    from rebalance.timeline.cutting import since
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.model import group_model

    assert result.trace is not None
    from_ms = result.measured_from
    for lanes in read_groups(result.trace):
        model = since(group_model(lanes), from_ms)
        told = result.numbers.get(lanes.group_id, {})
        events = tuple(
            replace(event, t=event.t - from_ms) for event in lanes.events if event.t >= from_ms
        )
        yield replace(model, metrics=_metrics(model, told)), replace(lanes, events=events)


def _metrics(model: "GroupModel", told: Mapping[str, int]) -> dict[str, Any]:
    """The model's numbers, of which those that are told are the table's."""
    took = [e.end_ms - e.start_ms for e in model.rebalances if e.end_ms is not None]
    found = dict(model.metrics) | {
        "duration_ms": model.end_ms,
        "members": sum(bool(member.states) for member in model.members),
        "rebalances": told["rebalances"],
        "commits_refused": told["commits refused"],
        "time_to_stable_total_ms": told["time to stable, ms"],
        "time_to_stable_max_ms": max(took, default=0),
        "rounds_max": told["rounds to converge, at most"],
    }
    for view in ("member_view", "coordinator_view"):
        if found[view] is not None:
            owned = {key: told[name] for key, name in _OWNED.items() if name in told}
            found[view] = found[view] | owned
    return found
