"""Small groups at rest, for experiments to be made with."""

from rebalance.simulation import run_scenario
from rebalance.simulation.scenario import parse
from rebalance.simulation.settling.ground import Ground

__all__ = ["at_rest"]


def at_rest(*, assignors: str = "range", static: bool = False, settings: str = "") -> Ground:
    """Three members of one group with two topics, all of them Stable."""
    lines = [
        f"set group.min.session.timeout.ms=1000 group.initial.rebalance.delay.ms=0 {settings}",
        "topic orders partitions=4",
        "topic payments partitions=3",
        *(_member(name, assignors, f"instance=i{name}" if static else "") for name in "ABC"),
        "start A B C",
        "run until stable",
    ]
    outcome = run_scenario(parse("\n".join(lines), name="three members"))
    assert not outcome.violations
    return Ground(outcome.simulation)


def _member(name: str, assignors: str, instance: str) -> str:
    return (
        f"members {name} topics=orders,payments assignors={assignors} {instance} "
        "session.timeout.ms=3000 heartbeat.interval.ms=500 max.poll.interval.ms=9000 "
        "request.timeout.ms=5000 metadata.max.age.ms=4000"
    )
