"""Which things of a group are where, and what it changes when a unit goes somewhere else.

The rule kept here: it counts as `Group.excess` does, step by step instead of anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from assignors.optimized.model import Group, Ints


def meetings(groups: Sequence[Group], to: Ints) -> list[Meeting]:
    """The state of each group under a plan, -1 in `to` for a unit without a member."""
    sizes = [len(group.items) for group in groups]
    things = [units for group in groups for units in group.items]
    if not things:
        return []
    # All groups at once, and one row for each thing of each: groups are many, and mostly small.
    unit = np.concatenate(things)
    thing = np.repeat(np.arange(len(things)), [units.size for units in things])
    group_of = np.repeat(np.arange(len(groups)), sizes)[thing]
    kinds = {group.scope_of.tobytes(): group.scope_of for group in groups}
    number = {key: at for at, key in enumerate(kinds)}
    kind = np.array([number[group.scope_of.tobytes()] for group in groups])
    scope = np.stack(list(kinds.values()))[kind[group_of], to[unit]]
    inside = (to[unit] >= 0) & (scope >= 0)
    width = max(group.scopes for group in groups)
    cells = (thing * width + scope)[inside]
    there = np.bincount(cells, minlength=len(things) * width).reshape(-1, width)
    starts = np.cumsum([0, *sizes])
    used = np.add.reduceat((there > 0).astype(np.int64), starts[:-1], axis=0)
    return [
        Meeting(group, there[first:last, : group.scopes], here[: group.scopes])
        for group, here, (first, last) in zip(groups, used, pairwise(starts.tolist()), strict=True)
    ]


def things_of(groups: Sequence[Group]) -> dict[int, dict[int, list[int]]]:
    """Unit -> number of a group -> the things of that which it is in: several only if merged."""
    found: dict[int, dict[int, list[int]]] = {}
    for number, group in enumerate(groups):
        for thing, units in enumerate(group.items):
            for unit in units.tolist():
                found.setdefault(unit, {}).setdefault(number, []).append(thing)
    return found


class Meeting:
    """A group's state: `there`, how many units of thing i are in scope s, and `used`, how many
    things are."""

    def __init__(self, group: Group, there: Ints, used: Ints) -> None:
        self._group = group
        self._there = there
        self._used = used

    def leaving_and_coming(self, items: list[int], home: int) -> Ints:
        """By member: excess after a unit of `items` went from `home` to it, less that before."""
        group, used = self._group, self._used
        there = self._there[items]
        old = int(group.scope_of[home]) if home >= 0 else -1
        last = int(np.count_nonzero(there[:, old] == 1)) if old >= 0 else 0
        coming = np.count_nonzero(there == 0, axis=0)
        if group.kind == "together":
            # Scopes in use count: one more, unless the unit leaves the only other one.
            in_use = int(np.count_nonzero(used))
            freed = 1 if old >= 0 and used[old] == last else 0
            after = np.maximum(in_use - freed + (used == 0) - 1, 0)
            by_scope = after - max(in_use - 1, 0)
            leaving = max(in_use - freed - 1, 0) - max(in_use - 1, 0)
        else:
            leaving = 0
            if old >= 0:
                leaving = max(int(used[old]) - last - 1, 0) - max(int(used[old]) - 1, 0)
            by_scope = np.maximum(used + coming - 1, 0) - np.maximum(used - 1, 0) + leaving
        if old >= 0:
            by_scope[old] = 0
        inside = group.scope_of >= 0
        return np.where(inside, by_scope[group.scope_of], leaving).astype(np.int64)

    def move(self, item: int, home: int, target: int) -> None:
        """One unit of `item` goes."""
        for member, step in ((home, -1), (target, 1)):
            scope = int(self._group.scope_of[member]) if member >= 0 else -1
            if scope < 0:
                continue
            before = self._there[item, scope] > 0
            self._there[item, scope] += step
            self._used[scope] += int(self._there[item, scope] > 0) - int(before)
