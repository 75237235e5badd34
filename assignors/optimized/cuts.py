"""Partitions that need more room than the only members that may take them have (Hall's theorem).

The rule kept here: what is found is infeasible by itself, whatever else is asked, and holds no kind
of partition more than it needs for that. Divided partitions are looked at, so that what fits by
amount and fails only because partitions cannot be divided is not found here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assignors.optimized.model import Ints, Mask

_MOST_CAUSES = 5


def shortages(supply: Ints, allowed: Mask, room: Ints) -> Iterator[Ints]:
    """Sets of rows whose supply exceeds the room of all members allowed for one of them.

    Disjoint, minimal, at most five; none if a flow can place everything.
    """
    left = supply.copy()
    for _ in range(_MOST_CAUSES):
        rows = _cut(left, allowed, room)
        if rows.size == 0:
            return
        rows = _minimal(rows, left, allowed, room)
        yield rows
        left[rows] = 0


def _cut(supply: Ints, allowed: Mask, room: Ints) -> Ints:
    """The rows reachable from one that cannot be placed, in the residual of a largest flow."""
    flow = np.zeros(allowed.shape, dtype=np.int64)
    free = room.copy()
    for row in np.flatnonzero(supply > 0).tolist():
        left = int(supply[row])
        for member in np.flatnonzero(allowed[row] & (free > 0)).tolist():
            step = min(left, int(free[member]))
            flow[row, member] += step
            free[member] -= step
            left -= step
            if not left:
                break
        while left:
            reached, step = _augment(row, left, flow, free, allowed)
            if not step:
                return reached
            left -= step
    return np.zeros(0, dtype=np.int64)


def _augment(row: int, left: int, flow: Ints, free: Ints, allowed: Mask) -> tuple[Ints, int]:
    """Place more of a row along a shortest path; or the rows seen, if there is no path."""
    rows, members = allowed.shape
    into_member = np.full(members, -1, dtype=np.int64)
    into_row = np.full(rows, -1, dtype=np.int64)
    into_row[row] = members
    frontier = [row]
    while frontier:
        following: list[int] = []
        for here in frontier:
            found = np.flatnonzero(allowed[here] & (into_member < 0))
            into_member[found] = here
            ends = found[free[found] > 0]
            if ends.size:
                return np.zeros(0, np.int64), _push(
                    int(ends[0]), row, left, into_member, into_row, flow, free
                )
            for member in found.tolist():
                back = np.flatnonzero((flow[:, member] > 0) & (into_row < 0))
                into_row[back] = member
                following += back.tolist()
        frontier = following
    return np.flatnonzero(into_row >= 0), 0


def _push(
    end: int, start: int, left: int, into_member: Ints, into_row: Ints, flow: Ints, free: Ints
) -> int:
    path: list[tuple[int, int, int]] = []
    member, step = end, min(left, int(free[end]))
    while True:
        row = int(into_member[member])
        path.append((row, member, 1))
        if row == start:
            break
        member = int(into_row[row])
        path.append((row, member, -1))
        step = min(step, int(flow[row, member]))
    for row, member, sign in path:
        flow[row, member] += sign * step
    free[end] -= step
    return step


def _minimal(rows: Ints, supply: Ints, allowed: Mask, room: Ints) -> Ints:
    """Leave out rows as long as what is left still lacks room."""
    kept = rows[supply[rows] > 0].tolist()
    takers = allowed[kept].sum(axis=0)
    spare = int(supply[kept].sum()) - int(room[takers > 0].sum())
    again = True
    while again:
        again = False
        for row in list(kept):
            # Without it there is less to place, and less room: that of whom nothing else may go to.
            lonely = allowed[row] & (takers == 1)
            less = int(supply[row]) - int(room[lonely].sum())
            if len(kept) > 1 and spare > less:
                kept.remove(row)
                takers -= allowed[row]
                spare -= less
                again = True
    return np.array(kept, dtype=np.int64)
