"""Simulated events per second: groups at rest, and groups in which members come and crash.

Seconds of CPU, so that other work on the machine counts as little as it can.

Run: python -m benchmarks.simulated_events
"""

import time
from collections.abc import Callable

from assignors import CooperativeStickyAssignor, RangeAssignor
from assignors.interface import Assignor
from benchmarks.measure import Figure, show
from rebalance.member import MemberConfig
from rebalance.simulation import MemberSpec, Simulation
from rebalance.simulation.collecting import seldom_collected

RUNS = 5


def simulation(members: int, assignor: Assignor) -> Simulation:
    """A stable group on one topic with four partitions a member."""
    made = Simulation(seed=1)
    made.topic("t", 4 * members)
    for number in range(members):
        name = f"m{number}"
        config = MemberConfig(group_id="g", client_id=name)
        spec = MemberSpec(name=name, topics=("t",), assignors=(assignor,), config=config)
        made.define(spec)
        made.start(name)
    assert made.run_until_stable()
    return made


def at_rest(members: int, assignor: Assignor, minutes: int) -> float:
    """Heartbeats and polls only."""
    made = simulation(members, assignor)
    before, began = made.events_processed, time.process_time()
    made.run_for(minutes * 60_000)
    return (made.events_processed - before) / (time.process_time() - began)


def in_churn(members: int, assignor: Assignor, rounds: int) -> float:
    """One member after the other crashes and comes back; the group settles each time."""
    made = simulation(members, assignor)
    before, began = made.events_processed, time.process_time()
    for number in range(rounds):
        name = f"m{number % members}"
        made.processes[name].crash()
        assert made.run_until_stable()
        made.start(name)
        assert made.run_until_stable()
    return (made.events_processed - before) / (time.process_time() - began)


@seldom_collected()
def main() -> None:
    """Measure and print."""
    cases: list[tuple[str, Callable[[], float]]] = [
        ("6 members at rest", lambda: at_rest(6, RangeAssignor(), 120)),
        ("100 members at rest", lambda: at_rest(100, RangeAssignor(), 6)),
        ("6 members in churn, eager", lambda: in_churn(6, RangeAssignor(), 30)),
        (
            "6 members in churn, cooperative",
            lambda: in_churn(6, CooperativeStickyAssignor(), 30),
        ),
        (
            "100 members in churn, cooperative",
            lambda: in_churn(100, CooperativeStickyAssignor(), 2),
        ),
    ]
    figures = [
        Figure(name=name, unit="events/s", runs=tuple(case() for _ in range(RUNS)))
        for name, case in cases
    ]
    show("Simulated events", figures)


if __name__ == "__main__":
    main()
