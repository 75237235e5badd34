"""How many partitions of each class each member gets, so that no plan is better balanced.

Balanced means the least sum of squared loads. The rule kept here: the result is optimal, not
merely good. A plan can be improved exactly if some member reaches, by a chain of hand-overs along
shared classes, a member with at least two partitions less; the search ends when no chain is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assignors.classes import Counts, Problem

_SWEEPS = 8


def balanced(problem: Problem) -> Counts:
    """Partitions per edge with the least sum of squared loads, starting from what is owned."""
    if problem.classes == 1:
        return _one_class(problem)
    x = _swept(problem)
    _improve_until_optimal(problem, x)
    return x


def _one_class(problem: Problem) -> Counts:
    """Floor or ceiling for everybody, the ceiling for those who own most: also fewest moves."""
    share, extra = divmod(int(problem.sizes[0]), problem.edge_member.size)
    x = np.full(problem.edge_member.size, share, dtype=np.int64)
    x[np.argsort(-problem.keep, kind="stable")[:extra]] += 1
    return x


def _swept(problem: Problem) -> Counts:
    """Level each class on its own, the most constrained first, a few times over.

    Only with what has no owner, so that nothing is taken from an owner without need; the search
    takes the rest. With everything where most of it has to move anyway, as after a group grew
    tenfold: the search would go through those partitions a few at a time.
    """
    x = problem.keep.copy()
    loads = problem.loads(x)
    unowned = problem.sizes - np.bincount(
        problem.edge_class, weights=problem.keep, minlength=problem.classes
    ).astype(np.int64)
    _sweep(problem, x, loads, problem.keep, unowned)
    mean = -(-int(problem.sizes.sum()) // int(np.unique(problem.edge_member).size))
    surplus = int(np.maximum(loads - mean, 0).sum())
    if 2 * surplus > int(problem.keep.sum()):
        _sweep(problem, x, loads, np.zeros_like(problem.keep), problem.sizes)
    return x


def _sweep(problem: Problem, x: Counts, loads: Counts, fixed: Counts, units: Counts) -> None:
    """Level `units[c]` of each class c on top of what is `fixed`, until nothing changes."""
    by_constraint = np.argsort(np.diff(problem.edge_start), kind="stable").tolist()
    for _ in range(_SWEEPS):
        changed = False
        for number in by_constraint:
            if units[number] == 0:
                continue
            edges = slice(int(problem.edge_start[number]), int(problem.edge_start[number + 1]))
            who = problem.edge_member[edges]
            movable = x[edges] - fixed[edges]
            base = loads[who] - movable
            levelled = _levelled(base, int(units[number]), movable)
            if not np.array_equal(levelled, movable):
                x[edges] = fixed[edges] + levelled
                loads[who] = base + levelled
                changed = True
        if not changed:
            return


def _levelled(base: Counts, units: int, now: Counts) -> Counts:
    """Pour `units` onto members that stand at `base`, lowest first; odd ones stay where they are.

    Members at the final level that hold more now get the odd units, to spare moves.
    """
    order = np.argsort(base, kind="stable")
    rising = base[order]
    room = rising * np.arange(1, rising.size + 1) - np.cumsum(rising)  # to level the first i with i
    reached = int(np.searchsorted(room, units, side="right"))
    level, odd = divmod(units + int(rising[:reached].sum()), reached)
    x = np.maximum(level - base, 0)
    if odd:
        eligible = order[:reached]
        ranked = eligible[np.lexsort((eligible, -(now - x)[eligible]))]
        x[ranked[:odd]] += 1
    return x


def _improve_until_optimal(problem: Problem, x: Counts) -> None:
    """Chains from the most loaded members down, until no member reaches one with two less.

    Members from whom no lower one can be reached are done, and so is all they reach: nothing that
    happens elsewhere can lead out of there.
    """
    loads = problem.loads(x)
    open_ = np.zeros(problem.members, dtype=bool)
    open_[problem.edge_member] = True
    while bool(open_.any()):
        top = int(loads[open_].max())
        if top - int(loads[open_].min()) <= 1:
            return
        sources = open_ & (loads == top)
        search = _Search(problem, x, loads, open_, sources)
        if not search.apply_chains(top):
            open_ &= ~search.reached


class _Search:
    """One breadth-first search from the most loaded members to much less loaded ones."""

    def __init__(
        self,
        problem: Problem,
        x: Counts,
        loads: Counts,
        open_: NDArray[np.bool_],
        sources: NDArray[np.bool_],
    ) -> None:
        self._problem = problem
        self._x = x
        self._loads = loads
        self.reached = sources.copy()
        self._into_class = np.full(problem.classes, -1, dtype=np.int64)
        self._into_member = np.full(problem.members, -1, dtype=np.int64)
        self._targets = self._search(open_, int(loads[sources][0]) - 2)

    def _search(self, open_: NDArray[np.bool_], low: int) -> Counts:
        problem = self._problem
        usable = (self._x > 0) & open_[problem.edge_member]
        frontier = self.reached
        while True:
            gives = np.flatnonzero(usable & frontier[problem.edge_member])
            gives = gives[self._into_class[problem.edge_class[gives]] < 0]
            classes, at = np.unique(problem.edge_class[gives], return_index=True)
            if classes.size == 0:
                return np.empty(0, dtype=np.int64)
            self._into_class[classes] = gives[at]
            fresh = np.zeros(problem.classes, dtype=bool)
            fresh[classes] = True
            takes = np.flatnonzero(fresh[problem.edge_class])
            takes = takes[
                open_[problem.edge_member[takes]] & ~self.reached[problem.edge_member[takes]]
            ]
            found, at = np.unique(problem.edge_member[takes], return_index=True)
            self._into_member[found] = takes[at]
            self.reached[found] = True
            targets = found[self._loads[found] <= low]
            if targets.size:
                order = np.lexsort((targets, self._loads[targets]))
                return np.asarray(targets[order], dtype=np.int64)
            frontier = np.zeros(problem.members, dtype=bool)
            frontier[found] = True

    def apply_chains(self, top: int) -> bool:
        """Move partitions along every chain that is still worth it; False if none was found.

        A source gives no more than brings it level with the next: more might have to come back.
        """
        below = self._loads[self._loads < top]
        step = max(1, top - int(below.max()))
        for target in self._targets.tolist():
            gives, takes, source = self._chain(target)
            gap = int(self._loads[source] - self._loads[target])
            units = min(gap // 2, int(self._x[gives].min()), step)
            if int(self._loads[source]) < top or units < 1:
                continue  # an earlier chain used this one up
            self._x[gives] -= units
            self._x[takes] += units
            self._loads[source] -= units
            self._loads[target] += units
        return bool(self._targets.size)

    def _chain(self, target: int) -> tuple[list[int], list[int], int]:
        """The edges that give and those that take, and the member where the chain begins."""
        gives: list[int] = []
        takes: list[int] = []
        member = target
        while self._into_member[member] >= 0:
            takes.append(int(self._into_member[member]))
            gives.append(int(self._into_class[self._problem.edge_class[takes[-1]]]))
            member = int(self._problem.edge_member[gives[-1]])
        return gives, takes, member
