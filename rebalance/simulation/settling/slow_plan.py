"""Who crashes while its SyncGroup is parked is given up on, however long the plan took (S05).

Only its session may end meanwhile: whoever else is parked hears nothing either, takes its
coordinator for lost when its own session is over, and joins again.
"""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["SLOW_PLAN"]

_SESSION_MS = 1000
_OVER_MS = 250


def _session_ms(ground: Ground) -> int:
    return max(_SESSION_MS, ground.simulation.config.group_min_session_timeout_ms)


def _on(ground: Ground) -> Sequence[str]:
    """The leader of one group where everything else takes longer, and one more has room."""
    takes_ms = _session_ms(ground) + _OVER_MS + ground.slowness_ms()
    for group_id in ground.groups():
        leader, names = ground.leader(group_id), ground.members(group_id)
        limits = [ground.process(name).config.session_timeout_ms for name in names]
        if leader is not None and len(names) < ground.simulation.config.group_max_size:
            limits.append(ground.process(leader).config.max_poll_interval_ms)
            if takes_ms + ground.beat_ms(group_id) < min(limits):
                return (leader,)
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    leader, session_ms = ground.process(names[0]), _session_ms(ground)
    group_id = leader.config.group_id
    visitor = ground.visitor(
        names[0], session_timeout_ms=session_ms, heartbeat_interval_ms=session_ms // 3
    )
    if not ground.rests("a member came"):
        return
    usual_ms = leader.behaviour.assignor_ms
    leader.behave({"assignor_ms": session_ms + _OVER_MS})
    leader.enforce("a plan is to take its time")
    group, patience_ms = simulation.views.groups[group_id], ground.patience_ms()
    simulation.run_until(simulation.now + patience_ms, lambda: group.state == "CompletingRebalance")
    simulation.run_for(3 * ground.round_trip_ms())  # its SyncGroup is there
    ground.process(visitor).crash()
    simulation.run_until(simulation.now + patience_ms, lambda: group.state == "Stable")
    leader.behave({"assignor_ms": usual_ms})
    ground.rests("a member crashed while it waited for a slow plan", extra_ms=session_ms)


SLOW_PLAN = Experiment(name="a member crashes while a plan takes its time", on=_on, play=_play)
