"""Exact flows without OR-tools: numpy looks for paths, Python walks them.

Maximum flow is Dinic's algorithm: a breadth-first search lays the nodes out by their distance from
the supply, then flow goes along shortest paths until none is left.
The rule kept here: work is counted in arcs, not in time, so that the same network always gives the
same flow; who runs out of steps still brings all supply to the demands, at a cost not proven least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assignors.network import Flow, Mask, Network, Numbers
from assignors.residual import Residual, cheapest

DEFAULT_BUDGET = 200_000_000
"""Arcs to look at for a cheapest flow: a few seconds, well below a session timeout."""


class OwnFlows:
    """Answers without OR-tools; `budget` limits the search for the cheapest, in arcs looked at.

    `steps`: the arcs looked at so far for the cheapest.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self.steps = 0

    def max_flow(self, network: Network) -> Flow:
        """See `network.Kernel`."""
        residual = Residual(network)
        reached = _Dinic(residual).saturate(np.ones(residual.tail.size, dtype=np.bool_))
        return Flow(carried=residual.carried(), reached=reached)

    def cheapest(self, network: Network) -> tuple[Numbers, bool]:
        """See `network.Kernel`."""
        residual = Residual(network)
        dinic = _Dinic(residual)
        certain = cheapest(
            residual, network.cost, dinic.saturate, lambda: dinic.steps < self._budget
        )
        if not certain:
            # Out of steps: the rest goes at any cost.
            dinic.saturate(np.ones(residual.tail.size, dtype=np.bool_))
        self.steps += dinic.steps
        return residual.carried(), certain


class _Dinic:
    """Maximum flow on what is left of a network; `steps`: arcs looked at so far."""

    def __init__(self, residual: Residual) -> None:
        self.residual = residual
        self.steps = 0
        self._by_tail = residual.tail.argsort(kind="stable")
        nodes = np.arange(residual.excess.size + 1)
        self._first = residual.tail[self._by_tail].searchsorted(nodes)

    def saturate(self, allowed: Mask) -> Mask:
        """Send all that gets through on allowed arcs; the nodes that supply still reaches.

        Of an arc and its reverse both are allowed or neither.
        """
        residual = self.residual
        usable = allowed & (residual.room > 0)
        self.steps += usable.size
        while True:
            layers, reached = self._search(usable)
            if not layers:
                return reached
            used = self._block(layers)
            usable[used] = residual.room[used] > 0
            usable[residual.backwards(used)] = True

    def _search(self, usable: Mask) -> tuple[list[Numbers], Mask]:
        """Arcs by layer, from supply to the nearest demands; none, if no demand is reached."""
        head, excess = self.residual.head, self.residual.excess
        frontier = (excess > 0).nonzero()[0]
        reached = np.zeros(excess.size, dtype=np.bool_)
        reached[frontier] = True
        wants = excess < 0
        layers: list[Numbers] = []
        while frontier.size:
            arcs = self._leaving(frontier)
            arcs = arcs[usable[arcs]]
            arcs = arcs[~reached[head[arcs]]]
            layers.append(arcs)
            onwards = np.zeros_like(reached)
            onwards[head[arcs]] = True
            reached |= onwards
            frontier = onwards.nonzero()[0]
            met = frontier[wants[frontier]]
            if met.size:
                return self._pruned(layers, met), reached
        return [], reached

    def _leaving(self, nodes: Numbers) -> Numbers:
        starts = self._first[nodes]
        degrees = self._first[nodes + 1] - starts
        ends = degrees.cumsum()
        total = int(ends[-1])
        self.steps += total
        places = (starts - ends + degrees).repeat(degrees)
        arcs: Numbers = self._by_tail[places + np.arange(total)]
        return arcs

    def _pruned(self, layers: list[Numbers], targets: Numbers) -> list[Numbers]:
        """Only what leads to the targets."""
        tail, head = self.residual.tail, self.residual.head
        useful = np.zeros(self.residual.excess.size, dtype=np.bool_)
        useful[targets] = True
        for at in range(len(layers) - 1, -1, -1):
            layers[at] = layers[at][useful[head[layers[at]]]]
            useful[tail[layers[at]]] = True
        return layers

    def _block(self, layers: list[Numbers]) -> Numbers:
        """A blocking flow along the layers; the arcs that carry it."""
        residual = self.residual
        sources = np.unique(residual.tail[layers[0]]).tolist()
        arcs = np.concatenate(layers)
        arcs = arcs[residual.tail[arcs].argsort(kind="stable")]
        nodes, first = np.unique(residual.tail[arcs], return_index=True)
        walk = _Walk(
            excess=residual.excess.tolist(),
            head=residual.head[arcs].tolist(),
            room=residual.room[arcs].tolist(),
            cursor=dict(zip(nodes.tolist(), first.tolist(), strict=True)),
            end=dict(zip(nodes.tolist(), [*first[1:].tolist(), arcs.size], strict=True)),
        )
        for source in sources:
            walk.drain(source)
        self.steps += arcs.size
        sent = residual.room[arcs] - np.array(walk.room, dtype=np.int64)
        used = sent.nonzero()[0]
        residual.send(arcs[used], sent[used])
        residual.excess[:] = walk.excess
        return arcs[used]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Walk:
    """Layered arcs, sorted by tail, in lists: node v has those from `cursor[v]` to `end[v]`.

    The cursor passes an arc once that is full, or leads to nothing but full arcs.
    """

    excess: list[int]
    head: list[int]
    room: list[int]
    cursor: dict[int, int]
    end: dict[int, int]

    def drain(self, source: int) -> None:
        """Send what `source` has, depth first, until it is empty or stuck."""
        excess, head, room, cursor, end = self.excess, self.head, self.room, self.cursor, self.end
        path: list[int] = []
        node = source
        while excess[source]:
            if excess[node] < 0:
                self._push(source, node, path)
                node = head[path[-1]] if path else source
                continue
            at, stop = cursor.get(node, 0), end.get(node, 0)
            while at < stop and not room[at]:
                at += 1
            cursor[node] = at
            if at < stop:
                path.append(at)
                node = head[at]
            elif path:
                path.pop()
                node = head[path[-1]] if path else source
                cursor[node] += 1
            else:
                return

    def _push(self, source: int, target: int, path: list[int]) -> None:
        """As much as the path bears; it then ends before the first arc that is full."""
        room = self.room
        units = min(self.excess[source], -self.excess[target], *(room[arc] for arc in path))
        self.excess[source] -= units
        self.excess[target] += units
        for arc in path:
            room[arc] -= units
        for at, arc in enumerate(path):
            if not room[arc]:
                del path[at:]
                return
