"""The deploy in virtual time: the same timetable, clients by their profiles."""

from dataclasses import replace

from assignors.interface import resolve
from benchmarks.believable.deploy import TOPIC, Act, Deploy, Setup
from benchmarks.believable.run import Run
from benchmarks.believable.servers import EVERY_S, SETTINGS
from rebalance.member.config import MemberConfig
from rebalance.member.profile import PROFILES
from rebalance.protocol.config import CoordinatorConfig
from rebalance.simulation import Behaviour, Delay, MemberSpec, Simulation
from rebalance.timeline.trace import RebalanceStarted, Trace

__all__ = ["play"]

_GROUP = "g"
_RECORDS_PER_S = round(1 / EVERY_S)


def play(deploy: Deploy, setup: Setup, seed: int, part: float, delay: Delay) -> Run:
    """One run; `part` as `Deploy.lead_ms` has it; `delay`: of each frame, one way.

    Raises:
        TimeoutError: the group did not come to its first rest.
    """
    simulation = Simulation(
        seed=seed, config=CoordinatorConfig.from_properties(SETTINGS), delay=delay
    )
    simulation.topic(TOPIC, deploy.partitions)
    simulation.produce(TOPIC, _RECORDS_PER_S)
    for pod in deploy.first:
        _act(simulation, deploy, setup, Act(at_ms=0, what="start", pod=pod))
    if not simulation.run_until_stable():
        raise TimeoutError("; ".join(simulation.blockers()))
    began_ms = simulation.now + deploy.lead_ms(setup, part)
    for act in deploy.acts():
        simulation.run_until(began_ms + act.at_ms)
        _act(simulation, deploy, setup, act)
    simulation.run_until(began_ms + deploy.end_ms)
    events = simulation.trace.events
    return Run(
        trace=Trace(
            simulation.trace.header, [event for event in events if event.VIEW != "coordinator"]
        ),
        began_ms=began_ms,
        rebalances_ms=tuple(event.t for event in events if isinstance(event, RebalanceStarted)),
    )


def _act(simulation: Simulation, deploy: Deploy, setup: Setup, act: Act) -> None:
    match act.what:
        case "start":
            simulation.define(_spec(deploy, setup, act.pod))
            simulation.start(act.pod)
        case "close":
            simulation.processes[act.pod].close()
        case "kill":
            simulation.processes[act.pod].crash()


def _spec(deploy: Deploy, setup: Setup, name: str) -> MemberSpec:
    config = MemberConfig(
        group_id=_GROUP,
        client_id=name,
        session_timeout_ms=deploy.session_timeout_ms,
        heartbeat_interval_ms=setup.heartbeat_interval_ms,
    )
    return MemberSpec(
        name=name,
        topics=(TOPIC,),
        assignors=(resolve(setup.assignor),),
        config=replace(config, profile=PROFILES[setup.client]),
        behaviour=Behaviour(poll_ms=50),
    )
