"""A consumer as a story declares it: what it is each time it is started.

Why: a process has one life, a consumer many. What is set up once, and what a fault does to all its
lives (a request that gets lost, a network that is split, a longer way to the brokers), stands here.
"""

from dataclasses import dataclass, field

from assignors.interface import Assignor
from rebalance.member.config import MemberConfig
from rebalance.simulation.application import Behaviour
from rebalance.simulation.path import Delay, Split
from rebalance.simulation.spells import Spells

__all__ = ["MemberSpec"]


@dataclass(slots=True, kw_only=True)
class MemberSpec:
    """A consumer as it will be started, as often as it is started."""

    name: str
    topics: tuple[str, ...]
    assignors: tuple[Assignor, ...]
    config: MemberConfig
    behaviour: Behaviour = field(default_factory=Behaviour)
    lost: dict[str, int] = field(default_factory=dict)
    """A fault: requests of these APIs get lost on their way, once so many more got through."""
    lost_answers: dict[str, int] = field(default_factory=dict)
    """A fault: the same of the answers to them."""
    splits: Spells[Split] = field(default_factory=Spells)
    """Faults: its network is split."""
    outages: Spells[None] = field(default_factory=Spells)
    """Faults: no broker can be reached, and it knows at once."""
    forbidden: bool = False
    """A fault: it may not use its group."""
    delay: Delay | None = None
    """How long its frames travel; None: as long as those of others."""
    lives: int = 0

    def mend(self) -> None:
        """Nothing of its next life gets lost, waits or is refused any more."""
        self.lost.clear()
        self.lost_answers.clear()
        self.splits.clear()
        self.outages.clear()
        self.forbidden = False
