"""A group, an objective and constraints as arrays of whole numbers: what every solver here solves.

The rule kept here: nothing below this file knows topics, labels or coefficients. Partitions that
must stay together are one unit; a unit goes to one member; whether it may, and what that costs by
itself, is a row of a small table shared by all units alike. Costs are whole numbers, so that a
plan is as good on every machine, and a bound is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assignors.claims import Settled
from assignors.optimized.definition import Definition, Rounding
from assignors.partitions import PartitionSet

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_LIMIT = 2**60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Things that should be on one member, or on different ones.

    `items[i]`: the units of thing i. Things meet within a scope: `scope_of[m]` is the scope of
    member m (itself, or its label's value), -1 for none. "together": cost x (scopes used - 1), one
    item per unit. "apart": cost x (items - 1) summed over scopes. `cost` None: must be 0.
    """

    kind: Literal["together", "apart"]
    name: str
    items: tuple[Ints, ...]
    scope_of: Ints
    scopes: int
    cost: int | None

    def excess(self, to: Ints) -> int:
        """How many scopes too many, or items too many in scopes, when unit u goes to `to[u]`."""
        # Groups are many and mostly tiny: sets are faster than arrays.
        scope = self.scope_of[to[np.concatenate(self.items)]].tolist()
        item = (at for at, units in enumerate(self.items) for _ in range(units.size))
        pairs = {pair for pair in zip(item, scope, strict=True) if pair[1] >= 0}
        used = {each for _, each in pairs}
        if self.kind == "together":
            return max(len(used) - 1, 0)
        return len(pairs) - len(used)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """See the module. Units are numbered by their first partition, members as in `settled`.

    `unit_of`: the unit of each partition. `weight`, `count`: of each unit, whole numbers; one of
    the objective's weight units is `weight_scale`. `row`: each unit's row of `allowed` and `miss`
    (partitions without a replica in the member's rack).
    Owners, a unit's partitions by settled owner: entry e says that `home_count[e]` partitions of
    unit `home_unit[e]` are owned by `home_member[e]`, and that leaving costs `home_cost[e]`;
    `home_start[u]:home_start[u + 1]` are those of unit u, `away_count[u]` and `away_cost[u]` their
    sums.
    `curvature[m]`: the cost of load L on member m is curvature x L^2. `rack_cost`: per miss.
    `mass`: what limits on weight are held against, much finer than `weight`; one weight unit is
    `mass_scale`. `most_count`, `most_mass`: the limits per member; `most_weight`: what the weights
    add up to where those are kept. `moves_left`: partitions that may leave their owner.
    `scale`: how many units of cost are 1 in the objective's terms. `definition`: what all of this
    was rounded from, and `rounding` by how much.
    """

    settled: Settled
    unit_of: Ints
    weight: Ints
    count: Ints
    row: Ints
    allowed: Mask
    miss: Ints
    home_unit: Ints
    home_member: Ints
    home_count: Ints
    home_cost: Ints
    home_start: Ints
    away_count: Ints
    away_cost: Ints
    curvature: Ints
    rack_cost: int
    mass: Ints
    most_count: Ints
    most_weight: Ints
    most_mass: Ints
    moves_left: int
    groups: tuple[Group, ...]
    scale: Fraction
    weight_scale: Fraction
    mass_scale: Fraction
    definition: Definition
    rounding: Rounding

    @property
    def units(self) -> int:
        """How many units."""
        return int(self.weight.size)

    @property
    def members(self) -> int:
        """How many members."""
        return int(self.curvature.size)

    @property
    def total_weight(self) -> int:
        """Of all units."""
        return int(self.weight.sum())

    @property
    def uniform(self) -> bool:
        """All units are one partition each and weigh the same."""
        return self.units == 0 or bool(
            (self.count == 1).all() and (self.weight == self.weight[0]).all()
        )

    def linear(self, units: Ints) -> Ints:
        """What each of `units` costs by itself on each member: racks and moves. [units, members]"""
        cost = self.away_cost[units][:, None] + self.rack_cost * self.miss[self.row[units]]
        at, entries = self.homes(units)
        cost[at, self.home_member[entries]] -= self.home_cost[entries]
        return cost

    def moves(self, units: Ints) -> Ints:
        """How many partitions of each of `units` leave their owner. [units, members]"""
        moves = np.repeat(self.away_count[units][:, None], self.members, axis=1)
        at, entries = self.homes(units)
        moves[at, self.home_member[entries]] -= self.home_count[entries]
        return moves

    def linear_at(self, units: Ints, members: Ints) -> Ints:
        """The same for pairs: unit `units[i]` on `members[i]`."""
        cost = self.away_cost[units] + self.rack_cost * self.miss[self.row[units], members]
        at, entries = self.homes(units)
        here = self.home_member[entries] == members[at]
        cost[at[here]] -= self.home_cost[entries[here]]
        return cost

    def moves_at(self, units: Ints, members: Ints) -> Ints:
        """The same for moves."""
        moves = self.away_count[units].copy()
        at, entries = self.homes(units)
        here = self.home_member[entries] == members[at]
        moves[at[here]] -= self.home_count[entries[here]]
        return moves

    def homes(self, units: Ints) -> tuple[Ints, Ints]:
        """The owner entries of `units`: positions in `units`, and entries."""
        sizes = self.home_start[units + 1] - self.home_start[units]
        at = np.repeat(np.arange(units.size), sizes)
        first = np.repeat(self.home_start[units] - np.cumsum(sizes) + sizes, sizes)
        return at, first + np.arange(at.size)

    def loads(self, to: Ints) -> Ints:
        """Weight per member when unit u goes to member `to[u]`."""
        return np.bincount(to, weights=self.weight, minlength=self.members).astype(np.int64)

    def counts(self, to: Ints) -> Ints:
        """Partitions per member."""
        return np.bincount(to, weights=self.count, minlength=self.members).astype(np.int64)

    def masses(self, to: Ints) -> Ints:
        """What counts against limits on weight, per member."""
        return np.bincount(to, weights=self.mass, minlength=self.members).astype(np.int64)

    def kept(self, to: Ints) -> Mask:
        """Which owner entries a plan honours."""
        return np.asarray(to[self.home_unit] == self.home_member)

    def moved(self, to: Ints) -> int:
        """Partitions that leave their settled owner."""
        return int(self.home_count.sum() - self.home_count[self.kept(to)].sum())

    def owners(self, to: Ints) -> NDArray[np.int32]:
        """The owner of each partition."""
        return to[self.unit_of].astype(np.int32)

    def partitions(self, units: Ints) -> PartitionSet:
        """The partitions of some units."""
        wanted = np.zeros(self.units, dtype=bool)
        wanted[units] = True
        return self.settled.index.partitions(np.flatnonzero(wanted[self.unit_of]))

    def units_of(self, owner: NDArray[np.int32]) -> Ints | None:
        """A plan by partition as one by unit; None if it splits a unit or leaves one out."""
        to = np.full(self.units, -1, dtype=np.int64)
        to[self.unit_of] = owner
        if bool((to < 0).any()) or bool((to[self.unit_of] != owner).any()):
            return None
        return to
