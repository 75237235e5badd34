"""A commit that waits behind a lost one, while its partition gets another owner (I03)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["LATE_COMMIT"]

_ASKS_MS = 15_000
"""How long the visitor waits for an answer: others own and read meanwhile."""
_READS_MS = 1500


def _on(ground: Ground) -> Sequence[str]:
    """Somebody with a topic that it can do without, as long as others want it."""
    config = ground.simulation.config
    for group_id in ground.groups():
        names = ground.members(group_id)
        able = [name for name in names if len(ground.lane(name).topics) > 1]
        if able and len(names) < config.group_max_size:
            return able[:1]
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    name = ground.visitor(names[0], request_timeout_ms=_ASKS_MS, enable_auto_commit=False)
    if not ground.rests("a member came"):
        return
    visitor, lane = ground.process(name), ground.lane(name)
    topics = sorted({topic for topic, _ in lane.owned}) or [lane.topics[0]]
    visitor.commit()
    simulation.run_for(ground.slowness_ms() + 50)
    visitor.lines.lost_requests.begin("OffsetCommit", 0)
    visitor.commit()
    simulation.run_for(50)
    visitor.lines.mend()
    visitor.commit()
    visitor.subscribe(tuple(topic for topic in lane.topics if topic != topics[0]))
    if not ground.rests("a member wanted a topic less, a commit of which is not answered"):
        return
    simulation.run_for(_READS_MS)
    for other in ground.others(name):
        ground.process(other).commit()
    simulation.run_for(_ASKS_MS)
    visitor.close()
    ground.rests("a member left")


LATE_COMMIT = Experiment(name="a commit comes late", on=_on, play=_play)
