"""The broker's side of the group protocol: one coordinator, without I/O."""

from rebalance.coordinator.coordinator import GroupCoordinator
from rebalance.coordinator.snapshot import GroupSnapshot, ListedGroup, MemberSnapshot

__all__ = ["GroupCoordinator", "GroupSnapshot", "ListedGroup", "MemberSnapshot"]
