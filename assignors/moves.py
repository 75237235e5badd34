"""Among the balanced plans, one that leaves the most partitions where they are.

A move is a partition that its settled owner loses. The rule kept here: what must flow, flows from
what is owned: first without touching anything that has an owner; only if that cannot balance the
group, as a cheapest flow in which every partition that is taken away costs one.
"""

from __future__ import annotations

import numpy as np

from assignors.balance import Levels, Transport
from assignors.classes import Counts, Problem
from assignors.network import Kernel


def without_moves(
    problem: Problem, levels: Levels, x: Counts, kernel: Kernel
) -> tuple[Counts, bool]:
    """As much as can be placed at these levels if no owner loses anything; whether that is all."""
    work = Transport.of(problem, levels, x, may_take=False)
    flow = kernel.max_flow(work.network)
    return work.applied(x, flow.carried), not flow.reached.any()


def fewest_moves(
    problem: Problem, levels: Levels, x: Counts, kernel: Kernel
) -> tuple[Counts, bool]:
    """A plan with these levels, and whether it is certain that none has fewer moves.

    `x`: what to start from; what is owned, and perhaps something placed on top.
    """
    x = np.where(levels.open(problem), x, 0)
    if problem.lost(levels.x) == problem.lost(x):
        return levels.x, True  # only what cannot stay in any balanced plan moves
    if levels.level.size > 1:
        x, enough = without_moves(problem, levels, x, kernel)
        if enough:
            return x, True
    work = Transport.of(problem, levels, x)
    carried, proven = kernel.cheapest(work.network)
    return work.applied(x, carried), proven
