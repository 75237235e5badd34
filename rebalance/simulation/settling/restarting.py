"""Each static member crashes and is back within its session: nobody else notices (J15)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["RESTARTING"]


def _on(ground: Ground) -> Sequence[str]:
    """Only who comes back with the topics that it had (KAFKA-12759)."""
    return [
        name
        for group_id in ground.groups()
        for name in ground.members(group_id, static=True)
        if ground.simulation.members[name].topics == ground.lane(name).topics
    ]


def _play(ground: Ground, names: Sequence[str]) -> None:
    for name in names:
        ground.process(name).crash()
        ground.start(name)
    ground.rests("static members were restarted")


RESTARTING = Experiment(name="static members are restarted", on=_on, play=_play)
