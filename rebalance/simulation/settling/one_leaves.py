"""Somebody leaves and comes back; where claims are kept, the others keep theirs."""

from collections.abc import Iterable

from assignors.interface import RebalanceProtocol
from rebalance.simulation.checkers import Problem, ProblemKind
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.views import Lane

__all__ = ["one_leaves"]


def one_leaves(ground: Ground) -> None:
    """The last one of each group: others get what it had, and give it up when it is back."""
    simulation = ground.simulation
    before = {lane.name: set(lane.owned) for lane in _keepers(simulation)}
    gone: list[str] = []
    for group_id in ground.groups():
        leaving = ground.members(group_id, static=False)
        if len(leaving) > 1:
            ground.process(leaving[-1]).close()
            gone.append(leaving[-1])
    if not simulation.run_until_stable():
        ground.report_unrest()
        return
    for lane in _keepers(simulation):
        if not before.get(lane.name, set()) <= lane.owned:
            text = f"{lane.name} lost partitions because another member left"
            ground.report(Problem(kind=ProblemKind.LOSES, group_id=lane.group_id, text=text))
    for name in gone:
        ground.start(name)
    ground.rests("somebody left and came back")


def _keepers(simulation: Simulation) -> Iterable[Lane]:
    """Who lives in a group whose assignor is sticky and whose members all want the same.

    `cooperative-sticky` is so for cooperative members only: what an eager one owned it gave up
    before it joined, and unlike `sticky` it claims nothing in its user data.
    """
    for group in simulation.views.groups.values():
        lanes = simulation.views.lanes_of(group.group_id)
        alike = {(lane.topics, simulation.protocol_of(lane.name)) for lane in lanes}
        claims = group.protocol_name == "sticky" or (
            group.protocol_name == "cooperative-sticky"
            and all(protocol is RebalanceProtocol.COOPERATIVE for _, protocol in alike)
        )
        if len(alike) == 1 and claims:
            yield from lanes
