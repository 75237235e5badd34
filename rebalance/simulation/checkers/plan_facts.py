"""What a leader's assignor was asked and what it said, as a fact that no trace holds.

Why: a plan that breaks its assignor's promise may be gone before anybody rests with it. Rule kept:
it is told where the assignor ran, before anything else can be done to the plan.
"""

from dataclasses import dataclass

from assignors.model import ClusterMetadata, GroupAssignment, Subscription

__all__ = ["Planned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The assignor of this name made a plan for a group at `t` (ms)."""

    t: int
    group_id: str
    assignor: str
    cluster: ClusterMetadata
    members: tuple[tuple[str, Subscription], ...]
    """Member id and subscription, in the order in which the leader was told them."""
    plan: GroupAssignment
