"""Why a rebalance happened: the words every trace uses.

Rule kept: every rebalance carries its cause; what cannot be known is UNKNOWN, never a guess.
"""

from enum import Enum


class Cause(Enum):
    """Cause of a rebalance; the value stands in traces (docs/trace.md)."""

    MEMBER_JOINED = "member joined"
    MEMBER_LEFT = "member left"
    SESSION_EXPIRED = "session expired"
    SYNC_EXPIRED = "member did not sync"
    REJOIN_EXPIRED = "member did not rejoin"
    POLL_INTERVAL_EXCEEDED = "poll interval exceeded"
    METADATA_CHANGED = "metadata changed"
    SUBSCRIPTION_CHANGED = "subscription changed"
    OWNERSHIP_CHANGED = "partitions revoked"
    """A cooperative member gave up what was asked of it: the second half of the same change."""
    LEADER_REJOINED = "leader rejoined"
    MEMBER_REJOINED = "member rejoined"
    """A follower offers other bytes, and they say no more than that; its own words may."""
    STATIC_MEMBER_REPLACED = "static member replaced"
    GROUP_FULL = "group is full"
    """group.max.size was lowered, or newcomers were faster (J03)."""
    ASSIGNMENT_NOT_STORED = "assignment could not be stored"
    COORDINATOR_MOVED = "coordinator moved"
    UNKNOWN = "unknown"
