"""Every topic gets one partition more, and somebody owns it (M01: the leader looks)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["GROWING"]


def _on(ground: Ground) -> Sequence[str]:
    return [name for group_id in ground.groups() for name in ground.members(group_id)]


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    age_ms = max(ground.process(name).config.metadata_max_age_ms for name in names)
    # A static leader that was restarted knows its topics only once it has looked at them.
    if any(_is_static(ground, ground.leader(group_id)) for group_id in ground.groups()):
        simulation.run_for(age_ms + ground.slowness_ms())
    for topic, partitions in list(simulation.cluster.topics.items()):
        simulation.topic(topic, partitions + 1)
    ground.rests("topics grew", extra_ms=age_ms)


def _is_static(ground: Ground, name: str | None) -> bool:
    return name is not None and ground.process(name).config.group_instance_id is not None


GROWING = Experiment(name="topics grow", on=_on, play=_play)
