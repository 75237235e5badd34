"""Carrying out an assignment: revoke, assign, and join again if something was revoked (M01).

Rule kept: one call of the listener at a time, in this order, heartbeats going on; what begins
meanwhile waits until the listener is done; a listener that raises is reported and stops nothing.
Source: ConsumerCoordinator.onJoinComplete.
"""

from assignors.interface import RebalanceProtocol
from rebalance.member import reasons, release
from rebalance.member.core import CallbackKind, MemberCore
from rebalance.member.events import Assign, CallbackDone, ListenerFailed
from rebalance.protocol.states import MemberState


def step(core: MemberCore) -> bool:
    """The next thing to do in RECONCILING; True if something was done."""
    if core.release is not None:
        return release.step(core)
    if core.assignment is None:
        core.enter(MemberState.STABLE)
        return True
    revoked = core.owned - core.assignment
    if revoked and core.protocol is RebalanceProtocol.COOPERATIVE:
        core.request_rejoin(reasons.REVOKED)
        release.begin(core, revoked)
        return True
    added, core.owned = core.assignment - core.owned, core.assignment
    core.assignment = None
    core.emit(
        Assign(
            token=core.call(CallbackKind.ASSIGN, added),
            partitions=added,
            generation_id=core.generation.generation_id,
        )
    )
    return True


def callback_done(core: MemberCore, event: CallbackDone) -> None:
    """The listener returned or raised: what was revoked is owned no more."""
    callback = core.callback
    if callback is None or callback.token != event.token:
        return
    core.callback = None
    if event.error is not None:
        core.emit(ListenerFailed(callback=callback.kind.value, error=event.error))
    if callback.kind is CallbackKind.REVOKE:
        core.owned -= callback.partitions
        release.listener_done(core)
    if callback.kind is not CallbackKind.ASSIGN:
        core.last_join_ms = None
