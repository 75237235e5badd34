"""What handlers work on, beside a client's call: one node's view of its cluster.

Handlers get these two and nothing else; sockets stay with the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.cluster import Cluster
    from rebalance.broker.config import BrokerConfig
    from rebalance.broker.configs.broker_configs import BrokerConfigs
    from rebalance.broker.faults import Faults
    from rebalance.broker.groups.driver import GroupDriver
    from rebalance.broker.nodes.leadership import Leadership
    from rebalance.broker.topics.topic import Topic
    from rebalance.broker.topics.topics import TopicStore
    from rebalance.broker.transactions.transactions import Transactions

__all__ = ["BrokerState", "Endpoint", "Usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a client is told to find a node."""

    node_id: int
    host: str
    port: int


class BrokerState:
    """Everything that outlives a request, as one node has it: the groups that it coordinates, and
    what it shares with the others of its cluster."""

    __slots__ = (
        "cluster",
        "cluster_id",
        "configs",
        "faults",
        "groups",
        "leadership",
        "node_id",
        "topics",
        "transactions",
    )

    def __init__(self, node_id: int, cluster: Cluster, groups: GroupDriver) -> None:
        self.node_id = node_id
        self.groups = groups
        self.cluster = cluster
        self.cluster_id: str = cluster.cluster_id
        self.topics: TopicStore = cluster.topics
        self.leadership: Leadership = cluster.leadership
        self.transactions: Transactions = cluster.transactions
        self.configs: BrokerConfigs = cluster.configs
        self.faults: Faults = cluster.faults

    @property
    def group_configs(self) -> Mapping[str, Mapping[str, str]]:
        """Group -> what was configured for it."""
        return self.cluster.kept_configs.groups

    @property
    def config(self) -> BrokerConfig:
        """The settings in force; they change while it runs."""
        return self.cluster.config

    @property
    def advertised(self) -> tuple[str, int] | None:
        """Where clients are sent who look for this node, or None: where each of them came in."""
        return self.cluster.advertised(self.node_id)

    def leads(self, topic: Topic, partition: int) -> bool:
        """Whether this node takes and gives the partition's records."""
        return self.leadership.leads(self.node_id, topic, partition)

    def coordinates_transactions_of(self, transactional_id: str) -> bool:
        """Whether this node is the coordinator of a producer's transactions; an empty name is
        nobody's and is refused by any."""
        found = self.leadership.transaction_coordinator(transactional_id)
        return not transactional_id or found == self.node_id

    def endpoint(self, node_id: int, call: Call) -> Endpoint:
        """Where the client that asks finds a node, this one or another that runs."""
        if node_id == self.node_id:
            return Endpoint(node_id=node_id, host=call.host, port=call.port)
        host, port = self.cluster.advertised(node_id) or (call.host, self.cluster.ports[node_id])
        return Endpoint(node_id=node_id, host=host, port=port)

    def endpoints(self, call: Call) -> list[Endpoint]:
        """All nodes that listen."""
        return [self.endpoint(node_id, call) for node_id in sorted(self.cluster.ports)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a broker holds now; every number has a setting that bounds it."""

    connections: int
    """`max.connections`"""
    topics: int
    partitions: int
    """`max.partitions`; a topic has at least one."""
    groups: int
    """`max.groups`"""
    transactional_ids: int
    """`max.transactional.ids`"""
    log_bytes: int
    """`log.memory.bytes`"""
