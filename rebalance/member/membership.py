"""Losing a generation, a coordinator, or membership for good.

Why: these three happen in every phase, and what they undo must be undone the same way everywhere.
Rule M02: once the generation is gone, what the member owned is lost before it joins again, so that
a stale claim is never sent.
Source: AbstractCoordinator.resetStateAndGeneration, markCoordinatorUnknown, maybeLeaveGroup.
"""

from assignors.model import PartitionSet
from rebalance.member import holding, reasons
from rebalance.member.core import (
    ANYWHERE,
    CallbackKind,
    Generation,
    MemberCore,
    RequestKind,
)
from rebalance.member.events import Failed, Lose
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    NO_GENERATION,
    NO_MEMBER_ID,
    LeaveGroupRequest,
    LeavingMember,
)
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind

BETWEEN_JOIN_AND_SYNC = frozenset({MemberState.JOINING, MemberState.ASSIGNING, MemberState.SYNCING})
"""From a JoinGroup to the answer to SyncGroup no commit is taken (O02)."""

_JOINED_OR_JOINING = BETWEEN_JOIN_AND_SYNC | {MemberState.RECONCILING, MemberState.STABLE}
"""States that a lost generation throws back to before the join."""

_NO_MEMBER_ANY_MORE = frozenset(
    {
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.GROUP_AUTHORIZATION_FAILED,
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        ErrorCode.INVALID_GROUP_ID,
    }
)
"""Fatal errors after which there is nothing to leave, or nobody would listen."""

OUT = frozenset(
    {MemberState.UNSUBSCRIBED, MemberState.STALE, MemberState.FAILED, MemberState.STOPPED}
)
"""States in which the member is in no group and wants nothing of a coordinator."""


def abandon_rebalance(core: MemberCore) -> None:
    """Forget everything that a running rebalance waits for; late outcomes are nobody's."""
    for kind in (RequestKind.JOIN_GROUP, RequestKind.SYNC_GROUP, RequestKind.METADATA):
        core.drop(kind)
    core.leading = None
    core.assignment = None


def abandon_release(core: MemberCore) -> None:
    """Stop committing before a revocation; a Revoke that was called runs to its end."""
    core.release = None
    core.recovered(RequestKind.OFFSET_COMMIT)
    sent = core.requests.get(RequestKind.OFFSET_COMMIT)
    if sent is not None and not sent.commits:
        core.drop(RequestKind.OFFSET_COMMIT)


def stop_watching(core: MemberCore) -> None:
    """No longer the leader of a settled generation: others look after the metadata."""
    core.watch = None
    core.leader = False
    core.drop(RequestKind.METADATA)
    core.timers.cancel(core.key(TimerKind.METADATA))
    core.recovered(RequestKind.METADATA)


def lose_generation(core: MemberCore, reason: str, *, keep_member_id: bool) -> None:
    """The coordinator no longer knows this generation: lose everything, then join afresh.

    After ILLEGAL_GENERATION the member id may still be valid and is kept, so that the group need
    not wait for a member that does not exist any more (Java does the same).
    """
    member_id = core.generation.member_id if keep_member_id else NO_MEMBER_ID
    core.generation = Generation(generation_id=NO_GENERATION, member_id=member_id)
    core.lost = True
    abandon_release(core)
    abandon_rebalance(core)
    stop_watching(core)
    if core.state in _JOINED_OR_JOINING:
        core.enter(MemberState.PREPARING_JOIN)
        core.request_rejoin(reason)


def lose_partitions(core: MemberCore) -> None:
    """Tell the listener that what is owned is gone (M02); from here on it is not owned."""
    core.lost = False
    core.held, core.held_generation_id = PartitionSet(), NO_GENERATION
    if core.owned:
        partitions, core.owned = core.owned, PartitionSet()
        core.emit(Lose(token=core.call(CallbackKind.LOSE, partitions), partitions=partitions))


def join_again(core: MemberCore, reason: str, *, pause: bool) -> None:
    """A rebalance failed without harm: same member, same claims, next try."""
    core.request_rejoin(reason)
    if pause:
        core.back_off(RequestKind.JOIN_GROUP)
    unknown = core.coordinator is None
    core.enter(MemberState.FINDING_COORDINATOR if unknown else MemberState.PREPARING_JOIN)


def forget_coordinator(core: MemberCore, *, spared: frozenset[RequestKind] = frozenset()) -> None:
    """It moved or is gone: what is in flight to it counts as unanswered, and it is looked up."""
    if core.coordinator is None:
        return
    core.coordinator = None
    for kind in [kind for kind in core.requests if kind not in ANYWHERE | spared]:
        sent = core.drop(kind)
        if sent is not None:
            core.broken.append(sent)


def send_leave(core: MemberCore, member_id: str, reason: str) -> None:
    """LeaveGroup, once and without retry: only a dynamic member that has an id sends it (M05)."""
    core.drop(RequestKind.LEAVE_GROUP)
    dynamic = core.config.group_instance_id is None
    if dynamic and member_id != NO_MEMBER_ID and core.coordinator is not None:
        leaving = LeavingMember(member_id=member_id, reason=reasons.on_the_wire(reason))
        request = LeaveGroupRequest(group_id=core.config.group_id, members=(leaving,))
        core.send(RequestKind.LEAVE_GROUP, request)


def go_out(core: MemberCore, state: MemberState, leave_reason: str | None) -> None:
    """Out of the group at once: stale or failed. What is owned is lost, LeaveGroup may go out.

    The partitions are lost before LeaveGroup lets others have them, unless the listener is busy:
    a listener that hangs is what rule M07 is about, the group must not wait for it.
    """
    member_id = core.generation.member_id
    core.generation = Generation()
    core.lost = True
    core.rejoin_reason = None
    holding.end(core)
    abandon_release(core)
    abandon_rebalance(core)
    stop_watching(core)
    if core.callback is None:
        lose_partitions(core)
    if leave_reason is not None:
        send_leave(core, member_id, leave_reason)
    core.enter(state)
    quiet(core)


def quiet(core: MemberCore) -> None:
    """Nothing is waited for any more but callbacks and the answer to LeaveGroup."""
    for kind in (TimerKind.HEARTBEAT, TimerKind.MEMBER_SESSION, TimerKind.POLL):
        core.timers.cancel(core.key(kind))
    for request in (RequestKind.HEARTBEAT, RequestKind.FIND_COORDINATOR):
        core.drop(request)
    for request in RequestKind:
        core.recovered(request)
    core.heartbeat_due = False


def fail(
    core: MemberCore,
    error: str,
    *,
    code: ErrorCode | None = None,
    cause: BaseException | None = None,
    leave_reason: str | None = None,
) -> None:
    """Out for good, loudly; a dynamic member leaves, so that the others need not wait (M08).

    A member that is leaving anyway only stops being a member; one that is out stays out. While the
    listener is busy what is owned is still owned, and the user is told when it is lost: in Java the
    thread that runs the listener is the one that the error is raised in, by its next poll.
    """
    if core.state in OUT:
        return
    if core.state is MemberState.LEAVING:
        lose_generation(core, error, keep_member_id=False)
        return
    if leave_reason is None and code is not None and code not in _NO_MEMBER_ANY_MORE:
        leave_reason = reasons.failed(code.name)
    core.failure = Failed(error=error, code=code, cause=cause)
    go_out(core, MemberState.FAILED, leave_reason)
    if not core.lost:
        tell_failure(core)


def tell_failure(core: MemberCore) -> None:
    """Tell the user why the member is out, if it is: what it owned it has lost."""
    if core.failure is not None:
        core.emit(core.failure)
        core.failure = None
