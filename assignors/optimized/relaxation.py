"""The problem with partitions that can be divided: a flow of weight.

Its answer says which units should stay with their owner, what load each member should have, and
so at what price. The rule kept here: this is advice. A plan made from it is judged by `evaluate`, a
bound made from its prices is counted by `bounds`. Weights that differ cost no more than weights
alike: a unit reaches its owner by one arc and all others through a pool that it shares with units
of the same choices. A limit on moves becomes a price of a move, which is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isqrt, log

import numpy as np

from assignors.network import Network
from assignors.optimized.bounds import Prices
from assignors.optimized.convex import Polygons, kernel
from assignors.optimized.model import Ints, Model
from assignors.optimized.search import Work

_ROUNDS = 8
_DEAREST = 2**56
"""Of the moves of one unit: a sum of such prices along a path stays within 64 bits."""
_STEPS = 20
_WORK_PER_ARC = 100
_WORK_PER_OWN_ARC = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """`to`: the owner of each unit that should stay, else -1. `loads`: per member. `moves`: of
    units that should not stay."""

    to: Ints
    loads: Ints
    moves: int
    prices: Prices


def relaxed(model: Model, work: Work) -> list[Relaxed]:
    """Answers, the best for a plan first; none where even divided units have no room."""
    network = _Network(model, work)
    few = model.moves_left < int(model.home_count.sum())
    # Where moves are limited, the answer without a limit is only needed to know whether it matters.
    first = network.answer(0, rounds=1 if few else _ROUNDS)
    if first is not None and first.moves > model.moves_left:
        return network.priced(first)
    if few and first is not None and not work.spent():
        first = network.answer(0) or first
    return [first] if first is not None else []


class _Network:
    def __init__(self, model: Model, work: Work) -> None:
        self._model = model
        self._work = work
        self._heavy = np.flatnonzero(model.weight > 0)
        node = np.full(model.units, -1, dtype=np.int64)
        node[self._heavy] = np.arange(self._heavy.size)
        may = model.allowed[model.row[model.home_unit], model.home_member]
        self._entries = np.flatnonzero((node[model.home_unit] >= 0) & may)
        self._home_node = node[model.home_unit[self._entries]]
        self._pools()
        room = np.where(model.allowed.any(axis=0), model.most_weight, 0)
        self._polygons = Polygons(model.curvature, room, model.total_weight)

    def _pools(self) -> None:
        """A pool per row and number of misses; an arc from each unit to each pool of its row."""
        model = self._model
        row, member = np.nonzero(model.allowed)
        miss = model.miss[row, member] if model.rack_cost else np.zeros(row.size, np.int64)
        values = int(miss.max(initial=0)) + 1
        keys, pool = np.unique(row * values + miss, return_inverse=True)
        self._pool_of_arc, self._member_of_arc = pool.reshape(-1), member
        pool_row, pool_miss = np.divmod(keys, values)
        first = np.searchsorted(pool_row, model.row[self._heavy])
        sizes = np.searchsorted(pool_row, model.row[self._heavy], side="right") - first
        self._into_unit = np.repeat(np.arange(self._heavy.size), sizes)
        start = np.repeat(first - np.cumsum(sizes) + sizes, sizes)
        self._into_pool = start + np.arange(self._into_unit.size)
        self._into_miss = pool_miss[self._into_pool]
        self._pool_count = int(keys.size)

    def answer(self, move_price: int, rounds: int = _ROUNDS) -> Relaxed | None:
        """The best division of all units, when a move costs so much more."""
        for _ in range(rounds):
            flows = self._solved(move_price)
            if flows is None:
                return None
            stays, loads = flows
            if self._work.spent() or not self._polygons.refine(loads):
                break
        return self._read(stays, loads, move_price)

    def priced(self, first: Relaxed) -> list[Relaxed]:
        """The answers at the least price of a move that keeps within the limit, and just below.

        The price is looked for between 0 and what the move that is last within the limit would save
        if all others stayed: where moves fall in equal measure with its logarithm, and in between.
        """
        most = self._model.moves_left
        low, low_moves = 1, first.moves
        # Dearer than that there is no room for in 64 bits; whoever moves then has to.
        dearest = _DEAREST // max(int(self._model.away_count.max(initial=0)), 1)
        high = min(self._guess(), dearest)
        within: Relaxed | None = None
        beyond = first
        for step in range(_STEPS):
            bracket = within is not None
            if self._work.spent() or (bracket and high - low <= max(1, low // 256)):
                break
            if not bracket:
                price = high
            elif low == 1:
                price = max(high // 16, 2)
            elif step % 2:
                price = isqrt(low * high)
            else:
                price = _between(low, high, low_moves, within.moves if within else 0, most)
            answer = self.answer(price, rounds=1)
            if answer is None:
                break
            if answer.moves <= most:
                high, within = price, answer
                if answer.moves == most:
                    break
            else:
                low, low_moves, beyond = price, answer.moves, answer
                if not bracket and high == dearest:
                    break
                high = high if bracket else min(4 * high, dearest)
        if within is None:
            return [beyond]
        better = None if self._work.spent() else self.answer(high)
        if better is None:
            return [within, beyond]
        # Finer, but it may leave moves unused that the one before did use.
        return [better, beyond] if better.moves >= within.moves else [better, within, beyond]

    def _guess(self) -> int:
        """What the move that is last within the limit would save if all others stayed."""
        model = self._model
        stay = np.full(model.units, -1, dtype=np.int64)
        stay[model.home_unit] = model.home_member
        placed = np.flatnonzero(stay >= 0)
        loads = np.bincount(stay[placed], weights=model.weight[placed], minlength=model.members)
        price = 2 * model.curvature * loads
        saving = model.weight[placed] * (price[stay[placed]] - float(price.min()))
        ranked = -np.sort(-saving)
        last = min(model.moves_left, max(ranked.size - 1, 0))
        return max(int(ranked[last]), 1) if ranked.size else 1

    def _solved(self, move_price: int) -> tuple[Ints, Ints] | None:
        """Weight that stays, per owner entry, and the load of each member."""
        who, room, cost = self._polygons.arcs()
        network = self._arcs(move_price, who, room, cost)
        self._work.done += _WORK_PER_ARC * network.tail.size
        left = max(self._work.limit - self._work.done, 0)
        solver = kernel(left // _WORK_PER_OWN_ARC)
        try:
            flows, _ = solver.cheapest(network)
        except ValueError:
            return None
        self._work.done += _WORK_PER_OWN_ARC * solver.steps
        loads = np.bincount(
            who, weights=flows[flows.size - who.size :], minlength=self._model.members
        )
        return flows[: self._entries.size], loads.astype(np.int64)

    def _arcs(self, move_price: int, who: Ints, room: Ints, cost: Ints) -> Network:
        """Units, pools, members, sink; `who`, `room` and `cost` are the arcs to the sink."""
        model, heavy = self._model, self._heavy
        weight = model.weight[heavy]
        units, pools = heavy.size, self._pool_count
        entry, unit = self._entries, model.home_unit[self._entries]
        stay = model.away_cost[unit] - model.home_cost[entry]
        stay = stay + model.rack_cost * model.miss[model.row[unit], model.home_member[entry]]
        stay += move_price * (model.away_count[unit] - model.home_count[entry])
        go = (model.away_cost + move_price * model.away_count)[heavy][self._into_unit]
        go = go + model.rack_cost * self._into_miss
        first_member, sink = units + pools, units + pools + model.members
        total = int(weight.sum())
        return Network(
            tail=np.concatenate(
                [
                    self._home_node,
                    self._into_unit,
                    units + self._pool_of_arc,
                    first_member + who,
                ]
            ),
            head=np.concatenate(
                [
                    first_member + model.home_member[entry],
                    units + self._into_pool,
                    first_member + self._member_of_arc,
                    np.full(who.size, sink),
                ]
            ),
            capacity=np.concatenate(
                [
                    model.weight[unit],
                    weight[self._into_unit],
                    np.full(self._member_of_arc.size, total),
                    room,
                ]
            ),
            cost=np.concatenate(
                [
                    np.rint(stay / model.weight[unit]).astype(np.int64),
                    np.rint(go / weight[self._into_unit]).astype(np.int64),
                    np.zeros(self._member_of_arc.size, dtype=np.int64),
                    cost,
                ]
            ),
            supply=np.concatenate([weight, np.zeros(pools + model.members, np.int64), [-total]]),
        )

    def _read(self, stays: Ints, loads: Ints, move_price: int) -> Relaxed:
        model = self._model
        to = np.full(model.units, -1, dtype=np.int64)
        unit = model.home_unit[self._entries]
        most = 2 * stays > model.weight[unit]
        to[unit[most]] = model.home_member[self._entries[most]]
        settled = to[model.home_unit] >= 0
        kept = settled & model.kept(to)
        light = model.weight[model.home_unit] == 0
        moves = int(model.home_count[~kept & ~light].sum())
        nothing = np.zeros(model.members, dtype=np.int64)
        prices = Prices(load=2 * model.curvature * loads, place=nothing, move=move_price)
        return Relaxed(to=to, loads=loads, moves=moves, prices=prices)


def _between(low: int, high: int, low_moves: int, high_moves: int, most: int) -> int:
    """The price at which moves would be `most` if they fell with its logarithm."""
    part = (low_moves - most) / max(low_moves - high_moves, 1)
    return min(max(round(exp(log(low) + part * (log(high) - log(low)))), low + 1), high - 1)
