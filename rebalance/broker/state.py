"""What handlers work on: the broker's state, and one call of one client.

Handlers get these two and nothing else; sockets stay with the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rebalance.broker.broker_configs import BrokerConfigs
from rebalance.broker.config import BrokerConfig
from rebalance.broker.kept_configs import ALL_BROKERS, KeptConfigs
from rebalance.broker.record_retention import RetentionCheck
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
    kept_configs: KeptConfigs
    retention: RetentionCheck = field(init=False)

    def __post_init__(self) -> None:
        self.retention = RetentionCheck(self.topics, lambda: self.config)
        self.configs.on_change = self._reconfigure
        for name in (ALL_BROKERS, str(self.config.node_id)):
            if name in self.kept_configs.brokers:
                values = self.kept_configs.brokers[name]
                self.configs.change(values, of_all_brokers=name == ALL_BROKERS)

    @property
    def group_configs(self) -> Mapping[str, Mapping[str, str]]:
        """Group -> what was configured for it."""
        return self.kept_configs.groups

    def configure_broker(self, values: Mapping[str, str], *, of_all_brokers: bool) -> None:
        """Replace what was set for this broker or for all; the values must have been checked.

        Raises:
            StorageError: it could not be stored; nothing has changed.
        """
        name = ALL_BROKERS if of_all_brokers else str(self.config.node_id)
        self.kept_configs.set_broker(name, values)
        self.configs.change(values, of_all_brokers=of_all_brokers)

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
    transactional_ids: int
    """`max.transactional.ids`"""
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
