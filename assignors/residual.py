"""What may still flow, and the cheapest way to let it: the primal-dual algorithm.

Supply goes along arcs that cost nothing beyond the potentials of their ends, as much as gets
through; then the potentials change by what the cheapest way out costs, and more gets through.
The rule kept here: after each phase what has flowed is the cheapest way to let so much flow, so
that the flow is cheapest when nothing is left. Costs are small whole numbers here, phases are few.
(L. R. Ford and D. R. Fulkerson, "Flows in Networks", chapter III.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assignors.network import Mask, Network, Numbers


class Residual:
    """Each arc of a network, and after them each arc backwards.

    `room[a]`: what arc a may still carry. `excess[v]`: supply that node v has not sent, negative
    for a demand not met.
    """

    __slots__ = ("arcs", "excess", "head", "room", "tail")

    def __init__(self, network: Network) -> None:
        self.arcs = network.tail.size
        self.tail = np.concatenate([network.tail, network.head])
        self.head = np.concatenate([network.head, network.tail])
        self.room = np.concatenate([network.capacity, np.zeros_like(network.capacity)])
        self.excess = network.supply.copy()

    def backwards(self, arcs: Numbers) -> Numbers:
        """The arcs that undo these."""
        return np.where(arcs < self.arcs, arcs + self.arcs, arcs - self.arcs)

    def send(self, arcs: Numbers, units: Numbers) -> None:
        """Let these distinct arcs carry more; the excess is the caller's to change."""
        self.room[arcs] -= units
        self.room[self.backwards(arcs)] += units

    def carried(self) -> Numbers:
        """The flow on each arc of the network."""
        return self.room[self.arcs :].copy()


def cheapest(
    residual: Residual,
    cost: Numbers,
    saturate: Callable[[Mask], Mask],
    may_go_on: Callable[[], bool],
) -> bool:
    """Bring all supply to the demands at the least cost; False if it was not allowed to finish.

    `cost`: of the network's arcs, not negative. `saturate` sends all that gets through on the arcs
    of a mask, which holds both or neither direction of an arc, and returns the nodes that supply
    still reaches. `may_go_on` is asked before each phase but the first. Raises ValueError if not
    all supply can be brought there.
    """
    reduced = np.concatenate([cost, -cost])
    while True:
        reached = saturate(reduced == 0)
        if not reached.any():
            return True
        # What is reached cannot go on for nothing: pay for the cheapest way out.
        out = reached[residual.tail]
        into = reached[residual.head]
        leaves = out & ~into
        ways = reduced[leaves & (residual.room > 0)]
        if ways.size == 0:
            raise ValueError("some supply cannot reach a demand: the network has no such flow")
        if not may_go_on():
            return False
        price = ways.min()
        reduced[leaves] -= price
        reduced[into & ~out] += price
