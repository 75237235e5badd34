"""An embedded Kafka broker: the real wire protocol on a local port, up in milliseconds.

Everything is in memory, or in a directory (docs/storage.md).

It drives the same `GroupCoordinator` as the simulation does; no rule of the group protocol lives
here. `EmbeddedBroker` is the door.
"""

from rebalance.broker.config import BrokerConfig
from rebalance.broker.controls.node_controls import LoadingHold
from rebalance.broker.embedded import EmbeddedBroker
from rebalance.broker.errors import BrokerError, SettingsError
from rebalance.broker.faults import Fault, RequestSeen
from rebalance.broker.state import Usage
from rebalance.coordinator import GroupSnapshot
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.timers import TimerKey

__all__ = [
    "BrokerConfig",
    "BrokerError",
    "EmbeddedBroker",
    "ErrorCode",
    "Fault",
    "GroupSnapshot",
    "LoadingHold",
    "RequestSeen",
    "SettingsError",
    "TimerKey",
    "Usage",
]
