"""The end that every story is given: rest, then experiments.

Rule kept: the first rest may take as long as the longest timeouts of the story; each experiment has
a bound of its own. The first thing that does not come out ends it all: what follows would only tell
of it again. What a limit of Kafka's protocol leaves undone (`checkers.limits`) does not: the next
rebalance must make up for it. Code of a user is not experimented with: it takes its own time.
"""

from rebalance.simulation.checkers import AtRest, Problem, ProblemKind, RecordsEnded
from rebalance.simulation.clock import EXACT
from rebalance.simulation.settling.gathering import gathering
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.settling.nothing_moves import nothing_moves
from rebalance.simulation.settling.one_leaves import one_leaves
from rebalance.simulation.settling.table import chosen
from rebalance.simulation.simulation import Simulation

__all__ = ["settle"]

_IDLE_MS = 10_000
"""An application that processes nothing for so long has nothing more to do."""

_MOST_CONSUMERS = 40
"""More of them would make the end longer than the story."""


def settle(simulation: Simulation) -> None:
    """Rules I05 and I06, after the story: without further faults all come to rest, and stay so.

    What happens here is checked but not part of the trace. Whoever stands still goes on first,
    or it could never end.
    """
    simulation.stop_recording()
    _mend(simulation)
    _come_to_rest(Ground(simulation))
    if simulation.host is not None:
        _read_to_the_end(simulation)
    simulation.tell_progress()
    simulation.checkers.told(RecordsEnded(t=simulation.now))


def _mend(simulation: Simulation) -> None:
    simulation.cluster.mend()
    for node in simulation.cluster.nodes.values():
        node.run_clock_at(EXACT)
    for process in simulation.processes.values():
        process.crash_on = None
        process.lines.mend()
        process.resume()
        process.run_clock_at(EXACT)
    for spec in simulation.members.values():
        spec.mend()  # who comes back later, too
    simulation.run_until(
        max([simulation.now, *(process.busy_until for process in simulation.alive())])
    )


def _come_to_rest(ground: Ground) -> None:
    simulation = ground.simulation
    if simulation.run_until_stable():
        # What was lost before is waited for until its timeout, and may yet cost a session.
        simulation.run_for(_unanswered_ms(simulation))
    if not simulation.run_until_stable() and not _limits_end(ground):
        return
    _stay_at_rest(ground)
    simulation.checkers.told(AtRest(t=simulation.now, group_ids=tuple(simulation.views.groups)))
    nothing_moves(ground)
    if simulation.host is not None or ground.problems:
        return
    one_leaves(ground)
    if not ground.problems and len(list(simulation.alive())) <= _MOST_CONSUMERS:
        gathering(ground)
        for experiment in chosen(ground):
            if ground.problems:
                return
            names = experiment.on(ground)
            if names:  # those before may have left nobody for it
                experiment.play(ground, names)


def _limits_end(ground: Ground) -> bool:
    """All come to rest after one more rebalance of the groups that a limit keeps from it.

    Every group is told of that is not at rest: what excuses one excuses no other.
    """
    simulation = ground.simulation
    unsettled = simulation.unsettled()
    if not unsettled:
        ground.report_unrest()
        return False
    for problem in unsettled:
        ground.report(problem)
    if not all(simulation.limits.of(simulation.now, problem) for problem in unsettled):
        return False
    ground.problems.clear()
    for problem in unsettled:
        # Who leads makes all join again; another may be answered that nothing has changed (J07).
        for name in [ground.leader(problem.group_id), *ground.members(problem.group_id)][:1]:
            if name is not None:
                ground.process(name).enforce("a rebalance ends what a limit left undone")
    return ground.rests("a rebalance that ends what a limit left undone")


def _unanswered_ms(simulation: Simulation) -> int:
    """As long as a request that was lost is waited for, and a session that its loss may cost."""
    waits = [process.config.request_timeout_ms for process in simulation.alive()]
    return max([simulation.asked_session_ms, *waits])


def _stay_at_rest(ground: Ground) -> None:
    """Whoever is awake and heard of is not given up on: for one and a half session timeouts."""
    simulation = ground.simulation
    began = len(simulation.views.rebalances)
    sessions = [process.config.session_timeout_ms for process in simulation.alive()]
    simulation.run_for(max([simulation.asked_session_ms, *sessions]) * 3 // 2)
    for rebalance in simulation.views.rebalances[began:]:
        kind, cause, group_id = ProblemKind.REBALANCES, rebalance.cause, rebalance.group_id
        text = f"group {group_id} rebalances without a reason: {cause}"
        ground.report(Problem(kind=kind, detail=cause, group_id=group_id, text=text))


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
