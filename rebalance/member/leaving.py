"""Ending on purpose: unsubscribe and close (M01, M05), and subscribing in the first place.

Rule kept: commit, revoke, LeaveGroup (dynamic members only), in this order; no step overtakes what
the user asked to commit before it; the answer to LeaveGroup is waited for but changes nothing.
Source: ConsumerCoordinator.close, onLeavePrepare, KafkaConsumer.unsubscribe.
"""

from assignors.model import PartitionSet
from rebalance.member import holding, reasons, release
from rebalance.member.core import Generation, InFlight, MemberCore, RequestKind
from rebalance.member.errors import MemberUsageError
from rebalance.member.events import Subscribe
from rebalance.member.membership import (
    BETWEEN_JOIN_AND_SYNC,
    abandon_rebalance,
    forget_coordinator,
    quiet,
    send_leave,
    stop_watching,
)
from rebalance.protocol.requests import NO_GENERATION
from rebalance.protocol.responses import LeaveGroupResponse
from rebalance.protocol.states import MemberState

_AT_END = frozenset({MemberState.STOPPED, MemberState.FAILED})
_LEFT = frozenset({MemberState.LEAVING, MemberState.STOPPED, MemberState.UNSUBSCRIBED})


def subscribe(core: MemberCore, event: Subscribe) -> None:
    """The user wants these topics; none is the same as unsubscribing."""
    refuse_at_end(core, "subscribe")
    if not (isinstance(event.topics, tuple) and all(event.topics)):
        raise MemberUsageError(f"topics={event.topics!r}: give a tuple of topic names")
    if not event.topics:
        unsubscribe(core)
        return
    core.topics = tuple(sorted(set(event.topics)))


def refuse_at_end(core: MemberCore, what: str) -> None:
    """A member that is closed or failed never comes back."""
    if core.state in _AT_END or core.closing:
        word = "failed" if core.state is MemberState.FAILED else "closed"
        raise MemberUsageError(f"cannot {what}: the member is {word}; make a new one")


def unsubscribe(core: MemberCore) -> None:
    """The user wants nothing any more."""
    core.topics = ()
    if core.state not in _AT_END | {MemberState.UNSUBSCRIBED, MemberState.LEAVING}:
        begin(core, reasons.UNSUBSCRIBED)


def close(core: MemberCore) -> None:
    """The user is done; a second close changes nothing."""
    if core.closing or core.state is MemberState.STOPPED:
        return
    core.closing = True
    if _ends_its_join(core):
        return
    core.topics = ()
    if core.state is MemberState.UNSUBSCRIBED:
        core.enter(MemberState.STOPPED)
        quiet(core)
    elif core.state is not MemberState.LEAVING:
        begin(core, reasons.CLOSED)


def put_off(core: MemberCore) -> bool:
    """True for a member that was closed while it joined, and has now done so, or failed to."""
    return core.closing and core.state not in _LEFT and not _ends_its_join(core)


def _ends_its_join(core: MemberCore) -> bool:
    joins = core.state in BETWEEN_JOIN_AND_SYNC or core.state is MemberState.RECONCILING
    return joins and core.config.profile.ends_join_before_close


def begin(core: MemberCore, reason: str) -> None:
    """Leave. During a rebalance nothing is committed, as in Java: between JoinGroup and SyncGroup
    the broker refuses it, and on a real connection it would wait behind the parked JoinGroup."""
    core.topics = ()
    core.leaves_a_rebalance = core.state in BETWEEN_JOIN_AND_SYNC
    abandon_rebalance(core)
    stop_watching(core)
    core.rejoin_reason = None
    core.leave_reason = reason
    core.enter(MemberState.LEAVING)


def step(core: MemberCore) -> bool:
    """The next thing to do in LEAVING; True if something was done."""
    if core.release is not None:
        return release.step(core)
    if core.owned:
        release.begin(core, core.owned, commit=not core.leaves_a_rebalance)
        return True
    if core.leave_reason is not None:
        if holding.waits(core):
            return False
        _leave(core, core.leave_reason)
        return True
    if RequestKind.LEAVE_GROUP in core.requests:
        return False
    core.enter(MemberState.STOPPED if core.closing else MemberState.UNSUBSCRIBED)
    return True


def _leave(core: MemberCore, reason: str) -> None:
    core.leave_reason = None
    says_so = core.config.profile.leaves_on_close or not core.closing
    if core.generation.member_id and says_so:
        send_leave(core, core.generation.member_id, reason)
    core.generation = Generation()
    core.held, core.held_generation_id = PartitionSet(), NO_GENERATION
    holding.end(core)
    quiet(core)


def answered(core: MemberCore, sent: InFlight, response: LeaveGroupResponse) -> None:
    """Whatever it says, this member is out."""


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """The session timeout will do it; do not rely on that coordinator again."""
    forget_coordinator(core)
