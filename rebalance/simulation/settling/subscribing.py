"""A follower of each group wants one topic less, then the same as before (J07, M01)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["SUBSCRIBING"]


def _on(ground: Ground) -> Sequence[str]:
    """No static member: one that is restarted keeps what its old self had (KAFKA-12759)."""
    followers = [ground.followers(group_id, static=False) for group_id in ground.groups()]
    able = [[name for name in names if len(ground.lane(name).topics) > 1] for names in followers]
    return [names[-1] for names in able if names]


def _play(ground: Ground, names: Sequence[str]) -> None:
    wanted = {name: ground.lane(name).topics for name in names}
    for name in names:
        ground.process(name).subscribe(wanted[name][1:])
    if ground.rests("a follower wanted a topic less"):
        for name in names:
            ground.process(name).subscribe(wanted[name])
        ground.rests("a follower wanted a topic more")


SUBSCRIBING = Experiment(name="a follower wants other topics", on=_on, play=_play)
