"""Balance against movement, at a price: the soft objective of `sticky`.

The rule kept here: the plan has the least `balance * sum(load ** 2) + move * moves` of all valid
plans, and among the cheapest it moves least, which makes it idempotent. It is a cheapest flow:
a member's next partition costs `balance * (2 * load + 1)`, one taken from its owner costs `move`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from assignors.balance import Levels, Transport
from assignors.classes import Counts, Problem
from assignors.network import Kernel, Network

_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """What imbalance and movement cost: `balance` times the sum of squared loads, plus `move` for
    each partition that its settled owner loses.

    A partition moves if that lowers the sum of squares by more than `move / balance`: from a member
    with l partitions to one with s, by 2 * (l - s - 1). So `move=16` lets members differ by up to 9
    partitions before one moves directly, or by more where it takes several moves.
    Whole numbers up to 1,000,000; raises ValueError for others.
    """

    balance: int = 1
    move: int = 1

    def __post_init__(self) -> None:
        for name, value, least in (("balance", self.balance, 1), ("move", self.move, 0)):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not least <= value <= _LARGEST:
                raise ValueError(
                    f"{name} is {value!r}: give a whole number from {least} to {_LARGEST:,}"
                )

    def cost(self, imbalance: int, moves: int) -> int:
        """What a plan costs; `imbalance`: its sum of squared loads."""
        return self.balance * imbalance + self.move * moves


def softened(
    problem: Problem, soft: Soft, levels: Levels, x: Counts, kernel: Kernel
) -> tuple[Counts, bool]:
    """A plan with the least cost, and whether that is certain.

    `levels`: what is balanced. `x`: what to start from; what is owned, and perhaps something placed
    on top. Loads are searched for between what is owned and what is balanced, and beyond wherever
    the cheapest plan comes to the end of that.
    """
    served = levels.of_member >= 0
    level = np.where(served, levels.level[levels.of_member], 0)
    owned = problem.loads(problem.keep)
    most = problem.loads(problem.sizes[problem.edge_class])
    low = np.maximum(np.minimum(level, owned) - 1, 0)
    high = np.minimum(np.maximum(level, owned) + 2, most)
    step = 4
    while True:
        work = _network(problem, soft, x, low, high)
        carried, proven = kernel.cheapest(work.network)
        found = work.applied(x, carried)
        loads = problem.loads(found)
        # Costs are convex: a plan that no bound holds back is the cheapest of all.
        at_low, at_high = (loads == low) & (low > 0), (loads == high) & (high < most)
        if not (at_low.any() or at_high.any()):
            return found, proven
        low = np.where(at_low, np.maximum(low - step, 0), low)
        high = np.where(at_high, np.minimum(high + step, most), high)
        step *= 2


def _network(problem: Problem, soft: Soft, x: Counts, low: Counts, high: Counts) -> Transport:
    """The transport network with one group, whose arcs cost what each partition more costs."""
    classes, members = problem.classes, problem.members
    own = np.minimum(x, problem.keep)
    places = np.arange(problem.edge_class.size)
    undoes, takes = np.flatnonzero(x > own), np.flatnonzero(own > 0)
    more = high - low
    member = np.repeat(np.arange(members), more)
    load = np.arange(member.size) - np.repeat(np.cumsum(more) - more - low, more)
    # Every cost counts before any move does.
    common = gcd(soft.balance, soft.move)
    first = int(problem.sizes.sum()) + 1
    balance, move = soft.balance // common * first, soft.move // common * first + 1
    class_, head = problem.edge_class, classes + problem.edge_member
    supply = np.concatenate([problem.unowned(x), problem.loads(x) - low, [0]])
    supply[-1] = -supply.sum()
    network = Network(
        tail=np.concatenate([class_, head[undoes], head[takes], classes + member]),
        head=np.concatenate(
            [head, class_[undoes], class_[takes], np.full(member.size, classes + members)]
        ),
        capacity=np.concatenate(
            [problem.sizes[class_], (x - own)[undoes], own[takes], np.ones_like(member)]
        ),
        cost=np.concatenate(
            [
                np.repeat(np.array([0, move]), [places.size + undoes.size, takes.size]),
                2 * balance * (load - load.min(initial=0)),
            ]
        ),
        supply=supply,
    )
    return Transport(network=network, places=places, undoes=undoes, takes=takes)
