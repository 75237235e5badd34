"""A consumer group at one moment, as a file can hold it: what an assignor sees, and how to ask it.

The rule kept here: plain data. What `optimized` reads of it (weights, objective, constraints) is
passed on as it was written; only that package knows what it means, and `load` has asked it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from assignors.model import ClusterMetadata, Subscription

Weight: TypeAlias = float | tuple[float, ...]
"""Of each partition of a topic alike, or one for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFile:
    """The input of `rebalance assign`.

    `cluster`, `members` (member id -> subscription): what the leader's assignor is given.
    `assignors`: names or `module:Class`, in the order to run them; empty where the file names none.
    `weights`: topic -> weight of its partitions (any finite number from 0; a topic without weighs
    1 a partition). `objective`, `constraints`: for `optimized`, as plain data.
    `capacity`, `labels`: what members declare of themselves, by member id; a capacity is a share
    (a number above 0, the usual member has 1) or plain data for `optimized`.
    Raises ValueError for a capacity or labels of somebody who is no member.
    """

    cluster: ClusterMetadata
    members: Mapping[str, Subscription]
    assignors: tuple[str, ...] = ()
    weights: Mapping[str, Weight] = field(default_factory=dict)
    objective: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, Any] = field(default_factory=dict)
    capacity: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("capacity", "labels"):
            strangers = sorted(set(getattr(self, name)) - set(self.members))
            if strangers:
                raise ValueError(f"{name} of {strangers[0]!r}, which is not a member")
        for name in ("members", "weights", "objective", "constraints", "capacity", "labels"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        object.__setattr__(self, "assignors", tuple(self.assignors))

    def __reduce__(self) -> tuple[Any, ...]:
        # What is read-only cannot be pickled.
        plain: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in plain.items():
            plain[name] = dict(value) if isinstance(value, MappingProxyType) else value
        return partial(GroupFile, **plain), ()
