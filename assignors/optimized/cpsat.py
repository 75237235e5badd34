"""The same model for OR-tools' CP-SAT: all of it, or a part of it with the rest left as it is.

The rule kept here: one worker, a fixed seed and deterministic time, so that the answer depends on
the input alone; and what deterministic time leaves out, which is presolve, is counted by what is
handed over. A member's squared load is held from below by the lines through neighbouring loads that
its units can add up to, which is exact on these and strong in between.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignors.optimized.model import Group, Ints, Mask, Model
from assignors.optimized.search import Work

_LINES = 96
_WORK_PER_SECOND = 250_000_000
"""What one of CP-SAT's deterministic seconds counts as work."""
_WORK_PER_BOOLEAN = 1_000
"""To hand over a model, and to presolve it."""
_WORK_PER_LINE = 5_000
"""The same for a line under a square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`to`: the whole plan, None if none was found. `bound`: no plan costs less, if the whole model
    was solved. `optimal`, `infeasible`: proven, of the part that was solved. `seconds`:
    deterministic ones. `booleans`, `lines`: in the model.
    """

    to: Ints | None
    bound: int | None
    optimal: bool
    infeasible: bool
    seconds: float
    booleans: int
    lines: int


def available() -> bool:
    """Whether OR-tools can be imported."""
    try:
        from ortools.sat.python import cp_model  # noqa: F401
    except ImportError:
        return False
    return True


def seconds(work: Work, booleans: int = 0, members: int = 0) -> float:
    """The deterministic seconds that what is left of the work allows for such a model."""
    left = work.limit - work.done - _handed_over(booleans, members * _LINES)
    return max(left, 0) / _WORK_PER_SECOND


def work_of(answer: Answer) -> int:
    """What an answer has cost."""
    return int(answer.seconds * _WORK_PER_SECOND) + _handed_over(answer.booleans, answer.lines)


def _handed_over(booleans: int, lines: int) -> int:
    return booleans * _WORK_PER_BOOLEAN + lines * _WORK_PER_LINE


def solve(
    model: Model,
    to: Ints | None,
    *,
    limit: float,
    units: Ints | None = None,
    members: Ints | None = None,
    may: Mask | None = None,
    load_range: tuple[Ints, Ints] | None = None,
) -> Answer:
    """The best plan found within `limit` of deterministic time, from the hint `to`.

    `units` and `members`: what may change; the other units stay where `to` has them. `may`: choices
    [units, members] left after others were ruled out. `load_range`: the same for loads.
    """
    build = _Build(model, to, units, members, may, load_range)
    return build.answer(limit)


class _Build:
    def __init__(
        self,
        model: Model,
        to: Ints | None,
        units: Ints | None,
        members: Ints | None,
        may: Mask | None,
        load_range: tuple[Ints, Ints] | None,
    ) -> None:
        from ortools.sat.python import cp_model

        self._m = model
        self._hint = to
        self._cp = cp_model
        self._model: Any = cp_model.CpModel()
        everything = units is None
        self._units = np.arange(model.units) if units is None else units
        self._members = np.arange(model.members) if members is None else members
        choices = model.allowed[model.row[self._units]][:, self._members]
        if may is not None:
            choices = choices & may
        self._at, self._who = np.nonzero(choices)
        self._x: list[Any] = [
            self._model.new_bool_var(f"x{at}_{who}")
            for at, who in zip(self._at.tolist(), self._who.tolist(), strict=True)
        ]
        self._costs: list[tuple[Any, int]] = []
        self._lines = 0
        self._rest = np.zeros(0, dtype=np.int64)
        if not everything:
            fixed = np.ones(model.units, dtype=bool)
            fixed[self._units] = False
            self._rest = np.flatnonzero(fixed)
        self._constant = 0
        self._one_member_each()
        self._amounts(load_range)
        self._linear()
        self._moves()
        self._place: dict[int, dict[int, Any]] | None = None
        for group in model.groups:
            self._group(group)

    def _one_member_each(self) -> None:
        starts = np.searchsorted(self._at, np.arange(self._units.size + 1)).tolist()
        for first, last in itertools.pairwise(starts):
            if first == last:
                self._model.add_bool_or([])  # nobody may take it
            else:
                self._model.add_exactly_one(self._x[first:last])

    def _amounts(self, load_range: tuple[Ints, Ints] | None) -> None:
        """Loads, their squares, and the limits on loads and counts."""
        m = self._m
        fixed_load = self._fixed(m.weight)
        limits = [
            (amount[self._units], most, self._fixed(amount))
            for amount, most in ((m.count, m.most_count), (m.mass, m.most_mass))
        ]
        weight = m.weight[self._units]
        for place, member in enumerate(self._members.tolist()):
            entries = np.flatnonzero(self._who == place)
            xs = [self._x[e] for e in entries.tolist()]
            weights = weight[self._at[entries]]
            low = int(fixed_load[member])
            high = min(low + int(weights.sum()), int(m.most_weight[member]))
            if load_range is not None:
                low = max(low, int(load_range[0][member]))
                high = min(high, int(load_range[1][member]))
            for amount, most, fixed in limits:
                room, amounts = int(most[member]) - int(fixed[member]), amount[self._at[entries]]
                if room < int(amounts.sum()):
                    self._model.add(self._sum(xs, amounts.tolist()) <= room)
            if low > high:
                self._model.add_bool_or([])
                continue
            self._load(member, low, high, xs, weights, int(fixed_load[member]))

    def _fixed(self, amount: Ints) -> Ints:
        """What each member has of it from the units that stay where they are."""
        fixed = np.zeros(self._m.members, dtype=np.int64)
        if self._rest.size and self._hint is not None:
            np.add.at(fixed, self._hint[self._rest], amount[self._rest])
        return fixed

    def _load(
        self, member: int, low: int, high: int, xs: list[Any], weights: Ints, fixed: int
    ) -> None:
        load = self._model.new_int_var(low, high, f"load{member}")
        self._model.add(load == self._sum(xs, weights.tolist()) + fixed)
        curvature = int(self._m.curvature[member])
        if not curvature:
            return
        square = self._model.new_int_var(low * low, high * high, f"square{member}")
        loads = _reachable(weights, fixed, low, high)
        if loads is None:
            # Exact by multiplication; some lines, so that the relaxation knows it is convex.
            self._model.add_multiplication_equality(square, [load, load])
            at = sorted({low + (high - low) * step // _LINES for step in range(_LINES)})
            sides = [(each, each + 1) for each in at]
        else:
            sides = list(itertools.pairwise(loads)) or [(each, each) for each in loads]
        for one, other in sides:
            self._model.add(square >= (one + other) * load - one * other)
        self._lines += len(sides)
        self._costs.append((square, curvature))

    def _linear(self) -> None:
        m = self._m
        cost = m.linear(self._units)[:, self._members][self._at, self._who]
        self._costs += [(self._x[at], int(cost[at])) for at in np.flatnonzero(cost).tolist()]

    def _moves(self) -> None:
        m = self._m
        if m.moves_left >= int(m.home_count.sum()):
            return
        moves = m.moves(self._units)[:, self._members][self._at, self._who]
        left = m.moves_left
        if self._rest.size and self._hint is not None:
            gone = ~m.kept(self._hint)
            rest = np.zeros(m.units, dtype=bool)
            rest[self._rest] = True
            left -= int(m.home_count[gone & rest[m.home_unit]].sum())
        some = np.flatnonzero(moves).tolist()
        self._model.add(self._sum([self._x[e] for e in some], moves[some].tolist()) <= left)

    def _group(self, group: Group) -> None:
        """A variable per thing and scope, and what meets where."""
        presence: dict[int, list[Any]] = {}
        for item in group.items:
            for scope, there in self._presence(group, item).items():
                presence.setdefault(scope, []).append(there)
        if group.kind == "together":
            used = [self._any(each) for each in presence.values()]
            self._cost_above_one(used, group.cost)
            return
        for each in presence.values():
            if len(each) > 1:
                self._cost_above_one(each, group.cost)

    def _cost_above_one(self, there: list[Any], cost: int | None) -> None:
        if cost is None:
            self._model.add(sum(there) <= 1)
            return
        fixed = sum(each for each in there if isinstance(each, int))
        excess = self._model.new_int_var(0, max(len(there) - 1, 0), "")
        if fixed < len(there):
            self._model.add(excess >= sum(there) - 1)
        else:
            self._model.add(excess == max(fixed - 1, 0))
        self._costs.append((excess, cost))

    def _presence(self, group: Group, item: Ints) -> dict[int, Any]:
        """Scope -> whether the item is there: 1, or a variable."""
        places = self._places()
        there: dict[int, list[Any]] = {}
        for unit in item.tolist():
            free = places.get(unit)
            if free is None:
                assert self._hint is not None
                scope = int(group.scope_of[self._hint[unit]])
                there.setdefault(scope, []).append(1)
                continue
            for member, x in free.items():
                there.setdefault(int(group.scope_of[member]), []).append(x)
        there.pop(-1, None)
        return {scope: self._any(each) for scope, each in there.items()}

    def _any(self, there: list[Any]) -> Any:
        if any(isinstance(each, int) for each in there):
            return 1
        if len(there) == 1:
            return there[0]
        some = self._model.new_bool_var("")
        for each in there:
            self._model.add_implication(each, some)
        return some

    def _places(self) -> Mapping[int, Mapping[int, Any]]:
        if self._place is None:
            self._place = {unit: {} for unit in self._units.tolist()}
            for at, who, x in zip(self._at.tolist(), self._who.tolist(), self._x, strict=True):
                self._place[int(self._units[at])][int(self._members[who])] = x
        return self._place

    def _sum(self, xs: list[Any], weights: list[int]) -> Any:
        return self._cp.LinearExpr.weighted_sum(xs, weights) if xs else 0

    def answer(self, limit: float) -> Answer:
        variables = [each for each, _ in self._costs]
        weights = [cost for _, cost in self._costs]
        if variables:
            self._model.minimize(self._sum(variables, weights))
        if self._hint is not None:
            goes = self._hint[self._units]
            inside = self._members[self._who] == goes[self._at]
            for x, value in zip(self._x, inside.tolist(), strict=True):
                self._model.add_hint(x, value)
        solver: Any = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        # It would take SIGINT for itself and leave it to the system: no KeyboardInterrupt any more.
        solver.parameters.catch_sigint_signal = False
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = limit
        status = solver.solve(self._model)
        proto = solver.response_proto
        found = status in (self._cp.OPTIMAL, self._cp.FEASIBLE)
        bound = None
        if status != self._cp.INFEASIBLE:
            # The same as a double would round, and claim more than is proven.
            bound = int(proto.inner_objective_lower_bound) if variables else 0
        return Answer(
            to=self._plan(solver) if found else None,
            bound=bound,
            optimal=status == self._cp.OPTIMAL,
            infeasible=status == self._cp.INFEASIBLE,
            seconds=float(proto.deterministic_time),
            booleans=len(self._x),
            lines=self._lines,
        )

    def _plan(self, solver: Any) -> Ints:
        chosen = np.array([solver.boolean_value(x) for x in self._x], dtype=bool)
        to = np.zeros(self._m.units, dtype=np.int64) if self._hint is None else self._hint.copy()
        to[self._units[self._at[chosen]]] = self._members[self._who[chosen]]
        return to


def _reachable(weights: Ints, fixed: int, low: int, high: int) -> list[int] | None:
    """The loads from `low` to `high` that some of these units add up to; None for too many.

    Few loads far apart are what multiplication is slow at: presolve then walks through the squares.
    """
    found = {fixed}
    for weight in weights.tolist():
        found |= {each + weight for each in found if each + weight <= high}
        if len(found) > _LINES:
            return list(range(low, high + 1)) if high - low <= _LINES else None
    return sorted(each for each in found if each >= low)


def size(model: Model) -> int:
    """How many booleans the whole model has."""
    return int(model.allowed.sum(axis=1)[model.row].sum()) if model.units else 0


__all__ = ["Answer", "available", "seconds", "size", "solve", "work_of"]
