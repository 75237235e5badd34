"""What happened to a group, from its trace: lanes, rebalances with their causes, metrics, pictures.

Why lazily: those who only write traces import `rebalance.timeline.trace` and pay for nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebalance.timeline.cutting import around, cut
    from rebalance.timeline.lanes import (
        GroupLanes,
        Lane,
        UnknownGroupError,
        group_ids,
        read_group,
        read_groups,
    )
    from rebalance.timeline.metrics import Metrics, OwnershipMetrics, RebalanceMetrics, measure
    from rebalance.timeline.model import GroupModel, group_model, models
    from rebalance.timeline.narrowing import Narrowing, UnknownNameError
    from rebalance.timeline.rebalances import Rebalance, find_rebalances
    from rebalance.timeline.text import TextOptions, render_text
    from rebalance.timeline.trace import Trace, TraceError, parse_trace, read_trace, write_trace

__all__ = [
    "GroupLanes",
    "GroupModel",
    "Lane",
    "Metrics",
    "Narrowing",
    "OwnershipMetrics",
    "Rebalance",
    "RebalanceMetrics",
    "TextOptions",
    "Trace",
    "TraceError",
    "UnknownGroupError",
    "UnknownNameError",
    "around",
    "cut",
    "find_rebalances",
    "group_ids",
    "group_model",
    "measure",
    "models",
    "parse_trace",
    "read_group",
    "read_groups",
    "read_trace",
    "render_text",
    "write_trace",
]

_HOMES = {
    "cutting": ("around", "cut"),
    "lanes": ("GroupLanes", "Lane", "UnknownGroupError", "group_ids", "read_group", "read_groups"),
    "metrics": ("Metrics", "OwnershipMetrics", "RebalanceMetrics", "measure"),
    "model": ("GroupModel", "group_model", "models"),
    "narrowing": ("Narrowing", "UnknownNameError"),
    "rebalances": ("Rebalance", "find_rebalances"),
    "text": ("TextOptions", "render_text"),
    "trace": ("Trace", "TraceError", "parse_trace", "read_trace", "write_trace"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
