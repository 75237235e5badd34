"""The exact answer where constraints are a flow: partitions alike but for where they may go.

With equal weights and nothing that ties one partition to another, the problem is a min-cost flow
from rows (partitions with the same choices) through members, whose cost is convex in their load.
The rule kept here: the answer is proven. A member's cost is first a polygon with few corners;
where the answer does not stand on corners one unit apart, corners are added and it is solved again,
so that the cost of a flow does not grow with the number of partitions.
"""

from __future__ import annotations

import numpy as np

from assignors.network import Network
from assignors.optimized.convex import Polygons, kernel
from assignors.optimized.model import Ints, Model

_COSTLY = 2**40
_OWN_BUDGET = 5_000_000
"""Arcs that are looked at without OR-tools before the answer is no longer certain."""


def is_flow(model: Model) -> bool:
    """Whether `flow_plan` solves this model; a limit on moves may have to be checked after."""
    return model.uniform and not model.groups


def room_of(model: Model) -> Ints:
    """The most units that each member may take, of a uniform model."""
    room = np.minimum(model.most_count, model.units)
    mass = int(model.mass[0]) if model.units else 0
    if mass:
        room = np.minimum(room, model.most_mass // mass)
    return np.asarray(room, dtype=np.int64)


def flow_plan(model: Model, *, still: bool = False) -> tuple[Ints | None, bool]:
    """The cheapest plan of a uniform model without groups, None if there is none; and whether
    that is certain.

    `still`: the cheapest of those in which as few as possible leave their owner. The limit on moves
    is not looked at.
    """
    rows = int(model.allowed.shape[0])
    network = _Network(model, still=still)
    while True:
        x = network.solved()
        if x is None:
            return None, True
        if not network.polygons.refine(x.sum(axis=0)):
            return _placed(model, x, rows), network.certain


class _Network:
    def __init__(self, model: Model, *, still: bool) -> None:
        rows, members = model.allowed.shape
        self._model = model
        self._kernel = kernel(_OWN_BUDGET)
        self.certain = True
        self._sizes = np.bincount(model.row, minlength=rows)
        self._keep = np.zeros((rows, members), dtype=np.int64)
        owned = model.row[model.home_unit]
        np.add.at(self._keep, (owned, model.home_member), model.home_count)
        leaving = int(model.home_cost[0]) if model.home_cost.size else 0
        self._leaving = leaving + (_COSTLY if still else 0)
        weight = int(model.weight[0])
        room = np.where(model.allowed[self._sizes > 0].any(axis=0), room_of(model), 0)
        self.polygons = Polygons(model.curvature * weight * weight, room, model.units)

    def solved(self) -> Ints | None:
        """Units per row and member of the cheapest flow."""
        rows, members = self._keep.shape
        row, member = np.nonzero(self._model.allowed & (self._sizes > 0)[:, None])
        free = self._model.rack_cost * self._model.miss[row, member]
        keeps = np.flatnonzero(self._keep[row, member])
        ends, room, cost = self.polygons.arcs()
        supply = np.concatenate([self._sizes, np.zeros(members, np.int64), [-self._sizes.sum()]])
        network = Network(
            tail=np.concatenate([row, row[keeps], rows + ends]),
            head=np.concatenate(
                [rows + member, rows + member[keeps], np.full(ends.size, rows + members)]
            ),
            capacity=np.concatenate([self._sizes[row], self._keep[row, member][keeps], room]),
            # To leave costs, rather than to stay spares: costs are not negative.
            cost=np.concatenate([free + self._leaving, free[keeps], cost]),
            supply=supply.astype(np.int64),
        )
        try:
            flows, certain = self._kernel.cheapest(network)
        except ValueError:
            return None
        self.certain = self.certain and certain
        x = np.zeros((rows, members), dtype=np.int64)
        x[row, member] = flows[: row.size]
        x[row[keeps], member[keeps]] += flows[row.size : row.size + keeps.size]
        return x


def _placed(model: Model, x: Ints, rows: int) -> Ints:
    """Concrete units: owners keep the first of what they keep, the rest goes out in long runs."""
    owner = np.full(model.units, -1, dtype=np.int64)
    owner[model.home_unit] = model.home_member
    to = np.full(model.units, -1, dtype=np.int64)
    by_row = np.argsort(model.row, kind="stable")
    ends = np.searchsorted(model.row[by_row], np.arange(rows + 1))
    for row in range(rows):
        units = by_row[ends[row] : ends[row + 1]]
        quota = x[row].copy()
        order = np.argsort(owner[units], kind="stable")
        held = owner[units][order]
        rank = np.arange(held.size) - np.searchsorted(held, held, side="left")
        stays = (held >= 0) & (rank < quota[held])
        to[units[order[stays]]] = held[stays]
        quota -= np.bincount(held[stays], minlength=quota.size)
        free = units[to[units] < 0]
        to[free] = np.repeat(np.arange(quota.size), quota)
    return to
