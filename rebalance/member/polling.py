"""The application's polls, and what happens without them (M07).

Rule kept: a member whose application does not poll for max.poll.interval.ms leaves by itself, loses
what it owned and waits; the next poll brings it back, whether it owned something or not.
Source: AbstractCoordinator.HeartbeatThread, handlePollTimeoutExpiry (KIP-62).
"""

from rebalance.member import joining, reasons
from rebalance.member.core import MemberCore
from rebalance.member.heartbeat import wanted
from rebalance.member.membership import OUT, go_out
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind


def polled(core: MemberCore) -> bool:
    """The application is alive; True if something follows from that."""
    state = core.state
    if state is MemberState.STALE:
        core.polled = True
        return True
    if state not in OUT and core.generation.joined:
        core.arm(TimerKind.POLL, core.config.max_poll_interval_ms)
    return False


def expired(core: MemberCore) -> None:
    """The application is stuck. Before a JoinGroup is answered nobody waits for it."""
    if wanted(core) and core.state is not MemberState.LEAVING:
        core.polled = False
        go_out(core, MemberState.STALE, reasons.POLL_TIMEOUT)


def step(core: MemberCore) -> bool:
    """The next thing to do in STALE; True if something was done."""
    if not core.polled:
        return False
    core.polled = False
    core.request_rejoin(reasons.BACK_AFTER_POLL_TIMEOUT)
    return joining.begin(core)
