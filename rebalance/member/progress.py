"""What follows: after every event, until nothing is left to do at once.

Why: the rules only note what happened; what to do next is read off the member's memory, in one
place. So no order of events can leave a member that waits for nothing: whatever was noted is seen
here. One listener call at a time, and losing comes before everything else.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rebalance.member import (
    commits,
    heartbeat,
    joining,
    leading,
    leaving,
    lookup,
    polling,
    reasons,
    reconcile,
    release,
    watching,
)
from rebalance.member.core import InFlight, MemberCore, RequestKind
from rebalance.member.membership import lose_partitions, tell_failure
from rebalance.protocol.states import MemberState


def settle(core: MemberCore) -> None:
    """Do what can be done now."""
    busy = True
    while busy:
        while core.broken:
            unanswered(core, core.broken.popleft())
        busy = _step(core)
        if not busy:
            busy = commits.pursue(core)  # a commit that ended may be what a step waits for
            release.pursue(core)
            watching.pursue(core)
            heartbeat.pursue(core)
            lookup.pursue(core)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """The answer to a request will not come."""
    match sent.kind:
        case RequestKind.FIND_COORDINATOR:
            lookup.unanswered(core, sent)
        case RequestKind.METADATA if core.leading is not None:
            leading.metadata_unanswered(core, sent)
        case RequestKind.METADATA:
            watching.unanswered(core, sent)
        case RequestKind.JOIN_GROUP | RequestKind.SYNC_GROUP:
            if core.state in (MemberState.JOINING, MemberState.SYNCING):
                joining.unanswered(core, sent)
        case RequestKind.HEARTBEAT:
            heartbeat.unanswered(core, sent)
        case RequestKind.OFFSET_COMMIT if sent.commits:
            commits.unanswered(core, sent)
        case RequestKind.OFFSET_COMMIT:
            release.unanswered(core, sent)
        case RequestKind.LEAVE_GROUP:
            leaving.unanswered(core, sent)


def _step(core: MemberCore) -> bool:
    if core.callback is not None:
        return False
    if core.lost:
        lose_partitions(core)
        tell_failure(core)
        return True
    if core.closing and leaving.put_off(core):
        leaving.begin(core, reasons.CLOSED)
        return True
    act = _STEPS.get(core.state)
    return act is not None and act(core)


def _unsubscribed(core: MemberCore) -> bool:
    return bool(core.topics) and joining.begin(core)


def _finding(core: MemberCore) -> bool:
    if core.coordinator is None:
        return False
    core.enter(MemberState.PREPARING_JOIN)
    return True


def _stable(core: MemberCore) -> bool:
    if core.topics != core.joined_topics:
        core.request_rejoin(reasons.SUBSCRIPTION_CHANGED)
        core.last_join_ms = None
    if core.rejoin_reason is None or core.coordinator is None:
        return False
    core.enter(MemberState.PREPARING_JOIN)
    return True


_STEPS: Mapping[MemberState, Callable[[MemberCore], bool]] = MappingProxyType(
    {
        MemberState.UNSUBSCRIBED: _unsubscribed,
        MemberState.FINDING_COORDINATOR: _finding,
        MemberState.PREPARING_JOIN: joining.step,
        MemberState.ASSIGNING: leading.step,
        MemberState.RECONCILING: reconcile.step,
        MemberState.STABLE: _stable,
        MemberState.STALE: polling.step,
        MemberState.LEAVING: leaving.step,
    }
)
