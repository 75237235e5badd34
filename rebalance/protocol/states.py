"""States of the protocol machines and the transitions that exist (rules G01, M01, M02).

Why: one door per state. The tables below are data: the machines refuse what is not in them, the
diagrams in docs/ are drawn from them, nothing else assigns a state.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class GroupState(Enum):
    """State of a classic group, in Kafka's words (ClassicGroupState)."""

    # Every request looks at a state; Enum's own hash is a Python function over the name.
    __hash__ = object.__hash__

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


GROUP_TRANSITIONS: Mapping[GroupState, frozenset[GroupState]] = MappingProxyType(
    {
        GroupState.EMPTY: frozenset({GroupState.PREPARING_REBALANCE, GroupState.DEAD}),
        GroupState.PREPARING_REBALANCE: frozenset(
            {GroupState.COMPLETING_REBALANCE, GroupState.EMPTY, GroupState.DEAD}
        ),
        GroupState.COMPLETING_REBALANCE: frozenset(
            {GroupState.STABLE, GroupState.PREPARING_REBALANCE, GroupState.DEAD}
        ),
        GroupState.STABLE: frozenset({GroupState.PREPARING_REBALANCE, GroupState.DEAD}),
        GroupState.DEAD: frozenset(),
    }
)
"""Rule G01: from -> the states it may become. `Dead -> Dead` is silent in Kafka and left out."""


class IllegalTransition(Exception):  # noqa: N818 - the name says what was attempted
    """A machine tried to go where its table does not lead: a bug of ours, never a peer's."""


class MemberState(Enum):
    """State of a classic member (the client's side; ConsumerCoordinator's MemberState, refined)."""

    __hash__ = object.__hash__  # as GroupState

    UNSUBSCRIBED = "Unsubscribed"
    """Not in a group and not asked to be."""
    FINDING_COORDINATOR = "FindingCoordinator"
    PREPARING_JOIN = "PreparingJoin"
    """Committing and revoking (or losing) before the JoinGroup goes out."""
    JOINING = "Joining"
    """JoinGroup sent, not answered."""
    ASSIGNING = "Assigning"
    """Leader only: metadata asked for or the assignor running; SyncGroup not sent yet."""
    SYNCING = "Syncing"
    """SyncGroup sent, not answered."""
    RECONCILING = "Reconciling"
    """Assignment known; revoke and assign callbacks running. Heartbeats go on."""
    STABLE = "Stable"
    STALE = "Stale"
    """max.poll.interval.ms exceeded: left the group; back at the next poll (M07)."""
    LEAVING = "Leaving"
    """Committing, revoking, then LeaveGroup."""
    STOPPED = "Stopped"
    FAILED = "Failed"
    """A fatal error: fenced, refused for good, or the assignor failed (M08)."""


_ENDS = frozenset({MemberState.LEAVING, MemberState.STALE, MemberState.FAILED})

MEMBER_TRANSITIONS: Mapping[MemberState, frozenset[MemberState]] = MappingProxyType(
    {
        MemberState.UNSUBSCRIBED: frozenset(
            {MemberState.FINDING_COORDINATOR, MemberState.PREPARING_JOIN, MemberState.STOPPED}
        ),
        MemberState.FINDING_COORDINATOR: frozenset({MemberState.PREPARING_JOIN}) | _ENDS,
        MemberState.PREPARING_JOIN: frozenset(
            {MemberState.JOINING, MemberState.FINDING_COORDINATOR}
        )
        | _ENDS,
        MemberState.JOINING: frozenset(
            {
                MemberState.ASSIGNING,
                MemberState.SYNCING,
                MemberState.PREPARING_JOIN,
                MemberState.FINDING_COORDINATOR,
            }
        )
        | (_ENDS - {MemberState.STALE}),
        MemberState.ASSIGNING: frozenset(
            {MemberState.SYNCING, MemberState.PREPARING_JOIN, MemberState.FINDING_COORDINATOR}
        )
        | _ENDS,
        MemberState.SYNCING: frozenset(
            {MemberState.RECONCILING, MemberState.PREPARING_JOIN, MemberState.FINDING_COORDINATOR}
        )
        | _ENDS,
        MemberState.RECONCILING: frozenset({MemberState.STABLE, MemberState.PREPARING_JOIN})
        | _ENDS,
        MemberState.STABLE: frozenset({MemberState.PREPARING_JOIN}) | _ENDS,
        MemberState.STALE: frozenset(
            {MemberState.PREPARING_JOIN, MemberState.FINDING_COORDINATOR, MemberState.LEAVING}
        ),
        MemberState.LEAVING: frozenset({MemberState.STOPPED, MemberState.UNSUBSCRIBED}),
        MemberState.STOPPED: frozenset(),
        MemberState.FAILED: frozenset({MemberState.LEAVING}),
    }
)
"""From -> the states a classic member may become."""
