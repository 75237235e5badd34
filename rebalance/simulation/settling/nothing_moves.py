"""One more rebalance with the same members and the same topics moves nothing."""

from assignors.interface import RebalanceProtocol
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.simulation import Simulation

__all__ = ["nothing_moves"]


def nothing_moves(ground: Ground) -> None:
    """Somebody in each group asks for a rebalance."""
    simulation = ground.simulation
    before = _owners(simulation)
    for group_id in ground.groups():
        ground.process(ground.members(group_id)[0]).enforce("does anything move without a reason?")
    if not simulation.run_until_stable():
        ground.report("; ".join(simulation.blockers()))
    elif (after := _owners(simulation)) != before and after.keys() == before.keys():
        ground.report("a rebalance with the same members and topics moved partitions")


def _owners(simulation: Simulation) -> dict[str, list[tuple[str, int]]]:
    """Of who lives, in groups that must keep what they have.

    A leader whose assignor raises is gone after one rebalance more. In a group on its way from
    eager to cooperative those that are still eager claim nothing, so that plans may change.
    """
    living = [lane for lane in simulation.views.lanes.values() if not lane.ended]
    spoken: dict[str, set[RebalanceProtocol]] = {}
    for lane in living:
        spoken.setdefault(lane.group_id, set()).add(simulation.protocol_of(lane.name))
    settled = (lane for lane in living if len(spoken[lane.group_id]) == 1)
    return {lane.name: sorted(lane.owned) for lane in settled}
