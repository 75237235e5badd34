"""One more rebalance with the same members and the same topics moves nothing."""

from collections.abc import Mapping

from assignors.interface import RebalanceProtocol, assignor_protocols
from rebalance.simulation.checkers import Problem, ProblemKind
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.views import Partition

__all__ = ["nothing_moves"]

_Owners = Mapping[str, tuple[Partition, ...]]
"""Lane -> what it owns."""


def nothing_moves(ground: Ground) -> None:
    """Somebody in each group asks for a rebalance.

    Of a group that was loaded its coordinator knows the chosen protocol and no other (P03): with
    all of them known it may choose another. And what is in force may have been planned with what
    somebody claimed whose place was taken. Then only the rebalance after this has the same inputs.
    """
    groups = ground.simulation.views.groups
    loaded = {each: groups[each].protocol_name for each in ground.groups() if groups[each].loaded}
    forgotten = {each for each in ground.groups() if _claims_are_forgotten(ground, each)}
    moved = _moved_by_asking(ground)
    other_inputs = forgotten | {
        each for each in loaded if groups[each].protocol_name != loaded[each]
    }
    if moved & other_inputs:
        moved = moved - other_inputs | _moved_by_asking(ground)
    if moved and not ground.problems:
        text = "a rebalance with the same members and topics moved partitions"
        ground.report(Problem(kind=ProblemKind.MOVES, text=text))


def _claims_are_forgotten(ground: Ground, group_id: str) -> bool:
    """A static member's place was taken (J15), and nobody is left who claims what it has.

    Eager members of a cooperative assignor have given everything up before they join, and unlike
    those of `sticky` they say nothing of it in their user data.
    """
    simulation = ground.simulation
    group, lanes = simulation.views.groups[group_id], simulation.views.lanes_of(group_id)
    chosen = (
        assignor
        for name in ground.members(group_id)
        for assignor in ground.process(name).assignors
        if assignor.name == group.protocol_name
    )
    cooperates = any(RebalanceProtocol.COOPERATIVE in assignor_protocols(each) for each in chosen)
    return (
        bool(group.replaced)
        and cooperates
        and all(simulation.protocol_of(lane.name) is RebalanceProtocol.EAGER for lane in lanes)
    )


def _moved_by_asking(ground: Ground) -> set[str]:
    """Ids of the groups in which a rebalance that nobody needs moves something."""
    simulation = ground.simulation
    before = {group_id: _owners(simulation, group_id) for group_id in ground.groups()}
    for group_id in before:
        ground.process(ground.members(group_id)[0]).enforce("does anything move without a reason?")
    if not simulation.run_until_stable():
        ground.report_unrest()
        return set()
    after = {group_id: _owners(simulation, group_id) for group_id in before}
    return {
        group_id
        for group_id, owners in before.items()
        if owners.keys() == after[group_id].keys() and owners != after[group_id]
    }


def _owners(simulation: Simulation, group_id: str) -> _Owners:
    """Of who lives; of nobody in a group that need not keep what it has.

    A leader whose assignor raises is gone after one rebalance more. In a group on its way from
    eager to cooperative those that are still eager claim nothing, so that plans may change.
    """
    living = simulation.views.lanes_of(group_id)
    if len({simulation.protocol_of(lane.name) for lane in living}) > 1:
        return {}
    return {lane.name: tuple(sorted(lane.owned)) for lane in living}
