"""What the best plan is worth, found in other ways than the assignors' own.

Partition by partition, from the subscriptions: nothing here knows of classes, levels or runs.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from assignors.claims import settle
from assignors.model import ClusterMetadata, Subscription


def best_by_network_simplex(
    cluster: ClusterMetadata, members: Mapping[str, Subscription]
) -> tuple[int, int]:
    """The least sum of squared loads, and the fewest moves with it."""
    # One unit of imbalance outweighs every possible move.
    heavy = sum(cluster.partitions.values()) + 1
    cost, owned = _least_cost(cluster, members, balance=heavy, move=1)
    kept = -cost % heavy
    return (cost + kept) // heavy, owned - kept


def least_soft_cost(
    cluster: ClusterMetadata, members: Mapping[str, Subscription], *, balance: int, move: int
) -> int:
    """The least `balance * sum(load ** 2) + move * moves`."""
    cost, owned = _least_cost(cluster, members, balance=balance, move=move)
    return cost + move * owned


def _least_cost(
    cluster: ClusterMetadata, members: Mapping[str, Subscription], *, balance: int, move: int
) -> tuple[int, int]:
    """The least cost if each partition that stays earns `move`; and how many have an owner."""
    settled = settle(cluster, members)
    graph = nx.DiGraph()
    total = owned = 0
    for topic, count in cluster.partitions.items():
        subscribers = [m for m, each in members.items() if topic in each.topics]
        for partition in range(count if subscribers else 0):
            node = (topic, partition)
            graph.add_node(node, demand=-1)
            total += 1
            owner = settled.owner_of(topic, partition)
            owned += owner is not None
            for member in subscribers:
                graph.add_edge(node, member, capacity=1, weight=-move if member == owner else 0)
    graph.add_node("sink", demand=total)
    for member, each in members.items():
        most = sum(cluster.partitions.get(topic, 0) for topic in set(each.topics))
        for load in range(most):
            place = (member, load)
            graph.add_edge(member, place, capacity=1, weight=balance * (2 * load + 1))
            graph.add_edge(place, "sink", capacity=1, weight=0)
    return nx.network_simplex(graph)[0], owned
