"""Staying in the group: heartbeats, what they answer, and what silence means (M05).

Rule kept: heartbeats go on from an answered JoinGroup to the next JoinGroup, whatever callbacks are
running; an error is acted on only if the generation is still the one it was sent with.
Source: AbstractCoordinator.HeartbeatThread, HeartbeatResponseHandler, Heartbeat.
"""

from assignors.interface import RebalanceProtocol
from rebalance.member import reasons
from rebalance.member.core import InFlight, MemberCore, RequestKind
from rebalance.member.membership import OUT, fail, forget_coordinator, lose_generation
from rebalance.member.profile import HeartbeatPhase
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest
from rebalance.protocol.responses import HeartbeatResponse
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.HEARTBEAT
_FATAL = frozenset(
    {
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.GROUP_AUTHORIZATION_FAILED,
        ErrorCode.INVALID_GROUP_ID,
    }
)
"""Anything else is tried again: the session timeout is the judge (as in Java)."""

SETTLED = frozenset({MemberState.STABLE, MemberState.RECONCILING})
"""States in which a rebalance of the group is news."""


def begin(core: MemberCore) -> None:
    """A generation was joined: all clocks of membership start anew."""
    core.heartbeat_due = False
    if core.config.profile.heartbeat_phase is HeartbeatPhase.JOINED:
        core.arm(TimerKind.HEARTBEAT, core.config.heartbeat_interval_ms)
    else:
        core.timers.cancel(core.key(TimerKind.HEARTBEAT))
    core.arm(TimerKind.MEMBER_SESSION, core.config.session_timeout_ms)
    core.arm(TimerKind.POLL, core.config.max_poll_interval_ms)


def synced(core: MemberCore) -> None:
    """The member has its assignment: clients that kept still until now beat again."""
    match core.config.profile.heartbeat_phase:
        case HeartbeatPhase.SYNCED:
            core.arm(TimerKind.HEARTBEAT, core.config.heartbeat_interval_ms)
        case HeartbeatPhase.LAST:
            last_ms = core.last_heartbeat_ms
            due = core.now if last_ms is None else last_ms + core.config.heartbeat_interval_ms
            core.arm(TimerKind.HEARTBEAT, max(due - core.now, 0))


def wanted(core: MemberCore) -> bool:
    """A member parked in JoinGroup is kept alive by the coordinator itself (J09)."""
    return (
        core.generation.joined and core.state not in OUT and core.state is not MemberState.JOINING
    )


def due(core: MemberCore) -> None:
    """The interval is over."""
    core.heartbeat_due = True


def pursue(core: MemberCore) -> None:
    """Send the heartbeat that is due, once the last one is answered and there is a coordinator."""
    if not core.heartbeat_due or KIND in core.requests or core.coordinator is None:
        return
    if not wanted(core):
        return
    core.heartbeat_due = False
    core.last_heartbeat_ms = core.now
    core.arm(TimerKind.HEARTBEAT, core.config.heartbeat_interval_ms)
    request = HeartbeatRequest(
        group_id=core.config.group_id,
        generation_id=core.generation.generation_id,
        member_id=core.generation.member_id,
        group_instance_id=core.config.group_instance_id,
    )
    core.send(KIND, request)


def session_expired(core: MemberCore) -> None:
    """No heartbeat succeeded for session.timeout.ms: perhaps the coordinator is elsewhere.

    A process that slept that long is likely to be out of the group, and must hear of it as soon as
    it can (I01): a commit on its way is left to be answered, the next heartbeat does not pause.
    """
    if wanted(core):
        core.drop(KIND)
        core.heartbeat_due = True
        forget_coordinator(core, spared=frozenset({RequestKind.OFFSET_COMMIT}))


def answered(core: MemberCore, sent: InFlight, response: HeartbeatResponse) -> None:
    """M05."""
    error = response.error
    current = sent.generation == core.generation
    match error:
        case ErrorCode.NONE:
            _succeeded(core)
        case ErrorCode.REBALANCE_IN_PROGRESS:
            _succeeded(core)
            if current and core.state in SETTLED:
                if core.protocol is RebalanceProtocol.EAGER:
                    core.last_join_ms = None
                core.request_rejoin(reasons.GROUP_REBALANCES)
        case ErrorCode.COORDINATOR_NOT_AVAILABLE | ErrorCode.NOT_COORDINATOR:
            forget_coordinator(core)
            retry(core)
        case _ if not current:
            pass
        case ErrorCode.ILLEGAL_GENERATION | ErrorCode.UNKNOWN_MEMBER_ID:
            lose_generation(
                core,
                reasons.after_error(KIND.value, error.name),
                keep_member_id=error is ErrorCode.ILLEGAL_GENERATION,
            )
        case _ if error in _FATAL:
            fail(core, _fatal(core, error), code=error)
        case _:
            retry(core)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """The connection broke or the coordinator is too slow: ask where it is, beat again soon."""
    forget_coordinator(core)
    retry(core)


def retry(core: MemberCore) -> None:
    """Sooner than the interval: the session is running out."""
    if wanted(core):
        core.failures[KIND.value] += 1
        core.heartbeat_due = False
        core.arm(TimerKind.HEARTBEAT, core.config.backoff_ms(core.failures[KIND.value]))


def _succeeded(core: MemberCore) -> None:
    core.recovered(KIND)
    if core.generation.joined and core.state not in OUT:
        core.arm(TimerKind.MEMBER_SESSION, core.config.session_timeout_ms)


def _fatal(core: MemberCore, error: ErrorCode) -> str:
    if error is ErrorCode.FENCED_INSTANCE_ID:
        return (
            f"group.instance.id {core.config.group_instance_id!r} was taken over by another "
            "consumer: give every consumer its own"
        )
    return f"the coordinator refused a heartbeat of group {core.config.group_id!r}: {error.name}"
