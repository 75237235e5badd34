"""The page of `rebalance compare --html`: a timeline for each way, all from the same moment on.

Rule kept: what is drawn is what the table counts. Each way begins at its own `measure from here`,
which is 0 s for all of them, and its costs are counted from there on, as the table's are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebalance.cli.errors import UsageError

if TYPE_CHECKING:
    from rebalance.simulation.comparison import Compared, Played
    from rebalance.timeline.lanes import GroupLanes
    from rebalance.timeline.model import GroupModel


def page(name: str, results: "Sequence[Compared]") -> str:
    """All ways that could be played, one below the other; of several seeds the first.

    Raises:
        UsageError: none could be.
    """
    from rebalance.timeline.html import render_page

    timelines = [
        (_title(result), tuple(_groups(result.runs[0])))
        for result in results
        if result.runs[0].trace is not None
    ]
    if not timelines:
        raise UsageError(f"{name}: no way could be played, so there is nothing to draw")
    return render_page(timelines, title=f"rebalance compare: {Path(name).name}")


def _title(result: "Compared") -> str:
    seed = f", seed {result.runs[0].way.overrides.seed}" if len(result.runs) > 1 else ""
    return f"{result.name}{seed}"


def _groups(result: "Played") -> "Iterator[tuple[GroupModel, GroupLanes]]":
    from rebalance.timeline.cutting import since
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.model import group_model

    assert result.trace is not None
    from_ms = result.measured_from
    for lanes in read_groups(result.trace):
        model = since(group_model(lanes, since_ms=from_ms), from_ms)
        events = tuple(
            replace(event, t=event.t - from_ms) for event in lanes.events if event.t >= from_ms
        )
        yield model, replace(lanes, events=events)
