"""Among the balanced plans, one that leaves the most partitions where they are.

A move is a partition that its settled owner loses. The rule kept here: a balanced plan has the
fewest moves exactly if no cycle of hand-overs saves one, where a cycle may also swap which of two
members carries the odd partition. Cycles are looked for with Bellman and Ford's algorithm on the
residual network of classes and members, and cancelled until none is left or the budget is spent;
the budget counts steps, not time, so that the same input always gives the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.classes import Counts, Problem

DEFAULT_BUDGET = 60_000_000
"""Arc relaxations: below a second or two, so that a leader answers within its session timeout."""

_FAR = 2**40


def lost(problem: Problem, x: Counts) -> int:
    """How many partitions leave their settled owner when edge e carries `x[e]`."""
    return int(np.maximum(problem.keep - x, 0).sum())


def spare_moves(problem: Problem, x: Counts, *, budget: int = DEFAULT_BUDGET) -> bool:
    """Change a balanced `x` in place into one with fewer moves, loads as balanced as before.

    True if none has fewer; False if the budget was spent first.
    """
    while lost(problem, x):
        residual = _Residual.of(problem, x)
        cycles, steps = residual.negative_cycles(budget)
        budget -= steps
        if not cycles:
            return budget > 0
        for arcs in cycles:
            residual.cancel(arcs, problem, x)
    return True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Residual:
    """What may change next. Nodes: classes, members, then one node per load level.

    The first E arcs give one more partition of a class to a member, the next E take one away; then
    M arcs end a chain at a member (one more load), M begin one at a member (one less). A chain ends
    and begins through the node of a level: from load l + 1 to load l, which leaves the balance as
    it is. `cost` is the change in moves, `_FAR` for what cannot be done.
    """

    nodes: int
    edges: int
    tail: Counts
    head: Counts
    cost: Counts

    @classmethod
    def of(cls, problem: Problem, x: Counts) -> _Residual:
        """The residual network of `x`."""
        loads = problem.loads(x)
        served = np.zeros(problem.members, dtype=bool)
        served[problem.edge_member] = True
        levels = np.unique(loads[served])
        first_member, first_level = problem.classes, problem.classes + problem.members
        members = np.arange(problem.members) + first_member
        ends = first_level + np.searchsorted(levels, loads)
        begins = first_level + np.searchsorted(levels, loads - 1)
        may_end = served & np.isin(loads + 1, levels)
        may_begin = served & np.isin(loads - 1, levels)
        last = first_level + levels.size - 1
        gives = np.where(x < problem.keep, -1, 0)
        takes = np.where(x > 0, np.where(x <= problem.keep, 1, 0), _FAR)
        edge_member = problem.edge_member + first_member
        return cls(
            nodes=first_level + int(levels.size),
            edges=problem.edge_class.size,
            tail=np.concatenate(
                [problem.edge_class, edge_member, members, np.minimum(begins, last)]
            ),
            head=np.concatenate([edge_member, problem.edge_class, np.minimum(ends, last), members]),
            cost=np.concatenate(
                [gives, takes, np.where(may_end, 0, _FAR), np.where(may_begin, 0, _FAR)]
            ),
        )

    def negative_cycles(self, budget: int) -> tuple[list[list[int]], int]:
        """Disjoint cycles that save moves, each as its arcs; and the steps that it took."""
        usable = np.flatnonzero(self.cost < _FAR)
        tail, head, cost = self.tail[usable], self.head[usable], self.cost[usable]
        distance = np.zeros(self.nodes, dtype=np.int64)
        parent = np.full(self.nodes, -1, dtype=np.int64)
        steps, rounds = 0, 0
        while steps < budget:
            candidate = distance[tail] + cost
            better = np.flatnonzero(candidate < distance[head])
            steps += int(usable.size)
            if better.size == 0:
                return [], steps
            order = better[np.lexsort((better, candidate[better], head[better]))]
            nodes, first = np.unique(head[order], return_index=True)
            chosen = order[first]
            distance[nodes] = candidate[chosen]
            parent[nodes] = usable[chosen]
            rounds += 1
            if rounds & (rounds - 1) == 0 or rounds % 8 == 0:
                cycles = self._cycles(parent)
                if cycles:
                    return cycles, steps
        return [], steps

    def _cycles(self, parent: Counts) -> list[list[int]]:
        """The cycles among the parents; each node has one parent, so they are disjoint."""
        towards = np.where(parent >= 0, self.tail[parent], np.arange(self.nodes))
        ancestor = towards
        for _ in range(int(self.nodes).bit_length()):
            ancestor = ancestor[ancestor]
        cycles: list[list[int]] = []
        seen: set[int] = set()
        for start in np.unique(ancestor[towards[ancestor] != ancestor]).tolist():
            if start in seen:
                continue
            arcs: list[int] = []
            node = start
            while node not in seen:
                seen.add(node)
                arcs.append(int(parent[node]))
                node = int(towards[node])
            cycles.append(arcs)
        return cycles

    def cancel(self, arcs: list[int], problem: Problem, x: Counts) -> None:
        """Hand over along the cycle, as many partitions as stay worth it."""
        at: NDArray[np.int64] = np.array(arcs, dtype=np.int64)
        gives = at[at < self.edges]
        takes = at[(at >= self.edges) & (at < 2 * self.edges)] - self.edges
        short = (problem.keep - x)[gives]
        surplus = np.where(x <= problem.keep, x, x - problem.keep)[takes]
        units = int(min([*short[short > 0].tolist(), *surplus.tolist()]))
        if bool((at >= 2 * self.edges).any()):
            units = 1  # loads change, and with them what the next partition may do
        x[gives] += units
        x[takes] -= units
