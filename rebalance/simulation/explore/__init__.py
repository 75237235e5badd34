"""Every interleaving of a small group, checked. See docs/explore.md."""

from rebalance.simulation.explore.group import FAULTS, ExploredGroup, ExploredMember, Faults
from rebalance.simulation.explore.reading import explored_group
from rebalance.simulation.explore.search import Counts, Explored, explore
from rebalance.simulation.explore.story import story, told

__all__ = [
    "FAULTS",
    "Counts",
    "Explored",
    "ExploredGroup",
    "ExploredMember",
    "Faults",
    "explore",
    "explored_group",
    "story",
    "told",
]
