"""Assignors for Kafka consumer groups: the interface, the built-in ones, and what they promise.

Pure: no clock, no I/O, no randomness. `from assignors import ...` loads a module when one of its
names is first used, so that a client that needs `range` does not pay for the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assignors.cooperative import Cooperative, CooperativeStickyAssignor
    from assignors.errors import AssignorError, CodecError, InvalidPlanError
    from assignors.interface import (
        Assignor,
        Promise,
        RebalanceProtocol,
        common_protocol,
        known_assignors,
        resolve,
        run_assignor,
    )
    from assignors.model import (
        ClusterMetadata,
        GroupAssignment,
        PartitionSet,
        Subscription,
        TopicPartition,
    )
    from assignors.optimized import CooperativeOptimizedAssignor, OptimizedAssignor
    from assignors.range import RangeAssignor
    from assignors.round_robin import RoundRobinAssignor
    from assignors.soft import Soft
    from assignors.sticky import StickyAssignor

__all__ = [
    "Assignor",
    "AssignorError",
    "ClusterMetadata",
    "CodecError",
    "Cooperative",
    "CooperativeOptimizedAssignor",
    "CooperativeStickyAssignor",
    "GroupAssignment",
    "InvalidPlanError",
    "OptimizedAssignor",
    "PartitionSet",
    "Promise",
    "RangeAssignor",
    "RebalanceProtocol",
    "RoundRobinAssignor",
    "Soft",
    "StickyAssignor",
    "Subscription",
    "TopicPartition",
    "common_protocol",
    "known_assignors",
    "resolve",
    "run_assignor",
]

_HOME = {
    "assignors.cooperative": ("Cooperative", "CooperativeStickyAssignor"),
    "assignors.errors": ("AssignorError", "CodecError", "InvalidPlanError"),
    "assignors.interface": (
        "Assignor",
        "Promise",
        "RebalanceProtocol",
        "common_protocol",
        "known_assignors",
        "resolve",
        "run_assignor",
    ),
    "assignors.model": (
        "ClusterMetadata",
        "GroupAssignment",
        "PartitionSet",
        "Subscription",
        "TopicPartition",
    ),
    "assignors.optimized": ("CooperativeOptimizedAssignor", "OptimizedAssignor"),
    "assignors.range": ("RangeAssignor",),
    "assignors.round_robin": ("RoundRobinAssignor",),
    "assignors.soft": ("Soft",),
    "assignors.sticky": ("StickyAssignor",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'assignors' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
