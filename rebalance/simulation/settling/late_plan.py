"""Somebody comes while a plan is being written: the plan is of a generation that is over (S02)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["LATE_PLAN"]

_WRITES_MS = 200


def _on(ground: Ground) -> Sequence[str]:
    """Of one group only: the log is one. Nobody where somebody is so far away that a write which
    waits for it would outlast a request."""
    for group_id in ground.groups():
        names = ground.followers(group_id, static=False)
        waits = (ground.process(name).config.request_timeout_ms for name in names)
        if names and _writes_ms(ground) < min(waits):
            return names[-1:]
    return ()


def _writes_ms(ground: Ground) -> int:
    return _WRITES_MS + 20 * ground.round_trip_ms()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    (name,) = names
    group_id = ground.process(name).config.group_id
    ground.process(name).close()
    if not ground.rests("a follower left"):
        return
    writes_ms = _writes_ms(ground)
    usual_ms = {node: node.disk.append_ms for node in simulation.cluster.nodes.values()}
    for node in usual_ms:
        node.disk.append_ms = writes_ms
    ground.process(ground.members(group_id)[0]).enforce("a plan is to be written")
    group = simulation.views.groups[group_id]
    simulation.run_until(
        simulation.now + ground.patience_ms(), lambda: group.state == "CompletingRebalance"
    )
    simulation.run_for(3 * ground.round_trip_ms())  # the leader's SyncGroup is there
    ground.start(name)
    ground.rests("a member came while a plan was being written")
    for node, append_ms in usual_ms.items():
        node.disk.append_ms = append_ms


LATE_PLAN = Experiment(name="somebody comes while a plan is written", on=_on, play=_play)
