"""Maximum and cheapest flows, by OR-tools and by ourselves, against networkx."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from assignors.network import Kernel, Network
from assignors.ortools_flow import OrToolsFlows
from assignors.own_flow import OwnFlows

nx = pytest.importorskip("networkx")


@pytest.fixture(params=[OrToolsFlows, OwnFlows])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param is OrToolsFlows:
        pytest.importorskip("ortools")
    made: Kernel = request.param()
    return made


def random_network(seed: int, *, costs: int) -> Network:
    """Anything: parallel arcs, arcs there and back, nodes that nothing leads to."""
    random = Random(seed)
    nodes = random.randint(2, 14)
    arcs = [random.sample(range(nodes), 2) for _ in range(random.randint(1, 5 * nodes))]
    supply = [random.randint(-6, 6) for _ in range(nodes)]
    supply[-1] -= sum(supply)
    return Network(
        tail=np.array([tail for tail, _ in arcs]),
        head=np.array([head for _, head in arcs]),
        capacity=np.array([random.randint(0, 9) for _ in arcs]),
        cost=np.array([random.randint(0, costs) for _ in arcs]),
        supply=np.array(supply),
    )


def left(network: Network, carried: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[int]:
    """Supply, negative for demand, that remains at each node."""
    assert (carried >= 0).all()
    assert (carried <= network.capacity).all()
    remains = network.supply.copy()
    np.subtract.at(remains, network.tail, carried)
    np.add.at(remains, network.head, carried)
    for before, after in zip(network.supply.tolist(), remains.tolist(), strict=True):
        assert 0 <= after <= before or before <= after <= 0, "flow out of nothing"
    return remains.tolist()


def capacities(network: Network) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for tail, head, capacity in zip(
        network.tail.tolist(), network.head.tolist(), network.capacity.tolist(), strict=True
    ):
        known = graph.get_edge_data(tail, head, {"capacity": 0})["capacity"]
        graph.add_edge(tail, head, capacity=known + capacity)
    for node, units in enumerate(network.supply.tolist()):
        graph.add_edge("source", node, capacity=max(units, 0))
        graph.add_edge(node, "sink", capacity=max(-units, 0))
    return graph


@pytest.mark.parametrize("seed", range(60))
def test_as_much_flows_as_can(kernel: Kernel, seed: int) -> None:
    network = random_network(seed, costs=0)

    flow = kernel.max_flow(network)

    remains = left(network, flow.carried)
    most = nx.maximum_flow_value(capacities(network), "source", "sink")
    supply = sum(units for units in network.supply.tolist() if units > 0)
    assert sum(units for units in remains if units > 0) == supply - most
    # What is reached is closed: it has the supply that is left, no demand, and only full ways out.
    reached = flow.reached.tolist()
    for node, units in enumerate(remains):
        assert reached[node] or units <= 0
        assert not reached[node] or units >= 0
    for tail, head, room, carried in zip(
        network.tail.tolist(),
        network.head.tolist(),
        (network.capacity - flow.carried).tolist(),
        flow.carried.tolist(),
        strict=True,
    ):
        assert not (reached[tail] and not reached[head] and room)
        assert not (reached[head] and not reached[tail] and carried)
    assert any(reached) == (most < supply)


@pytest.mark.parametrize("costs", [1, 50])
@pytest.mark.parametrize("seed", range(80))
def test_it_costs_the_least(kernel: Kernel, seed: int, costs: int) -> None:
    network = random_network(seed, costs=costs)
    graph = nx.MultiDiGraph()
    for node, units in enumerate(network.supply.tolist()):
        graph.add_node(node, demand=-units)
    for arc in range(network.tail.size):
        graph.add_edge(
            int(network.tail[arc]),
            int(network.head[arc]),
            capacity=int(network.capacity[arc]),
            weight=int(network.cost[arc]),
        )
    try:
        least, _ = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        with pytest.raises(ValueError, match="cannot reach a demand"):
            kernel.cheapest(network)
        return

    carried, proven = kernel.cheapest(network)

    assert proven
    assert not any(left(network, carried))
    assert int((carried * network.cost).sum()) == least


@pytest.mark.parametrize("seed", range(80))
def test_without_steps_everything_still_flows(seed: int) -> None:
    network = random_network(seed, costs=9)
    try:
        best, _ = OwnFlows().cheapest(network)
    except ValueError:
        return

    carried, proven = OwnFlows(budget=0).cheapest(network)

    assert not any(left(network, carried))
    cost, least = (int((each * network.cost).sum()) for each in (carried, best))
    assert cost == least if proven else cost >= least


def test_many_phases_are_left_to_cost_scaling() -> None:
    # Each way round costs one more than the last: as many phases as there are ways.
    pytest.importorskip("ortools")
    ways = 40
    tail, head, cost = [0], [1], [0]
    nodes = 2
    for way in range(ways):
        path = [0, *range(nodes, nodes + way + 1), 1]
        nodes += way + 1
        tail += path[:-1]
        head += path[1:]
        cost += [1] * (way + 2)
    network = Network(
        tail=np.array(tail),
        head=np.array(head),
        capacity=np.ones(len(tail), dtype=np.int64),
        cost=np.array(cost),
        supply=np.array([ways, -ways, *[0] * (nodes - 2)]),
    )

    carried, proven = OrToolsFlows().cheapest(network)
    mine, also = OwnFlows().cheapest(network)

    assert proven
    assert also
    np.testing.assert_array_equal(carried, mine)
    assert int((carried * network.cost).sum()) == sum(range(2, ways + 1))


def test_costs_too_large_for_or_tools_are_left_to_ourselves() -> None:
    pytest.importorskip("ortools")
    huge = 2**60
    network = Network(
        tail=np.array([0, 0]),
        head=np.array([1, 1]),
        capacity=np.array([1, 1]),
        cost=np.array([huge, huge + 1]),
        supply=np.array([1, -1]),
    )

    carried, proven = OrToolsFlows().cheapest(network)

    assert (carried.tolist(), proven) == ([1, 0], True)


def test_networks_too_large_for_or_tools_are_left_to_counted_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("ortools")
    monkeypatch.setattr("assignors.ortools_flow.MOST_ARCS", 1)
    networks = [random_network(seed, costs=9) for seed in range(200)]
    solved = 0
    for network in networks:
        try:
            best, _ = OwnFlows().cheapest(network)
        except ValueError:
            continue
        solved += 1
        exact, proven = OrToolsFlows().cheapest(network)
        rough, _ = OrToolsFlows(budget=0).cheapest(network)
        costs = [int((each * network.cost).sum()) for each in (best, exact, rough)]
        assert proven
        assert costs[0] == costs[1] <= costs[2]
    assert solved > 20
