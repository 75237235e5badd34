"""Who owns nothing exceeds max.poll.interval.ms, and comes back at its next poll (M07)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["IDLING"]

_NO_TOPIC = ("topic that does not exist",)
_OVER_MS = 1000


def _on(ground: Ground) -> Sequence[str]:
    followers = [ground.followers(group_id, static=False) for group_id in ground.groups()]
    return [names[-1] for names in followers if names]


def _play(ground: Ground, names: Sequence[str]) -> None:
    wanted = {name: ground.lane(name).topics for name in names}
    for name in names:
        ground.process(name).subscribe(_NO_TOPIC)
    if not ground.rests("a follower wanted nothing that exists"):
        return
    busy_ms = {name: ground.process(name).config.max_poll_interval_ms + _OVER_MS for name in names}
    for name in names:
        ground.process(name).occupy(busy_ms[name])
    ground.simulation.run_for(max(busy_ms.values()) + _OVER_MS)
    if ground.rests("a follower with no partitions was busy for too long"):
        for name in names:
            ground.process(name).subscribe(wanted[name])
        ground.rests("a follower wanted its topics again")


IDLING = Experiment(name="who owns nothing is busy for too long", on=_on, play=_play)
