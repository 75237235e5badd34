"""Things that must not meet, and fewer places than things (Hall's theorem on a group's scopes).

The rule kept here: what is found is infeasible by itself, whatever else is asked. A thing needs a
scope of its own, one of those that its choosiest unit may go to; a thing that may go to members
without a scope needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assignors.optimized.cuts import shortages
from assignors.optimized.model import Group, Ints, Mask, Model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crowd:
    """`units`: one of each thing that is too many. `scopes`: the only ones that they may go to."""

    group: Group
    units: Ints
    scopes: Ints


def crowds(model: Model) -> Iterator[Crowd]:
    """Of each hard group that lacks room, the first such things."""
    seen: dict[bytes, tuple[Mask, Mask]] = {}
    for group in model.groups:
        if group.kind != "apart" or group.cost is not None:
            continue
        key = group.scope_of.tobytes()
        if key not in seen:
            seen[key] = _places(model, group)
        found = _crowd(model, group, *seen[key])
        if found is not None:
            yield found


def _places(model: Model, group: Group) -> tuple[Mask, Mask]:
    """By row: which scopes it may go to, and whether to members without one."""
    may = np.zeros((model.allowed.shape[0], group.scopes), dtype=bool)
    row, member = np.nonzero(model.allowed)
    scope = group.scope_of[member]
    may[row[scope >= 0], scope[scope >= 0]] = True
    free: Mask = np.any(model.allowed[:, group.scope_of < 0], axis=1)
    return may, free


def _crowd(model: Model, group: Group, may: Mask, free: Mask) -> Crowd | None:
    units = np.concatenate(group.items)
    item = np.repeat(np.arange(len(group.items)), [each.size for each in group.items])
    row = model.row[units]
    choices = may.sum(axis=1)[row] + np.where(free[row], len(group.items), 0)
    order = np.lexsort((choices, item))
    first = order[np.flatnonzero(np.diff(item[order], prepend=-1))]
    first = first[~free[row[first]]]
    if first.size <= choices[first].min(initial=first.size):
        return None
    supply = np.bincount(row[first], minlength=may.shape[0]).astype(np.int64)
    room = np.ones(group.scopes, dtype=np.int64)
    for rows in shortages(supply, may, room):
        return Crowd(
            group=group,
            units=units[first[np.isin(row[first], rows)]],
            scopes=np.flatnonzero(may[rows].any(axis=0)),
        )
    return None
