"""All experiments, and which of them a story ends with.

Rule kept: the seed says in which order they are wanted, so that a story that is cut down keeps its
end. A few of many: each costs as much as a good part of a story, and there are many seeds.
"""

from random import Random

from rebalance.simulation.settling.crashing import CRASHING
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.forgotten_id import FORGOTTEN_ID
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.settling.growing import GROWING
from rebalance.simulation.settling.idling import IDLING
from rebalance.simulation.settling.late_commit import LATE_COMMIT
from rebalance.simulation.settling.late_plan import LATE_PLAN
from rebalance.simulation.settling.old_generation import OLD_GENERATION
from rebalance.simulation.settling.restarting import RESTARTING
from rebalance.simulation.settling.slow_plan import SLOW_PLAN
from rebalance.simulation.settling.standing_apart import STANDING_APART
from rebalance.simulation.settling.subscribing import SUBSCRIBING
from rebalance.simulation.settling.too_many import TOO_MANY

__all__ = ["EXPERIMENTS", "chosen"]

EXPERIMENTS: tuple[Experiment, ...] = (
    OLD_GENERATION,
    SUBSCRIBING,
    RESTARTING,
    GROWING,
    IDLING,
    CRASHING,
    LATE_PLAN,
    SLOW_PLAN,
    FORGOTTEN_ID,
    LATE_COMMIT,
    STANDING_APART,
    TOO_MANY,
)
"""In the order in which they are made: who watches its topics after a restart is seen as they grow,
and who is turned away at the end is missed by nobody."""

_PER_STORY = 3


def chosen(ground: Ground) -> tuple[Experiment, ...]:
    """Some of those that can be made now."""
    order = Random(ground.simulation.seed).sample(EXPERIMENTS, len(EXPERIMENTS))
    able = [experiment for experiment in order if experiment.on(ground)]
    return tuple(sorted(able[:_PER_STORY], key=EXPERIMENTS.index))
