"""What Kafka's protocol itself cannot prevent, so that a campaign does not report it as a bug.

Rule kept: a limit is recognised by what happened, as narrowly as possible (`checkers.limits`), and
is counted and told; it is never just left out.
"""

from rebalance.simulation.checkers import Violation
from rebalance.simulation.checkers.convergence import Convergence
from rebalance.simulation.simulation import Simulation

__all__ = ["known_limit"]


def known_limit(violation: Violation, simulation: Simulation) -> str:
    """Why the violation is none of ours, in words; empty where it is one."""
    if violation.checker != Convergence.__name__:
        return ""
    return simulation.limits.of(violation.t, violation.message)
