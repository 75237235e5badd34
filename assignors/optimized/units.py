"""Partitions that must stay together as one unit: its row of choices, and who owns how much of it.

The rule kept here: columns in, columns out; only units that are merged of several partitions cost a
step each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assignors.optimized.definition import Floats
from assignors.optimized.model import Ints, Mask
from assignors.optimized.scales import Scales

__all__ = ["homes_of", "merged_rows"]


def merged_rows(
    unit_of: Ints, units: int, row: Ints, allowed: Mask, miss: Ints
) -> tuple[Ints, Mask, Ints]:
    """Rows by unit instead of by partition; those of merged units are new."""
    if units == unit_of.size:
        return row, allowed, miss
    sizes = np.bincount(unit_of, minlength=units)
    order = np.argsort(unit_of, kind="stable")
    ends = np.cumsum(sizes)
    unit_row = np.zeros(units, dtype=np.int64)
    single = sizes == 1
    unit_row[single] = row[order[ends[single] - 1]]
    found: dict[tuple[int, ...], int] = {}
    more_allowed: list[Mask] = []
    more_miss: list[Ints] = []
    for unit in np.flatnonzero(~single).tolist():
        rows = row[order[ends[unit] - sizes[unit] : ends[unit]]]
        key = tuple(np.sort(rows).tolist())
        number = found.setdefault(key, allowed.shape[0] + len(found))
        if number == allowed.shape[0] + len(more_allowed):
            more_allowed.append(np.logical_and.reduce(allowed[rows], axis=0))
            more_miss.append(miss[rows].sum(axis=0))
        unit_row[unit] = number
    if more_allowed:
        allowed = np.concatenate([allowed, np.array(more_allowed)])
        miss = np.concatenate([miss, np.array(more_miss)])
    used, unit_row = np.unique(unit_row, return_inverse=True)
    return unit_row.reshape(-1).astype(np.int64), allowed[used], miss[used]


def homes_of(
    unit_of: Ints, units: int, owner: NDArray[np.int32], scales: Scales, members: int
) -> tuple[dict[str, Ints], Floats]:
    """Owner entries by unit; see `Model`, and `Definition` for their weight."""
    owned = np.flatnonzero(owner >= 0)
    keys, entry = np.unique(
        unit_of[owned] * max(members, 1) + owner[owned].astype(np.int64), return_inverse=True
    )
    entry = entry.reshape(-1)
    unit, member = np.divmod(keys, max(members, 1))
    count = np.bincount(entry, minlength=keys.size).astype(np.int64)
    leaving = scales.leaving()[owned]
    cost = np.bincount(entry, weights=leaving, minlength=keys.size).astype(np.int64)
    homes = {
        "home_unit": unit,
        "home_member": member,
        "home_count": count,
        "home_cost": cost,
        "home_start": np.searchsorted(unit, np.arange(units + 1)).astype(np.int64),
        "away_count": np.bincount(unit, weights=count, minlength=units).astype(np.int64),
        "away_cost": np.bincount(unit, weights=cost, minlength=units).astype(np.int64),
    }
    weight = np.bincount(entry, weights=scales.plain[owned], minlength=keys.size)
    return homes, weight.astype(np.float64)
