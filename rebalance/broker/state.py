"""What handlers work on: the broker's state, and one call of one client.

Handlers get these two and nothing else; sockets stay with the connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rebalance.broker.broker_configs import BrokerConfigs
from rebalance.broker.config import BrokerConfig
from rebalance.broker.faults import Faults
from rebalance.broker.topics import TopicStore

if TYPE_CHECKING:
    from rebalance.broker.codec import Message
    from rebalance.broker.driver import GroupDriver
    from rebalance.broker.transactions import Transactions

__all__ = ["BrokerState", "Call", "Usage"]


@dataclass(slots=True, kw_only=True)
class BrokerState:
    """Everything that outlives a request."""

    config: BrokerConfig
    cluster_id: str
    topics: TopicStore
    groups: GroupDriver
    transactions: Transactions
    configs: BrokerConfigs
    group_configs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Group -> what was configured for it."""
    faults: Faults = field(default_factory=Faults)
    """What a test wants to happen to requests."""

    def __post_init__(self) -> None:
        self.configs.on_change = self._reconfigure

    def _reconfigure(self, config: BrokerConfig) -> None:
        self.config = config
        self.topics.reconfigure(config)


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
    log_bytes: int
    """`log.memory.bytes`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who sent it, in which version, and its body as a message."""

    version: int
    body: Message
    client_id: str
    client_host: str
    """As Java prints it: "/127.0.0.1"."""
    host: str
    port: int
    """The address at which this client is told to find the broker."""
