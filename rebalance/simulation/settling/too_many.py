"""More consumers come than group.max.size allows: as many are turned away (J03)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["TOO_MANY"]

_MOST = 10
"""Where more are allowed nobody waits for so many to come."""


def _on(ground: Ground) -> Sequence[str]:
    """Static members count even while they are away: of one group without."""
    if ground.simulation.config.group_max_size > _MOST:
        return ()
    for group_id in ground.groups():
        if not ground.members(group_id, static=True):
            return ground.members(group_id)
    return ()


def _play(ground: Ground, names: Sequence[str]) -> None:
    group_id = ground.process(names[0]).config.group_id
    more = ground.simulation.config.group_max_size + 1 - len(names)
    visitors = [ground.visitor(names[0], f"visitor {number}") for number in range(more)]
    if not ground.rests("more came than group.max.size allows"):
        return
    for visitor in visitors:
        ground.process(visitor).close()
    if not ground.rests("those that were too many left"):
        return
    staying = ground.members(group_id)
    for name in names:
        if name not in staying:  # it came last to join again, and was turned away
            ground.process(name).crash()
            ground.start(name)
    ground.rests("those that were turned away came back")


TOO_MANY = Experiment(name="more come than the group may have", on=_on, play=_play)
