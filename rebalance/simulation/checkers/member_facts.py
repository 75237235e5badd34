"""What a member hears of itself, as a fact that no trace holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import MemberState

__all__ = ["Forbidden", "HeartbeatRefused", "LookedAtTopics", "Membership"]

Membership = tuple[str, int]
"""Member id and generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRefused:
    """The consumer `member` (a lane) was told at `t` (ms) that it is out of its generation.

    Told only of an answer that it waited for, to a heartbeat of what it was as it heard it: a late
    one, or one to a generation that it had left already, says nothing.
    """

    t: int
    group_id: str
    member: str
    error: ErrorCode
    was: Membership
    now: Membership
    """After it heard it; `state`, too."""
    state: MemberState


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """From now on the consumer `member` (a lane) may not use its group."""

    member: str


class LookedAtTopics(NamedTuple):
    """The consumer `member` (a lane) was told how many partitions its topics have, and took it."""

    group_id: str
    member: str
    partitions: Mapping[str, int]
