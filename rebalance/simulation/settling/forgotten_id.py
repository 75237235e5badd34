"""An id that is asked for and never used holds a rebalance up for its session, no longer (H06)."""

from collections.abc import Sequence

from assignors.codec import encode_subscription
from assignors.model import Subscription
from rebalance.protocol.requests import GroupProtocol, JoinGroupRequest
from rebalance.simulation.checkers import Problem, ProblemKind
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["FORGOTTEN_ID"]

_SPARE_MS = 1000


def _session_ms(ground: Ground, group_id: str) -> int:
    """Long enough that everybody else has joined again: then it is this that ends the wait."""
    polls_ms = max(ground.process(n).behaviour.poll_ms for n in ground.members(group_id))
    hears_ms = ground.beat_ms(group_id) + polls_ms + ground.slowness_ms() + _SPARE_MS
    return max(hears_ms, ground.simulation.config.group_min_session_timeout_ms)


def _on(ground: Ground) -> Sequence[str]:
    """Where the rebalance timeout would come much later: of one group."""
    for group_id in ground.groups():
        if _session_ms(ground, group_id) + 2 * _SPARE_MS < ground.rebalance_ms(group_id):
            return ground.members(group_id)[:1]
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    group_id = ground.process(names[0]).config.group_id
    metadata = encode_subscription(Subscription(topics=ground.lane(names[0]).topics))
    offered = simulation.views.groups[group_id].protocol_name
    session_ms = _session_ms(ground, group_id)
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
    ground.process(names[0]).enforce("somebody asked for an id")
    simulation.run_for(session_ms + _SPARE_MS)
    group = simulation.views.groups[group_id]
    if group.state == "PreparingRebalance" and group.since < simulation.now - session_ms:
        text = (
            f"group {group_id} waits for others since {simulation.now - group.since} ms, and who "
            f"asked for an id had {session_ms} ms to join with it"
        )
        ground.report(Problem(kind=ProblemKind.WAITS_TOO_LONG, group_id=group_id, text=text))
        return
    ground.rests("somebody asked for an id and never joined")


FORGOTTEN_ID = Experiment(name="an id is asked for and never used", on=_on, play=_play)
