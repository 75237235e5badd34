"""What the explorer sees besides what the simulation's checkers see: a group as it stands.

Why: what was seen is one part of a state and the coordinator another. What a checker wants to know
of the coordinator must come with what it is shown, or one could not be known without the other.
"""

from dataclasses import dataclass

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.simulation import checkers

__all__ = ["Fact", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The group as its coordinator has it once all that is told with this has happened."""

    group: GroupSnapshot


Fact = checkers.Fact | Standing
