"""Convex costs of load as arcs of a flow: a polygon with few corners, refined where it matters.

The rule kept here: at a corner the polygon costs what the parabola costs. An answer all of whose
loads stand on corners, with corners one below and one above, is therefore optimal for the parabola.
"""

from __future__ import annotations

import itertools

import numpy as np

from assignors.network import Kernel
from assignors.optimized.model import Ints
from assignors.ortools_flow import OrToolsFlows
from assignors.own_flow import OwnFlows

_NEAR = 3


def kernel(budget: int) -> Kernel:
    """OR-tools' flows, or ours where it is not installed: exact within `budget` arcs."""
    try:
        return OrToolsFlows(budget)
    except ImportError:
        return OwnFlows(budget)


class Polygons:
    """One polygon per member: cost `curve * load^2` for loads from 0 to `room`."""

    def __init__(self, curve: Ints, room: Ints, total: int) -> None:
        self._curve = curve
        self._room = np.maximum(np.minimum(room, total), 0)
        open_ = (curve > 0) & (self._room > 0)
        share = np.zeros(curve.size)
        share[open_] = 1 / curve[open_]
        fair = np.rint(total * share / max(float(share.sum()), 1e-300)).astype(int)
        self._corners = [{0, most} for most in self._room.tolist()]
        self._all = 2 ** int(total).bit_length()
        for at, load in enumerate(fair.tolist()):
            self._add(at, load, self._all)

    def _add(self, at: int, load: int, far: int) -> None:
        """Corners around a load, further and further apart, up to `far` away."""
        steps = [*range(1, _NEAR + 1)]
        while 2 * steps[-1] <= far:
            steps.append(2 * steps[-1])
        most = int(self._room[at])
        around = (load, *(load + side * step for step in steps for side in (-1, 1)))
        self._corners[at].update(each for each in around if 0 < each < most)

    def refine(self, loads: Ints) -> bool:
        """Add corners around these loads; False if each has its neighbours already."""
        more = False
        for at, load in enumerate(loads.tolist()):
            if not self._curve[at]:
                continue
            beside = {load - 1, load, load + 1} - {-1, int(self._room[at]) + 1}
            if not beside <= self._corners[at]:
                self._add(at, load, max(load // 4, _NEAR))
                more = True
        return more

    def arcs(self) -> tuple[Ints, Ints, Ints]:
        """Member, capacity and cost of each unit, for every side of every polygon."""
        member: list[int] = []
        room: list[int] = []
        cost: list[int] = []
        for at, each in enumerate(self._corners):
            curve = int(self._curve[at])
            corners = sorted(each) if curve else sorted({0, int(self._room[at])})
            for low, high in itertools.pairwise(corners):
                member.append(at)
                room.append(high - low)
                cost.append(curve * (low + high))
        return np.array(member, np.int64), np.array(room, np.int64), np.array(cost, np.int64)
