"""A rolling deploy in virtual time: a thousand members in twenty waves, ten thousand partitions.

Run: python -m benchmarks.rolling_deploy [MEMBERS WAVES PARTITIONS]
"""

import sys
import time

from assignors import CooperativeStickyAssignor
from rebalance.member import MemberConfig
from rebalance.simulation import MemberSpec, Simulation
from rebalance.simulation.collecting import seldom_collected

RESTART_MS = 10_000
"""How long a process takes to be back."""


def cluster(members: int, partitions: int) -> Simulation:
    """Everybody has joined, and owns its share."""
    made = Simulation(seed=1)
    made.topic("t", partitions)
    assignor = CooperativeStickyAssignor()
    for number in range(members):
        name = f"m{number}"
        config = MemberConfig(group_id="g", client_id=name)
        made.define(MemberSpec(name=name, topics=("t",), assignors=(assignor,), config=config))
        made.start(name)
    assert made.run_until_stable(), made.blockers()
    return made


def deploy(made: Simulation, waves: int) -> None:
    """One wave after the other closes, comes back, and is waited for."""
    names = list(made.members)
    size = len(names) // waves
    for wave in range(waves):
        restarted = names[wave * size : (wave + 1) * size]
        for name in restarted:
            made.processes[name].close()
        made.run_for(RESTART_MS)
        for name in restarted:
            made.start(name)
        assert made.run_until_stable(), made.blockers()


@seldom_collected()
def main() -> None:
    """Measure and print."""
    members, waves, partitions = map(int, sys.argv[1:] or (1000, 20, 10_000))
    began = time.perf_counter(), time.process_time()
    made = cluster(members, partitions)
    deploy(made, waves)
    took, busy = time.perf_counter() - began[0], time.process_time() - began[1]
    events, told = made.events_processed, len(made.trace.events)
    print(
        f"{members:,} members, {waves} waves, {partitions:,} partitions: {took:.1f} s "
        f"({busy:.1f} s of a core), {events:,} events ({events / busy:,.0f} a second), "
        f"{told:,} of them in the trace, {len(made.views.rebalances)} rebalances, "
        f"{made.now / 1000:.0f} s of virtual time, {len(made.violations)} violations"
    )


if __name__ == "__main__":
    main()
