"""Flows by Google's OR-tools: push-relabel for maximum flow, cost scaling where costs are many.

The rule kept here: OR-tools is looked for when a flow is wanted, never at import; its algorithms
are deterministic for the same arrays.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assignors.network import Flow, Mask, Network, Numbers
from assignors.own_flow import DEFAULT_BUDGET, OwnFlows
from assignors.residual import Residual, cheapest

PHASES = 24
"""Maximum flows to spend on a cheapest flow, before it is left to cost scaling."""
MOST_ARCS = 4_000_000
"""What cost scaling, whose work cannot be limited, is trusted with; `own_flow` counts its steps."""


class OrToolsFlows:
    """OR-tools' answers; `budget` is for what `own_flow` does instead, and `steps` are its.

    Raises ImportError if OR-tools is not installed.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self.steps = 0
        from ortools.graph.python import max_flow, min_cost_flow

        self._max_flow = max_flow.SimpleMaxFlow
        self._min_cost_flow = min_cost_flow.SimpleMinCostFlow

    def max_flow(self, network: Network) -> Flow:
        """See `network.Kernel`."""
        nodes = network.supply.size
        gives = (network.supply > 0).nonzero()[0]
        wants = (network.supply < 0).nonzero()[0]
        source, sink = nodes, nodes + 1
        reached = np.zeros(nodes, dtype=np.bool_)
        if gives.size == 0:
            return Flow(carried=np.zeros_like(network.tail), reached=reached)
        solver = self._max_flow()
        arcs = solver.add_arcs_with_capacity(
            _int32(network.tail, np.full(gives.size, source), wants),
            _int32(network.head, gives, np.full(wants.size, sink)),
            np.concatenate([network.capacity, network.supply[gives], -network.supply[wants]]),
        )
        _expect_optimal(solver, solver.solve(source, sink))
        if solver.optimal_flow() < int(network.supply[gives].sum()):
            side = np.array(solver.get_source_side_min_cut(), dtype=np.int64)
            reached[side[side < nodes]] = True
        carried = solver.flows(arcs[: network.tail.size])
        return Flow(carried=np.asarray(carried, dtype=np.int64), reached=reached)

    def cheapest(self, network: Network) -> tuple[Numbers, bool]:
        """See `network.Kernel`."""
        if int(network.cost.max(initial=0)) <= 1:
            residual = Residual(network)
            saturate = partial(self._saturate, residual)
            left = iter(range(PHASES))
            if cheapest(residual, network.cost, saturate, lambda: next(left, None) is not None):
                return residual.carried(), True
        found = self._by_cost_scaling(network) if network.tail.size <= MOST_ARCS else None
        if found is not None:
            return found, True
        own = OwnFlows(self._budget)
        answer = own.cheapest(network)
        self.steps += own.steps
        return answer

    def _saturate(self, residual: Residual, free: Mask) -> Mask:
        at = (free & (residual.room > 0)).nonzero()[0]
        tail, head = residual.tail[at], residual.head[at]
        room = residual.room[at]
        part = Network(tail=tail, head=head, capacity=room, cost=room, supply=residual.excess)
        flow = self.max_flow(part)
        used = flow.carried.nonzero()[0]
        sent = flow.carried[used]
        residual.send(at[used], sent)
        nodes = residual.excess.size
        residual.excess += _sums(head[used], sent, nodes) - _sums(tail[used], sent, nodes)
        return flow.reached

    def _by_cost_scaling(self, network: Network) -> Numbers | None:
        """The cheapest flow; None if costs, times nodes, are too large for OR-tools' 64 bits."""
        solver = self._min_cost_flow()
        arcs = solver.add_arcs_with_capacity_and_unit_cost(
            _int32(network.tail), _int32(network.head), network.capacity, network.cost
        )
        nodes = np.arange(network.supply.size, dtype=np.int32)
        solver.set_nodes_supplies(nodes, network.supply)
        status = solver.solve()
        if status == solver.BAD_COST_RANGE:
            return None
        if status == solver.INFEASIBLE:
            raise ValueError("some supply cannot reach a demand: the network has no such flow")
        _expect_optimal(solver, status)
        return np.asarray(solver.flows(arcs), dtype=np.int64)


def _sums(at: Numbers, units: Numbers, size: int) -> Numbers:
    return np.bincount(at, weights=units, minlength=size).astype(np.int64)


def _int32(*parts: Numbers) -> NDArray[np.int32]:
    return np.concatenate(parts).astype(np.int32)


def _expect_optimal(solver: Any, status: Any) -> None:
    if status != solver.OPTIMAL:
        raise RuntimeError(
            f"OR-tools gave up a flow with {status}: set solver='own', and report it"
        )
