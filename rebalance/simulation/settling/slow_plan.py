"""Who crashes while its SyncGroup is parked is given up on, however long the plan took (S05)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["SLOW_PLAN"]

_OVER_MS = 500


def _on(ground: Ground) -> Sequence[str]:
    """A follower whose session is over before its leader is late: of one group."""
    for group_id in ground.groups():
        leader = ground.leader(group_id)
        if leader is None:
            continue
        limit_ms = ground.process(leader).config.max_poll_interval_ms - 4 * _OVER_MS
        for name in ground.followers(group_id):
            if ground.process(name).config.session_timeout_ms < limit_ms:
                return (name,)
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    (name,) = names
    process = ground.process(name)
    group_id = process.config.group_id
    leader = ground.process(ground.leader(group_id) or name)
    patience_ms, usual_ms = ground.patience_ms(), leader.behaviour.assignor_ms
    leader.behave({"assignor_ms": process.config.session_timeout_ms + _OVER_MS})
    leader.enforce("a plan is to take its time")
    group = simulation.views.groups[group_id]
    simulation.run_until(simulation.now + patience_ms, lambda: group.state == "CompletingRebalance")
    simulation.run_for(20 * ground.round_trip_ms())  # its SyncGroup is there
    process.crash()
    simulation.run_until(simulation.now + patience_ms, lambda: group.state == "Stable")
    leader.behave({"assignor_ms": usual_ms})
    if ground.rests("a member crashed while it waited for a slow plan", extra_ms=patience_ms):
        ground.start(name)
        ground.rests("a member came back after its session")


SLOW_PLAN = Experiment(name="a member crashes while a plan takes its time", on=_on, play=_play)
