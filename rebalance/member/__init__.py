"""The client's side: a classic member as a machine without I/O (rules M01 to M08)."""

from rebalance.member.classic import ClassicMember
from rebalance.member.config import MemberConfig
from rebalance.member.errors import MemberUsageError

__all__ = ["ClassicMember", "MemberConfig", "MemberUsageError"]
