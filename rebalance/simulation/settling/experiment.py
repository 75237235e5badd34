"""What an experiment is: whom it can be made with, and what is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rebalance.simulation.settling.ground import Ground

__all__ = ["Experiment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One change of groups at rest."""

    name: str
    on: Callable[[Ground], Sequence[str]]
    """Names of the consumers that it is made with; nobody: it does not apply."""
    play: Callable[[Ground, Sequence[str]], None]
    """Make the change, wait for rest, take it back. It leaves the groups at rest, or reports."""
