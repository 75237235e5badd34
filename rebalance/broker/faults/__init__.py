"""Faults that a test asks for: which requests they befall, and what happens to these.

The connection shows every request to `Faults` before it is handled; without a rule that costs one
look at an empty tuple. `EmbeddedBroker` has the methods that make rules (`fault_controls.py`).
"""

from rebalance.broker.faults.fault import Fault
from rebalance.broker.faults.registry import Faults
from rebalance.broker.faults.seen import RequestSeen

__all__ = ["Fault", "Faults", "RequestSeen"]
