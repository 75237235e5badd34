"""What no plan can undercut: a price per member turns the problem into independent choices.

Let a unit of load on member m cost its price, and let every member buy the load it likes best at
that price: units then choose alone, members choose alone, and the sum of their best choices is at
most the cost of any feasible plan (Lagrangian duality). The same with a price for a place where
counts are limited, and one for a move where moves are. The rule kept here: prices may come from
anywhere and be bad, the bound is counted in whole numbers and true for every one of them.
Terms that tie units together cost 0 or more and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assignors.optimized.model import NO_LIMIT, Ints, Model
from assignors.optimized.search import Work

_MOST_PAID = 2**58
"""What all units together may cost at any prices, so that 64 bits hold the sum of all sums."""


Kinds: TypeAlias = tuple[Ints, Ints, Ints, Ints]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Per member of a unit of weight and of a partition's place; of one move."""

    load: Ints
    place: Ints
    move: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dual:
    """A bound, the prices behind it, and what was chosen at them: the direction to better ones."""

    bound: int
    prices: Prices
    bought: Ints
    chosen_weight: Ints
    chosen_count: Ints
    moves: int


def bound_at(model: Model, prices: Prices, kinds: Kinds | None = None) -> Dual:
    """The bound at these prices, or at the highest there may be where they are beyond."""
    highest = _highest_prices(model)
    prices = Prices(
        load=np.clip(prices.load, 0, highest.load),
        place=np.clip(prices.place, 0, highest.place),
        move=min(max(prices.move, 0), highest.place),
    )
    row, weight, count, kind_of = kinds or kinds_of(model)
    price = weight[:, None] * prices.load + count[:, None] * prices.place
    price += model.rack_cost * model.miss[row]
    price[~model.allowed[row]] = NO_LIMIT
    best = np.argmin(price, axis=1)
    cheapest = price[np.arange(best.size), best]
    target = best[kind_of].astype(np.int64)
    each = cheapest[kind_of] + model.away_cost + prices.move * model.away_count
    chosen = each.copy()
    # To stay with an owner spares the cost of leaving.
    unit, member = model.home_unit, model.home_member
    stay = (
        model.weight[unit] * prices.load[member]
        + model.count[unit] * prices.place[member]
        + model.rack_cost * model.miss[model.row[unit], member]
        + model.away_cost[unit]
        - model.home_cost
        + prices.move * (model.away_count[unit] - model.home_count)
    )
    stay[~model.allowed[model.row[unit], member]] = NO_LIMIT
    order = np.lexsort((unit, stay))[::-1]
    better = order[stay[order] <= each[unit[order]]]
    # The cheapest entry of a unit is written last.
    chosen[unit[better]] = stay[better]
    target[unit[better]] = member[better]
    moves = model.moved(target)
    bought, spent = _bought(model, prices.load)
    most = np.minimum(model.most_count, int(model.count.sum()))
    bound = int(chosen.sum()) + spent - int((prices.place * most).sum())
    if prices.move:
        bound -= prices.move * model.moves_left
    return Dual(
        bound=bound,
        prices=prices,
        bought=bought,
        chosen_weight=model.loads(target),
        chosen_count=model.counts(target),
        moves=moves,
    )


def level_prices(model: Model) -> Prices:
    """The same price for all: that at which members together want what there is."""
    low, high = 0, _highest_prices(model).load
    total = model.total_weight
    while low < high:
        middle = (low + high) // 2
        bought, _ = _bought(model, np.full(model.members, middle, dtype=np.int64))
        if int(bought.sum()) < total:
            low = middle + 1
        else:
            high = middle
    nothing = np.zeros(model.members, dtype=np.int64)
    return Prices(load=np.full(model.members, low, dtype=np.int64), place=nothing, move=0)


def marginal_prices(model: Model, to: Ints) -> Prices:
    """What one more unit of load would cost each member under a plan."""
    nothing = np.zeros(model.members, dtype=np.int64)
    return Prices(load=2 * model.curvature * model.loads(to), place=nothing, move=0)


def climb(model: Model, start: Dual, best_known: int, work: Work) -> Dual:
    """Better prices by Polyak's subgradient steps towards the cost of a known plan."""
    best = here = start
    eager, since = 1.0, 0
    kinds, highest = kinds_of(model), _highest_prices(model)
    while not work.spent() and best.bound < best_known:
        work.done += 4 * model.members * kinds[0].size + 20 * model.units
        load = (here.chosen_weight - here.bought).astype(np.float64)
        most = np.minimum(model.most_count, int(model.count.sum()))
        place = (here.chosen_count - most).astype(np.float64)
        place[(place < 0) & (here.prices.place <= 0)] = 0
        move = float(here.moves - min(model.moves_left, here.moves + NO_LIMIT // 2))
        if model.moves_left >= NO_LIMIT:
            move = 0.0
        norm = float((load * load).sum() + (place * place).sum() + move * move)
        if norm == 0:
            return best
        step = eager * (best_known - here.bound) / norm
        prices = Prices(
            load=_stepped(here.prices.load + step * load, highest.load),
            place=_stepped(here.prices.place + step * place, highest.place),
            move=round(min(max(here.prices.move + step * move, 0), highest.place)),
        )
        here = bound_at(model, prices, kinds)
        if here.bound > best.bound:
            best, since = here, 0
        else:
            since += 1
        if since >= 10:
            eager, since, here = eager / 2, 0, best
            if eager < 1e-3:
                return best
    return best


class _Highest(NamedTuple):
    """Of a unit of weight; of a partition's place, and of a move."""

    load: int
    place: int


def _highest_prices(model: Model) -> _Highest:
    """The highest prices that may be asked: beyond them 64 bits would not hold the bound."""
    return _Highest(
        load=_MOST_PAID // max(model.total_weight, 1),
        place=_MOST_PAID // max(int(model.count.sum()), 1),
    )


def _stepped(prices: NDArray[np.float64], most: int) -> Ints:
    return np.rint(np.clip(prices, 0, most)).astype(np.int64)


def kinds_of(model: Model) -> Kinds:
    """Units alike in row, weight and count: these by kind, and the kind of each unit."""
    columns = np.stack([model.row, model.weight, model.count])
    found, kind_of = np.unique(columns, axis=1, return_inverse=True)
    return found[0], found[1], found[2], kind_of.reshape(-1)


def _bought(model: Model, price: Ints) -> tuple[Ints, int]:
    """The load that each member likes best at its price, and what all of it costs less that."""
    most = np.minimum(model.most_weight, model.total_weight)
    curve = model.curvature
    low = np.where(curve > 0, price // np.maximum(2 * curve, 1), np.where(price > 0, most, 0))
    low = np.clip(low, 0, most)
    high = np.minimum(low + 1, most)
    at_low, at_high = (curve * each * each - price * each for each in (low, high))
    bought = np.where(at_high < at_low, high, low)
    return bought, int(np.minimum(at_low, at_high).sum())


def regrets(model: Model, prices: Prices, units: Ints) -> Ints:
    """How much more than its best choice each choice of `units` costs. [units, members]

    What is not allowed costs NO_LIMIT or so.
    """
    price = model.linear(units) + model.weight[units][:, None] * prices.load
    price += model.count[units][:, None] * prices.place
    if prices.move:
        price += prices.move * model.moves(units)
    price[~model.allowed[model.row[units]]] = NO_LIMIT
    return np.asarray(price - price.min(axis=1)[:, None], dtype=np.int64)


def load_regrets(model: Model, prices: Prices, loads: Ints) -> Ints:
    """How much more than the load it likes best each member's load costs it."""
    bought, _ = _bought(model, prices.load)
    best, here = (model.curvature * each * each - prices.load * each for each in (bought, loads))
    return np.asarray(here - best, dtype=np.int64)


def load_range(model: Model, prices: Prices, slack: int) -> tuple[Ints, Ints]:
    """The loads that cost each member at most `slack` more than the one it likes best."""
    bought, _ = _bought(model, prices.load)
    most = np.minimum(model.most_weight, model.total_weight)
    ends = []
    for far in (np.zeros_like(most), most):
        near, out = bought.copy(), far.copy()
        # The regret rises from `near` to `out`: halve until the last that is within.
        while bool((abs(out - near) > 1).any()):
            middle = (near + out) // 2
            within = load_regrets(model, prices, middle) <= slack
            near, out = np.where(within, middle, near), np.where(within, out, middle)
        ends.append(np.where(load_regrets(model, prices, out) <= slack, out, near))
    return ends[0], ends[1]


__all__ = [
    "Dual",
    "Prices",
    "bound_at",
    "climb",
    "kinds_of",
    "level_prices",
    "load_range",
    "load_regrets",
    "marginal_prices",
    "regrets",
]
