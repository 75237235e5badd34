"""Rest: whether every state can come to it, and why one has not.

Why: a group that is stuck breaks no rule of ownership; it does nothing wrong because it does
nothing. What must hold is that rest stays possible, whatever happened.
"""

from array import array

from rebalance.simulation.explore.consumer import Life
from rebalance.simulation.explore.space import State

__all__ = ["Ways", "unsettled", "without_rest"]


def without_rest(states: int, at_rest: "array[int]", ways: "Ways") -> int | None:
    """A state from which no way leads to one of `at_rest`, nor out of what it leads to itself.

    The nearest state without rest would be the beginning, where nothing is ever at rest; what is
    told is where all ends. `states`: how many there are, numbered by their distance. None: every
    state can come to rest.
    """
    arrivals = _Arrivals(states, ways)
    leads = bytearray(states)
    for state in at_rest:
        arrivals.mark(state, leads)
    # Whoever is not marked by a later one is led to by none of them but those it leads to: the
    # last of these leads to nobody else (as in Kosaraju's algorithm).
    found = None
    for state in range(states - 1, -1, -1):
        if not leads[state]:
            arrivals.mark(state, leads)
            found = state
    return found


class Ways:
    """Steps that need no fault: from state to state."""

    __slots__ = ("sources", "targets")

    def __init__(self) -> None:
        self.sources, self.targets = array("q"), array("q")

    def add(self, source: int, target: int) -> None:
        """One more."""
        self.sources.append(source)
        self.targets.append(target)


class _Arrivals:
    """By state, where its ways come from; as two arrays, for there may be millions."""

    def __init__(self, states: int, ways: Ways) -> None:
        self._begins = array("q", bytes(8 * (states + 1)))
        for target in ways.targets:
            self._begins[target + 1] += 1
        for state in range(states):
            self._begins[state + 1] += self._begins[state]
        self._sources = array("q", bytes(8 * len(ways.targets)))
        filled = array("q", self._begins)
        for source, target in zip(ways.sources, ways.targets, strict=True):
            self._sources[filled[target]] = source
            filled[target] += 1

    def mark(self, state: int, marked: bytearray) -> None:
        """Mark the state and all that lead to it, as far as they are not marked."""
        todo = [state]
        marked[state] = 1
        while todo:
            state = todo.pop()
            for source in self._sources[self._begins[state] : self._begins[state + 1]]:
                if not marked[source]:
                    marked[source] = 1
                    todo.append(source)


def unsettled(state: State) -> str:
    """Why this is no rest, in words."""
    for part in state.consumers:
        consumer = part.consumer
        if consumer.life is Life.UNBORN:
            return f"{consumer.name} was not started"
        if not part.settled:
            return f"{consumer.name} is {consumer.member.state.value}"
    return state.watch.unrest
