"""A plan without a solver: place everything, then hand over and swap while that helps.

The rule kept here: work is counted in array elements looked at and ends at a limit, and every step
either breaks hard constraints by less, or by as much at less cost; so the search ends, the plan it
started from is never made worse, and the same input gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from assignors.optimized.meetings import meetings, things_of
from assignors.optimized.model import Ints, Mask, Model
from assignors.optimized.work import Work

_PARTNERS = 12
_BLOCKED = 2**58
"""More than any limit is passed by."""
_NEVER = 2**62
"""A cost for what is not allowed."""
_FULL_TABLE = 4_000_000
_STEP = 4_000
"""Work that a step costs besides the elements it looks at."""
_PER_GROUP = 500
"""To know which of a group's things are where."""
_PASSES = 4
"""Over all pairs, to see which swaps break something, for one to see what they cost."""


class _Change(NamedTuple):
    """Moves of units to members, and what they do to what is broken and to the cost."""

    broken: int
    cost: int
    units: tuple[int, ...]
    members: tuple[int, ...]


class Search:
    """A plan under improvement; -1 in `to` is a unit that has no member yet."""

    def __init__(self, model: Model, to: Ints, work: Work) -> None:
        self.model = model
        self.to = to.copy()
        self.work = work
        placed = self.to >= 0
        self.loads = self._held_of(model.weight)
        # What is limited: of each unit, of each member now, and at most.
        self._limits = [
            (amount, self._held_of(amount), most)
            for amount, most in ((model.count, model.most_count), (model.mass, model.most_mass))
            if bool((most < amount.sum()).any())
        ]
        homes = model.kept(self.to)
        gone = placed[model.home_unit] & ~homes
        self.moves = int(model.home_count[gone].sum())
        self._meetings = meetings(model.groups, self.to)
        self.work.done += _PER_GROUP * len(self._meetings)
        self._in = things_of(model.groups)
        self._coupled = np.zeros(model.units, dtype=bool)
        self._coupled[sorted(self._in)] = True
        self._few_moves = model.moves_left < int(model.home_count.sum())
        self._hard = any(group.cost is None for group in model.groups)
        self._anywhere = bool(model.allowed.all())
        self._bucket: list[Ints | None] = [None] * model.members
        full = model.units * model.members <= _FULL_TABLE
        self._table = model.linear(np.arange(model.units)) if full else None
        self._move_table = model.moves(np.arange(model.units)) if full else None

    def _held_of(self, amount: Ints) -> Ints:
        placed, members = self.to >= 0, self.model.members
        return np.bincount(self.to[placed], amount[placed], members).astype(np.int64)

    # -- placing -------------------------------------------------------------------------------

    def place_rest(self) -> None:
        """Whatever has no member goes where it adds least, the heaviest first."""
        model = self.model
        rest = np.flatnonzero(self.to < 0)
        choices = model.allowed.sum(axis=1)[model.row[rest]]
        order = np.lexsort((rest, choices, -model.weight[rest]))
        for unit in rest[order].tolist():
            broken, cost = self._effects(np.array([unit]), -1)
            self.work.done += model.members
            best = broken[0] == broken[0].min()
            where = np.flatnonzero(best)
            self._apply(unit, int(where[np.argmin(cost[0][where])]))

    # -- improving -----------------------------------------------------------------------------

    def improve(self) -> bool:
        """Until no hand-over or swap helps any more; False if the work ran out before."""
        return self._descend(swaps=False) and self._descend(swaps=True)

    def _descend(self, *, swaps: bool) -> bool:
        settled = np.zeros(self.model.members, dtype=np.int64)
        clock = 1
        while not self.work.spent():
            price = self._pressure()
            order = np.lexsort((np.arange(price.size), -price))
            open_ = order[settled[order] < clock]
            if open_.size == 0:
                return True
            changed = False
            for member in open_.tolist():
                if self.work.spent():
                    return False
                if self._improve(member, swaps=swaps):
                    changed = True
                else:
                    settled[member] = clock
            clock += changed
        return False

    def _pressure(self) -> Ints:
        price = self.model.curvature * self.loads
        return np.where(self._over(), price + _BLOCKED, price)

    def _over(self) -> Mask:
        """Which members are beyond a limit."""
        over = np.zeros(self.model.members, dtype=bool)
        for _, now, most in self._limits:
            over |= now > most
        return over

    def _improve(self, member: int, *, swaps: bool) -> bool:
        """As many changes as help, beginning at one member; False if none did."""
        helped = False
        while not self.work.spent() and self._held(member).size:
            change = self._best_hand_over(member)
            if change is None and swaps:
                change = self._best_swap(member)
            if change is None:
                return helped
            for unit, target in zip(change.units, change.members, strict=True):
                self._apply(unit, target)
            helped = True
        return helped

    def _best_hand_over(self, source: int) -> _Change | None:
        units = self._held(source)
        broken, cost = self._effects(units, source)
        self.work.done += broken.size + _STEP
        at = _best(broken, cost)
        unit, target = divmod(at, self.model.members)
        change = _Change(int(broken.flat[at]), int(cost.flat[at]), (int(units[unit]),), (target,))
        return change if (change.broken, change.cost) < (0, 0) else None

    def _best_swap(self, source: int) -> _Change | None:
        partners = self._partners(source)
        if not partners:
            return None
        held = [self._held(each) for each in partners]
        mine, theirs = self._held(source), np.concatenate(held)
        partner = np.repeat(partners, [each.size for each in held])
        may = ~self._coupled[theirs]
        if not self._anywhere:
            may &= self.model.allowed[self.model.row[theirs], source]
        theirs, partner = theirs[may], partner[may]
        if theirs.size == 0:
            return None
        self.work.done += 4 * _STEP
        clean, best = self._clean(), None
        for rows, columns in self._blocks(source, mine, theirs, partner, clean=clean):
            some = mine[rows], theirs[columns], partner[columns]
            change = self._best_in(source, *some, clean=clean)
            if change is not None and (best is None or change[:2] < best[:2]):
                best = change
        return best

    def _blocks(
        self, source: int, mine: Ints, theirs: Ints, partner: Ints, *, clean: bool
    ) -> Iterator[tuple[Ints, Ints]]:
        """What may be swapped with what, if few moves are left: positions in `mine`, `theirs`."""
        rows, columns = np.arange(mine.size), np.arange(theirs.size)
        if not (clean and self._few_moves):
            yield rows, columns
            return
        self.work.done += mine.size * self.model.members + 6 * _STEP
        back = np.full(theirs.size, source)
        coming = self._pair_moves(theirs, back) - self._pair_moves(theirs, partner)
        going = self._moves(mine)
        going = (going - going[:, source][:, None])[:, np.unique(partner)].min(axis=1)
        for moves in np.unique(coming).tolist():
            some = rows[going <= self.model.moves_left - self.moves - moves]
            if some.size:
                yield some, columns[coming == moves]

    def _best_in(
        self, source: int, mine: Ints, theirs: Ints, partner: Ints, *, clean: bool
    ) -> _Change | None:

        def pair(at: int) -> tuple[Ints, Ints, Ints]:
            i, j = divmod(at, theirs.size)
            return mine[i : i + 1], theirs[j : j + 1], partner[j : j + 1]

        self.work.done += mine.size * theirs.size + _STEP
        cost = self._swap_costs(source, mine, theirs, partner)
        at = int(np.argmin(cost))
        if clean:
            # Nothing can be mended: what does not save is not looked at, and the best may do.
            if cost.flat[at] >= 0:
                return None
            if not self._swap_broken(source, *pair(at)).any():
                return _swap(source, pair(at), 0, int(cost.flat[at]))
        self.work.done += _PASSES * cost.size
        broken = self._swap_broken(source, mine, theirs, partner)
        broken[cost == _NEVER] = _BLOCKED
        at = _best(broken, cost)
        change = _swap(source, pair(at), int(broken.flat[at]), int(cost.flat[at]))
        return change if (change.broken, change.cost) < (0, 0) else None

    def _clean(self) -> bool:
        """Nothing is broken now."""
        moves = self.moves > self.model.moves_left
        return not (self._hard or moves or bool(self._over().any()))

    def _swap_costs(self, source: int, mine: Ints, theirs: Ints, partner: Ints) -> Ints:
        """What it saves or costs when a unit of the source changes places with another's.
        [mine, theirs], `partner` holds `theirs`; what is not allowed costs `_NEVER`."""
        model = self.model
        weight, other = model.weight[mine], model.weight[theirs]
        # (a + b) gain^2 + 2 gain (a load_s - b load_t), multiplied out by who has a say in it.
        both = model.curvature[source] + model.curvature[partner]
        slope = model.curvature[source] * self.loads[source]
        slope = 2 * (slope - model.curvature[partner] * self.loads[partner])
        back = np.full(theirs.size, source)
        by_theirs = (both * other + slope) * other
        by_theirs += self._pair(theirs, back) - self._pair(theirs, partner)
        by_mine = self._linear(mine)
        by_mine = by_mine - by_mine[:, source][:, None]
        by_mine += (model.curvature[source] + model.curvature) * (weight * weight)[:, None]
        cost: Ints = np.multiply.outer(weight, -2 * both * other - slope)
        cost += by_theirs
        cost += by_mine[:, partner]
        for at in np.flatnonzero(self._coupled[mine]).tolist():
            cost[at] += self._coupling(int(mine[at]), source)[1][partner]
        if not self._anywhere:
            cost[~model.allowed[model.row[mine]][:, partner]] = _NEVER
        return cost

    def _swap_broken(self, source: int, mine: Ints, theirs: Ints, partner: Ints) -> Ints:
        """By how much more hard constraints are broken then. [mine, theirs]"""
        model = self.model
        broken = np.zeros((mine.size, theirs.size), dtype=np.int64)
        for amount, now, most in self._limits:
            gain = amount[theirs][None, :] - amount[mine][:, None]
            if gain.any():
                broken += _over(now[source] + gain, now[source], most[source])
                broken += _over(now[partner] - gain, now[partner], most[partner])
        if self._few_moves:
            moves = self._moves(mine)
            moves = (moves - moves[:, source][:, None])[:, partner]
            back = np.full(theirs.size, source)
            moves += self._pair_moves(theirs, back) - self._pair_moves(theirs, partner)
            broken += _over(self.moves + moves, self.moves, model.moves_left)
        if self._hard:
            for at in np.flatnonzero(self._coupled[mine]).tolist():
                broken[at] += self._coupling(int(mine[at]), source)[0][partner]
        return broken

    def _partners(self, source: int) -> list[int]:
        """With whom to try swaps: those under least pressure, and some that change with time."""
        price = self._pressure()
        price[source] = _BLOCKED * 4
        order = np.argsort(price, kind="stable")
        count = self.model.members - 1
        chosen = order[: min(_PARTNERS, count)].tolist()
        if count > _PARTNERS:
            first = self.work.done % (count - _PARTNERS)
            more = order[_PARTNERS:count]
            chosen += np.roll(more, -first)[: _PARTNERS // 2].tolist()
        return [int(each) for each in chosen]

    # -- effects -------------------------------------------------------------------------------

    def _effects(self, units: Ints, source: int) -> tuple[Ints, Ints]:
        """What moving each unit from `source` (-1: from nowhere) to each member does."""
        model = self.model
        weight = model.weight[units][:, None]
        cost = self._linear(units) + model.curvature * weight * (2 * self.loads + weight)
        broken = np.zeros(cost.shape, dtype=np.int64)
        moves = self._moves(units) if self._few_moves else None
        for amount, now, most in self._limits:
            more = amount[units][:, None]
            broken += _over(now + more, now, most)
            if source >= 0:
                broken += _over(now[source] - more, now[source], most[source])
        if source >= 0:
            load = int(self.loads[source])
            cost -= cost[:, source][:, None]  # linear part; the rest is set right below
            gain = model.curvature[source] * (weight * (2 * load + weight))
            cost += gain - model.curvature[source] * weight * (2 * load - weight)
            if moves is not None:
                moves = moves - moves[:, source][:, None]
        if moves is not None:
            broken += _over(self.moves + moves, self.moves, model.moves_left)
        for at in np.flatnonzero(self._coupled[units]).tolist():
            extra_broken, extra_cost = self._coupling(int(units[at]), source)
            broken[at] += extra_broken
            cost[at] += extra_cost
        broken[~model.allowed[model.row[units]]] = _BLOCKED
        if source >= 0:
            broken[:, source] = 0
            cost[:, source] = 0
        return broken, cost

    def _coupling(self, unit: int, source: int) -> tuple[Ints, Ints]:
        broken = np.zeros(self.model.members, dtype=np.int64)
        cost = broken.copy()
        for number, items in self._in[unit].items():
            excess = self._meetings[number].leaving_and_coming(items, source)
            price = self.model.groups[number].cost
            self.work.done += self.model.members + _STEP
            if price is None:
                broken += excess
            else:
                cost += price * excess
        return broken, cost

    def _held(self, member: int) -> Ints:
        """The units of a member."""
        held = self._bucket[member]
        if held is None:
            self._bucket[member] = held = np.flatnonzero(self.to == member)
        return held

    def _linear(self, units: Ints) -> Ints:
        if self._table is not None:
            return self._table[units]
        self.work.done += units.size * self.model.members
        return self.model.linear(units)

    def _moves(self, units: Ints) -> Ints:
        return self._move_table[units] if self._move_table is not None else self.model.moves(units)

    def _pair(self, units: Ints, members: Ints) -> Ints:
        if self._table is not None:
            return self._table[units, members]
        return self.model.linear_at(units, members)

    def _pair_moves(self, units: Ints, members: Ints) -> Ints:
        if self._move_table is not None:
            return self._move_table[units, members]
        return self.model.moves_at(units, members)

    def _apply(self, unit: int, target: int) -> None:
        model, source = self.model, int(self.to[unit])
        self.work.done += _STEP
        one, member = np.array([unit]), np.array([target])
        if source >= 0:
            self._bucket[source] = None
            self.loads[source] -= model.weight[unit]
            self.moves -= int(self._pair_moves(one, np.array([source]))[0])
        self._bucket[target] = None
        self.loads[target] += model.weight[unit]
        for amount, now, _ in self._limits:
            now[target] += amount[unit]
            if source >= 0:
                now[source] -= amount[unit]
        self.moves += int(self._pair_moves(one, member)[0])
        for number, items in self._in.get(unit, {}).items():
            for item in items:
                self._meetings[number].move(item, source, target)
        self.to[unit] = target


def _swap(source: int, pair: tuple[Ints, Ints, Ints], broken: int, cost: int) -> _Change:
    mine, theirs, partner = (int(each[0]) for each in pair)
    return _Change(broken, cost, (mine, theirs), (partner, source))


def _over(after: Ints, before: Ints | int, most: Ints | int) -> Ints:
    """By how much more a limit is passed."""
    more: Ints = np.maximum(after - most, 0) - np.maximum(before - most, 0)
    return more


def _best(broken: Ints, cost: Ints) -> int:
    """The first of the least broken and, among them, cheapest entries."""
    return int(np.argmin(np.where(broken == broken.min(), cost, _NEVER)))


def stay_and_place(model: Model, work: Work) -> Ints:
    """Every unit with the owner of most of it, if it may stay; the rest where it adds least."""
    to = np.full(model.units, -1, dtype=np.int64)
    order = np.lexsort((model.home_member, -model.home_cost, model.home_unit))
    unit, member = model.home_unit[order], model.home_member[order]
    may = model.allowed[model.row[unit], member]
    unit, member = unit[may], member[may]
    first = np.flatnonzero(np.diff(unit, prepend=-1))
    to[unit[first]] = member[first]
    search = Search(model, to, work)
    search.place_rest()
    return search.to


__all__ = ["Search", "Work", "stay_and_place"]
