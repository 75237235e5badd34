"""What Kafka's protocol itself cannot prevent, so that a campaign does not report it as a bug.

Rule kept: a limit is recognised by what a trace says, as narrowly as possible, and is counted and
told; it is never just left out.
"""

from rebalance.simulation.checkers import Violation
from rebalance.simulation.simulation import Simulation
from rebalance.timeline.trace import JoinCompleted, MemberRemoved

__all__ = ["known_limit"]

_REPLACED = "static member replaced"


def known_limit(violation: Violation, simulation: Simulation) -> str:
    """Why the violation is none of ours, in words; empty where it is one."""
    if violation.rule == "I05" and "nobody owns" in violation.message:
        return _withheld_from_a_static_member(simulation)
    return ""


def _withheld_from_a_static_member(simulation: Simulation) -> str:
    """KIP-345 beside KIP-429: the second round of a cooperative rebalance may never come.

    A static member that is told to give partitions up, and is restarted before it joins again, gets
    its assignment back without a rebalance (J15). Nobody else knows that a second round was due.
    """
    cooperative: set[str] = set()
    replaced: set[str] = set()
    for event in simulation.trace.events:
        if isinstance(event, JoinCompleted):
            replaced.discard(event.group_id)
            if event.protocol_name.startswith("cooperative"):
                cooperative.add(event.group_id)
        elif isinstance(event, MemberRemoved) and event.cause == _REPLACED:
            replaced.add(event.group_id)
    if replaced & cooperative:
        return "a static member was replaced between two rounds of a cooperative rebalance"
    return ""
