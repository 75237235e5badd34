"""Rest: whether every state can come to it, and why one has not.

Why: a group that is stuck breaks no rule of ownership; it does nothing wrong because it does
nothing. What must hold is that rest stays possible, whatever happened.
"""

from array import array

from rebalance.simulation.explore.consumer import Life
from rebalance.simulation.explore.space import State

__all__ = ["first_without_rest", "unsettled"]


def first_without_rest(
    states: int, at_rest: "array[int]", sources: "array[int]", targets: "array[int]"
) -> int | None:
    """The nearest state from which no way leads to one of `at_rest`; None: there is none.

    States are numbered in the order of their distance; `sources` and `targets` are the ways.
    """
    begins = array("q", bytes(8 * (states + 1)))
    for target in targets:
        begins[target + 1] += 1
    for state in range(states):
        begins[state + 1] += begins[state]
    arrivals, filled = array("q", bytes(8 * len(targets))), array("q", begins)
    for source, target in zip(sources, targets, strict=True):
        arrivals[filled[target]] = source
        filled[target] += 1
    leads = bytearray(states)
    todo = list(at_rest)
    for state in todo:
        leads[state] = 1
    while todo:
        state = todo.pop()
        for source in arrivals[begins[state] : begins[state + 1]]:
            if not leads[source]:
                leads[source] = 1
                todo.append(source)
    stuck = leads.find(0)
    return None if stuck < 0 else stuck


def unsettled(state: State) -> str:
    """Why this is no rest, in words."""
    for part in state.consumers:
        consumer = part.consumer
        if consumer.life is Life.UNBORN:
            return f"{consumer.name} was not started"
        if not part.settled:
            return f"{consumer.name} is {consumer.member.state.value}"
    return state.watch.unrest
