"""The group that is explored: who, what, and how many faults of each kind.

Why: everything that a state space depends on stands here, and nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from assignors.interface import Assignor, RebalanceProtocol, common_protocol
from rebalance.member.config import MemberConfig
from rebalance.protocol.config import CoordinatorConfig

__all__ = ["FAULTS", "ExploredGroup", "ExploredMember", "Faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many of each kind may happen in one story, at any moment, to any consumer."""

    crash: int = 0
    """A process is gone; what it had sent arrives or does not."""
    close: int = 0
    """A consumer is closed in good order."""
    cut: int = 0
    """A connection breaks; what was on its way to the broker arrives or does not."""
    loss: int = 0
    """A frame vanishes: the request before its effect, or the answer after it."""
    timeout: int = 0
    """A timer runs out on somebody who is alive and only late."""
    fail: int = 0
    """A write to the coordinator's log fails."""

    def without(self, kind: str) -> "Faults":
        """One less of this kind."""
        left = {name: getattr(self, name) for name in FAULTS}
        left[kind] -= 1
        return Faults(**left)

    def __str__(self) -> str:
        told = [f"{name}={getattr(self, name)}" for name in FAULTS if getattr(self, name)]
        return " ".join(told) or "none"


FAULTS = tuple(each.name for each in fields(Faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredMember:
    """A consumer that is started once, at any moment."""

    name: str
    topics: tuple[str, ...]
    assignors: tuple[Assignor, ...]
    config: MemberConfig

    @property
    def eager(self) -> bool:
        """It gives up everything before it joins (M01)."""
        return common_protocol(self.assignors) is RebalanceProtocol.EAGER


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredGroup:
    """One group of a few consumers."""

    topics: Mapping[str, int]
    """topic -> number of partitions"""
    members: tuple[ExploredMember, ...]
    config: CoordinatorConfig = field(default_factory=CoordinatorConfig)
    faults: Faults = Faults()

    @property
    def group_id(self) -> str:
        """The one group that all are in."""
        return self.members[0].config.group_id
