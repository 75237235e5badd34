"""Flow networks, and the two questions that balance and movement put to them.

A network is arrays: arcs with a capacity and a cost, nodes with a supply, negative for a demand.
The rule kept here: whoever answers is exact and deterministic, and counts its work in arcs, not in
time. `ortools_flow` answers with Google's OR-tools where that is installed; `own_flow` answers in
numpy and Python and needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Arc a leads from node `tail[a]` to `head[a]`, carries up to `capacity[a]` units of flow, each
    at `cost[a]`, which is not negative. `supply` has an entry per node and adds up to zero.
    """

    tail: Numbers
    head: Numbers
    capacity: Numbers
    cost: Numbers
    supply: Numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """`carried[a]`: units on arc a. `reached[v]`: whether node v can still get more supply.

    Nothing is reached if all supply finds its way; else the reached nodes are the side of a minimum
    cut that has too much.
    """

    carried: Numbers
    reached: Mask


class Kernel(Protocol):
    """Who answers; `steps`: the arcs that it looked at so far, as far as it counts them."""

    steps: int

    def max_flow(self, network: Network) -> Flow:
        """As much of the supply as possible brought to the demands, at any cost."""

    def cheapest(self, network: Network) -> tuple[Numbers, bool]:
        """All supply brought to the demands: the flow, and whether it is certain that none costs
        less. Raises ValueError if not all supply can be brought there.
        """
