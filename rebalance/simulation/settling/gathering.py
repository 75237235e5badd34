"""Those who are gone come back: experiments with nobody show nothing.

Rule kept: as many as make a group of three, in the order in which they were declared, and no two
with one group.instance.id. Nobody who polls so seldom that it is Stale most of the time.
"""

from rebalance.simulation.settling.ground import Ground

__all__ = ["gathering"]

_ENOUGH = 3


def gathering(ground: Ground) -> None:
    """Start consumers of the story anew, group by group."""
    simulation = ground.simulation
    most = min(_ENOUGH, simulation.config.group_max_size)
    for group_id in simulation.views.groups:
        living = {
            process.config.group_instance_id or name
            for name, process in simulation.processes.items()
            if process.alive and process.config.group_id == group_id
        }
        for name in list(simulation.processes):
            spec = simulation.members[name]
            known_as = spec.config.group_instance_id or name
            polls = spec.behaviour.poll_ms < spec.config.max_poll_interval_ms
            able = polls and spec.config.group_id == group_id and known_as not in living
            if able and len(living) < most:
                ground.start(name)
                living.add(known_as)
    ground.rests("consumers that were gone came back")
