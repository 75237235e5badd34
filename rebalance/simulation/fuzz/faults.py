"""What can go wrong, as a table: each entry writes lines of a scenario.

Why a table: a new fault of the simulation becomes part of every campaign by one entry.
"""

from rebalance.simulation.fuzz import of_brokers, of_consumers, of_networks
from rebalance.simulation.fuzz.fault import Fault

__all__ = ["FAULTS"]

FAULTS: tuple[Fault, ...] = (*of_consumers.FAULTS, *of_networks.FAULTS, *of_brokers.FAULTS)
"""All that a story chooses from. No name is another one's beginning."""
