"""Finding the group's coordinator, and finding it again.

Rule kept: whoever needs a coordinator waits until there is one; one lookup is in flight at most;
failures pause with a growing backoff; what cannot get better is fatal.
Source: AbstractCoordinator.lookupCoordinator and its response handler.
"""

from rebalance.member.core import InFlight, MemberCore, RequestKind
from rebalance.member.membership import OUT, fail
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import FindCoordinatorRequest
from rebalance.protocol.responses import FindCoordinatorResponse
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.FIND_COORDINATOR


def wanted(core: MemberCore) -> bool:
    """Who leaves looks for it only while something is to be committed."""
    if core.state is MemberState.LEAVING:
        return core.release is not None or bool(core.commits)
    return core.state not in OUT


def pursue(core: MemberCore) -> None:
    """Ask for the coordinator if it is wanted, unknown and not asked for already."""
    if core.coordinator is not None or not wanted(core):
        return
    if KIND not in core.requests and not core.backing_off(KIND):
        core.send(KIND, FindCoordinatorRequest(group_id=core.config.group_id))


def answered(core: MemberCore, sent: InFlight, response: FindCoordinatorResponse) -> None:
    """Found, try again later, or never."""
    error = response.error
    if error is ErrorCode.NONE and response.node_id >= 0:
        core.recovered(KIND)
        core.coordinator = response.node_id
        if core.generation.joined:
            core.arm(TimerKind.MEMBER_SESSION, core.config.session_timeout_ms)
    elif error is ErrorCode.NONE or error in RETRIABLE:
        core.back_off(KIND)
    else:
        fail(
            core,
            f"the coordinator of group {core.config.group_id!r} cannot be looked up: {error.name}; "
            "check group.id and the permissions on the group",
            code=error,
        )


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """That broker is away; another one may answer."""
    core.back_off(KIND)
