"""A plan without a solver: place everything, then hand over and swap while that helps.

The rule kept here: work is counted in array elements looked at and ends at a limit, and every step
either breaks hard constraints by less, or by as much at less cost; so the search ends, the plan it
started from is never made worse, and the same input gives the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assignors.optimized.model import Group, Ints, Model

_PARTNERS = 12
_BLOCKED = 2**40
_FULL_TABLE = 4_000_000
_STEP = 4_000
"""Work that a step costs besides the elements it looks at."""


@dataclass(slots=True)
class Work:
    """Elements looked at so far, and how many may be."""

    limit: int
    _done: int = 0

    parent: Work | None = None

    def spent(self) -> bool:
        """No more."""
        return self._done >= self.limit

    @property
    def done(self) -> int:
        """Elements looked at so far."""
        return self._done

    @done.setter
    def done(self, value: int) -> None:
        if self.parent is not None:
            self.parent.done += value - self._done
        self._done = value

    def part(self, share: int) -> Work:
        """A limit of one in `share` of what is left; what is done there counts here too."""
        return Work(limit=max(self.limit - self._done, 0) // share, parent=self)


class _Change(NamedTuple):
    """Moves of units to members, and what they do to what is broken and to the cost."""

    broken: int
    cost: int
    units: tuple[int, ...]
    members: tuple[int, ...]


class _Meeting:
    """A group's state: which things are where."""

    def __init__(self, group: Group, to: Ints) -> None:
        self._group = group
        self._there = np.zeros((len(group.items), group.scopes), dtype=np.int32)
        for item, units in enumerate(group.items):
            scopes = group.scope_of[to[units]]
            np.add.at(self._there[item], scopes[(scopes >= 0) & (to[units] >= 0)], 1)
        self._used = np.count_nonzero(self._there, axis=0)

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


class Search:
    """A plan under improvement; -1 in `to` is a unit that has no member yet."""

    def __init__(self, model: Model, to: Ints, work: Work) -> None:
        self.model = model
        self.to = to.copy()
        self.work = work
        placed = self.to >= 0
        self.loads = np.bincount(
            self.to[placed], weights=model.weight[placed], minlength=model.members
        ).astype(np.int64)
        self.counts = np.bincount(
            self.to[placed], weights=model.count[placed], minlength=model.members
        ).astype(np.int64)
        homes = model.kept(self.to)
        gone = placed[model.home_unit] & ~homes
        self.moves = int(model.home_count[gone].sum())
        self._meetings = [_Meeting(group, self.to) for group in model.groups]
        # Unit -> group -> which of its things the unit belongs to: one, or several if merged.
        self._in: dict[int, dict[int, list[int]]] = {}
        for number, group in enumerate(model.groups):
            for item, units in enumerate(group.items):
                for unit in units.tolist():
                    self._in.setdefault(unit, {}).setdefault(number, []).append(item)
        self._coupled = np.zeros(model.units, dtype=bool)
        self._coupled[sorted(self._in)] = True
        self._limited = bool((model.most_count < model.count.sum()).any()) or bool(
            (model.most_weight < model.total_weight).any()
        )
        self._few_moves = model.moves_left < int(model.home_count.sum())
        self._bucket: list[list[int]] = [[] for _ in range(model.members)]
        for unit in np.flatnonzero(placed).tolist():
            self._bucket[int(self.to[unit])].append(unit)
        full = model.units * model.members <= _FULL_TABLE
        self._table = model.linear(np.arange(model.units)) if full else None
        self._move_table = model.moves(np.arange(model.units)) if full else None

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
        over = np.maximum(self.counts - self.model.most_count, 0)
        over += np.maximum(self.loads - self.model.most_weight, 0)
        price = self.model.curvature * self.loads
        return np.where(over > 0, price + _BLOCKED, price)

    def _improve(self, member: int, *, swaps: bool) -> bool:
        """As many changes as help, beginning at one member; False if none did."""
        helped = False
        while not self.work.spent() and self._bucket[member]:
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
        units = np.array(self._bucket[source], dtype=np.int64)
        broken, cost = self._effects(units, source)
        self.work.done += broken.size
        at = _best(broken, cost)
        unit, target = divmod(at, self.model.members)
        change = _Change(int(broken.flat[at]), int(cost.flat[at]), (int(units[unit]),), (target,))
        return change if (change.broken, change.cost) < (0, 0) else None

    def _best_swap(self, source: int) -> _Change | None:
        partners = self._partners(source)
        mine = np.array(self._bucket[source], dtype=np.int64)
        theirs = np.array([u for t in partners for u in self._bucket[t]], dtype=np.int64)
        theirs = theirs[~self._coupled[theirs]]
        if theirs.size == 0:
            return None
        self.work.done += mine.size * theirs.size
        broken, cost = self._swap_effects(source, mine, theirs)
        at = _best(broken, cost)
        first, second = divmod(at, theirs.size)
        one, other = int(mine[first]), int(theirs[second])
        change = _Change(
            int(broken.flat[at]),
            int(cost.flat[at]),
            (one, other),
            (int(self.to[other]), source),
        )
        return change if (change.broken, change.cost) < (0, 0) else None

    def _swap_effects(self, source: int, mine: Ints, theirs: Ints) -> tuple[Ints, Ints]:
        """What it does when a unit of the source changes places with one of somebody else's."""
        model, where = self.model, self.to[theirs]
        back = np.full(theirs.size, source)
        gain = model.weight[theirs][None, :] - model.weight[mine][:, None]
        load_s, load_t = int(self.loads[source]), self.loads[where][None, :]
        cost = model.curvature[source] * gain * (2 * load_s + gain)
        cost += model.curvature[where][None, :] * gain * (gain - 2 * load_t)
        by_member = self._linear(mine)
        cost += by_member[:, where] - by_member[:, source][:, None]
        cost += (self._pair(theirs, back) - self._pair(theirs, where))[None, :]
        broken = np.zeros(cost.shape, dtype=np.int64)
        if self._limited:
            broken += _over(load_s + gain, load_s, model.most_weight[source])
            broken += _over(load_t - gain, load_t, model.most_weight[where][None, :])
            more = model.count[theirs][None, :] - model.count[mine][:, None]
            count_s, count_t = int(self.counts[source]), self.counts[where][None, :]
            broken += _over(count_s + more, count_s, model.most_count[source])
            broken += _over(count_t - more, count_t, model.most_count[where][None, :])
        if self._few_moves:
            moves = self._moves(mine)
            moves = moves[:, where] - moves[:, source][:, None]
            moves += (self._pair_moves(theirs, back) - self._pair_moves(theirs, where))[None, :]
            broken += _over(self.moves + moves, self.moves, model.moves_left)
        for at in np.flatnonzero(self._coupled[mine]).tolist():
            extra_broken, extra_cost = self._coupling(int(mine[at]), source)
            broken[at] += extra_broken[where]
            cost[at] += extra_cost[where]
        may = model.allowed[model.row[mine]][:, where]
        broken[~(may & model.allowed[model.row[theirs], source][None, :])] = _BLOCKED
        return broken, cost

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
        if self._limited:
            broken += _over(self.loads + weight, self.loads, model.most_weight)
            count = model.count[units][:, None]
            broken += _over(self.counts + count, self.counts, model.most_count)
        if source >= 0:
            load = int(self.loads[source])
            cost -= cost[:, source][:, None]  # linear part; the rest is set right below
            gain = model.curvature[source] * (weight * (2 * load + weight))
            cost += gain - model.curvature[source] * weight * (2 * load - weight)
            if self._limited:
                taken = _over(load - weight, load, model.most_weight[source])
                held = int(self.counts[source])
                taken = taken + _over(held - count, held, model.most_count[source])
                broken += taken
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
            self._bucket[source].remove(unit)
            self.loads[source] -= model.weight[unit]
            self.counts[source] -= model.count[unit]
            self.moves -= int(self._pair_moves(one, np.array([source]))[0])
        self._bucket[target].append(unit)
        self.loads[target] += model.weight[unit]
        self.counts[target] += model.count[unit]
        self.moves += int(self._pair_moves(one, member)[0])
        for number, items in self._in.get(unit, {}).items():
            for item in items:
                self._meetings[number].move(item, source, target)
        self.to[unit] = target


def _over(after: Ints, before: Ints | int, most: Ints | int) -> Ints:
    """By how much more a limit is passed."""
    more: Ints = np.maximum(after - most, 0) - np.maximum(before - most, 0)
    return more


def _best(broken: Ints, cost: Ints) -> int:
    """The first of the least broken and, among them, cheapest entries."""
    least = broken.min()
    if least == broken.max():
        return int(np.argmin(cost))
    at = np.flatnonzero(broken == least)
    return int(at[np.argmin(cost.reshape(-1)[at])])


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
