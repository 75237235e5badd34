"""After the story all come to rest and stay so (I05), and nothing is lost (I06).

Why: a fault may hide what it broke, for whoever comes next heals it. So every story is given an
end: faults are mended, nobody is given up on, one more rebalance moves nothing, and somebody leaves
and comes back. What happens here is checked, but no part of the trace.
"""

from collections.abc import Iterable

from assignors.interface import RebalanceProtocol
from rebalance.protocol.states import MemberState
from rebalance.simulation.checkers import AtRest, RecordsEnded, Unsettled
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.views import Lane

__all__ = ["settle"]

_IDLE_MS = 10_000
"""An application that processes nothing for so long has nothing more to do."""


def settle(simulation: Simulation) -> None:
    """Rules I05 and I06, after the story: without further faults all come to rest, and stay so.

    What happens here is checked but not part of the trace. Whoever stands still goes on first,
    or it could never end.
    """
    simulation.stop_recording()
    _come_to_rest(simulation)
    if simulation.host is not None:
        _read_to_the_end(simulation)
    simulation.tell_progress()
    simulation.checkers.told(RecordsEnded(t=simulation.now))


def _read_to_the_end(simulation: Simulation) -> None:
    """Producers stop; time passes as long as somebody makes progress with what is there."""
    for topic in simulation.logs.produced_to():
        simulation.produce(topic, 0)
    before = -1
    while (processed := _processed(simulation)) > before:
        before = processed
        simulation.run_for(_IDLE_MS)


def _processed(simulation: Simulation) -> int:
    groups = simulation.views.groups
    return sum(simulation.checkers.records.counts(group_id).processed for group_id in groups)


def _come_to_rest(simulation: Simulation) -> None:
    simulation.cluster.mend()
    for process in simulation.processes.values():
        process.lines.mend()
        process.resume()
    simulation.run_until(
        max([simulation.now, *(process.busy_until for process in simulation.alive())])
    )
    if not simulation.run_until_stable():
        _unsettled(simulation, ["; ".join(simulation.blockers())])
        return
    _stay_at_rest(simulation)
    simulation.checkers.told(AtRest(t=simulation.now, group_ids=tuple(simulation.views.groups)))
    before = _owners(simulation)
    for group_id in simulation.views.groups:
        members = (p for p in simulation.alive() if p.config.group_id == group_id)
        member = next((p for p in members if p.state is MemberState.STABLE), None)
        if member is not None:
            member.enforce("does anything move without a reason?")
    if not simulation.run_until_stable():
        _unsettled(simulation, ["; ".join(simulation.blockers())])
    elif (after := _owners(simulation)) != before and after.keys() == before.keys():
        _unsettled(simulation, ["a rebalance with the same members and topics moved partitions"])
    if simulation.host is None:  # code of a user takes its time to close
        _one_leaves(simulation)


def _one_leaves(simulation: Simulation) -> None:
    """Somebody leaves and comes back; where claims are kept, the others keep theirs."""
    before = {lane.name: set(lane.owned) for lane in _keepers(simulation)}
    gone: list[str] = []
    for group_id in simulation.views.groups:
        leaving = [
            process
            for process in simulation.alive()
            if process.config.group_id == group_id
            and process.state is MemberState.STABLE
            and process.config.group_instance_id is None
        ]
        if len(leaving) > 1:
            leaving[-1].close()
            gone.append(leaving[-1].config.client_id)
    if not simulation.run_until_stable():
        _unsettled(simulation, ["; ".join(simulation.blockers())])
        return
    for lane in _keepers(simulation):
        if not before.get(lane.name, set()) <= lane.owned:
            _unsettled(simulation, [f"{lane.name} lost partitions because another member left"])
    _come_back(simulation, gone)


def _come_back(simulation: Simulation, names: list[str]) -> None:
    """Who left comes again: others give something up, and it gets that."""
    for name in names:
        simulation.members[name].mend()
        simulation.start(name)
    if simulation.run_until_stable():
        simulation.checkers.told(AtRest(t=simulation.now, group_ids=tuple(simulation.views.groups)))
    else:
        _unsettled(simulation, ["; ".join(simulation.blockers())])


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


def _stay_at_rest(simulation: Simulation) -> None:
    """Whoever is awake and heard of is not given up on: for one and a half session timeouts."""
    began = len(simulation.views.rebalances)
    sessions = [process.config.session_timeout_ms for process in simulation.alive()]
    simulation.run_for(max([simulation.asked_session_ms, *sessions]) * 3 // 2)
    for rebalance in simulation.views.rebalances[began:]:
        _unsettled(
            simulation,
            [f"group {rebalance.group_id} rebalances without a reason: {rebalance.cause}"],
        )


def _unsettled(simulation: Simulation, problems: Iterable[str]) -> None:
    for problem in problems:
        simulation.checkers.told(Unsettled(t=simulation.now, problem=problem))


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
