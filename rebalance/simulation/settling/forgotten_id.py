"""An id that is asked for and never used holds a rebalance up for its session, no longer (H06)."""

from collections.abc import Sequence

from assignors.codec import encode_subscription
from assignors.model import Subscription
from rebalance.protocol.requests import GroupProtocol, JoinGroupRequest
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["FORGOTTEN_ID"]

_SESSION_MS = 1500
_SPARE_MS = 2000


def _session_ms(ground: Ground) -> int:
    return max(_SESSION_MS, ground.simulation.config.group_min_session_timeout_ms)


def _within_ms(ground: Ground, group_id: str) -> int:
    """Its session; everybody hears of the rebalance meanwhile; a second one may follow."""
    hears_ms = 3 * ground.beat_ms(group_id) + ground.slowness_ms()
    return _session_ms(ground) + hears_ms + _SPARE_MS


def _on(ground: Ground) -> Sequence[str]:
    """Where the rebalance timeout would come much later: of one group."""
    for group_id in ground.groups():
        within_ms = _within_ms(ground, group_id)
        polls_ms = max(ground.process(n).behaviour.poll_ms for n in ground.members(group_id))
        if within_ms + polls_ms + _SPARE_MS < ground.rebalance_ms(group_id):
            return ground.members(group_id)[:1]
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    group_id = ground.process(names[0]).config.group_id
    metadata = encode_subscription(Subscription(topics=ground.lane(names[0]).topics))
    offered = simulation.views.groups[group_id].protocol_name
    session_ms = _session_ms(ground)
    simulation.stranger().send(
        JoinGroupRequest(
            group_id=group_id,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=session_ms,
            member_id="",
            protocol_type="consumer",
            protocols=(GroupProtocol(name=offered, metadata=metadata),),
            version=9,
            client_id="stranger",
        )
    )
    simulation.run_for(2 * ground.round_trip_ms())
    within_ms = _within_ms(ground, group_id)
    ground.process(names[0]).enforce("somebody asked for an id")
    simulation.run_for(within_ms)
    group = simulation.views.groups[group_id]
    if group.state == "PreparingRebalance":
        ground.report(
            f"group {group_id} still waits for others {within_ms} ms after a rebalance began, and "
            f"who asked for an id had {session_ms} ms to join with it"
        )
        return
    ground.rests("somebody asked for an id and never joined")


FORGOTTEN_ID = Experiment(name="an id is asked for and never used", on=_on, play=_play)
