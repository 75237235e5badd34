"""Every state once, nearest first; then whether each of them leads to rest.

Why: breadth first, so that the first violation that is found is one of the shortest there are.
Rule I05, as far as a finite search can say it: from every state a way without another fault leads
to rest. Whoever takes steps at random, each with some chance, comes to rest then.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rebalance.simulation.checkers import Problem, ProblemKind, Violation
from rebalance.simulation.explore.encore import moved_for_no_reason
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.explore.rest import Ways, unsettled, without_rest
from rebalance.simulation.explore.space import Space, State, Step

__all__ = ["Counts", "Explored", "Proceed", "explore"]

_ASK_EVERY = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much was explored."""

    states: int
    """Different ones."""
    expanded: int
    """Of which every next step was taken."""
    transitions: int
    """Steps taken, to new states and to known ones."""
    depth: int
    """Steps from the beginning to the furthest state."""
    at_rest: int
    """States in which everybody has what it was given, and nothing is unowned."""

    @property
    def known_again(self) -> int:
        """Steps that led to a state that was seen before: what comparing states saved."""
        return self.transitions - (self.states - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What came of it. `path` leads to the violation, from the beginning."""

    group: ExploredGroup
    counts: Counts
    exhaustive: bool
    """Nothing is left: not stopped before its end, and (or) a violation was not found first."""
    violation: Violation | None
    path: tuple[Step, ...]
    parts: dict[str, int]
    """How many different coordinators, consumers and views the states are made of."""

    @property
    def passed(self) -> bool:
        """No violation was found; see also `exhaustive`."""
        return self.violation is None


Proceed = Callable[[Counts], bool]
"""Asked every now and then; False stops the search, which keeps what it has."""


def explore(group: ExploredGroup, proceed: Proceed = lambda counts: True) -> Explored:
    """Take every step from every state of `group`.

    Stops at the first violation, and when `proceed` says so.
    """
    search = _Search(Space(group), proceed)
    return search.run()


class _Search:
    def __init__(self, space: Space, proceed: Proceed) -> None:
        self._space = space
        self._proceed = proceed
        self._states: list[State] = [space.initial]
        self._index: dict[State, int] = {space.initial: 0}
        # For each state: whose step first led here, and which of its steps.
        self._parent, self._ordinal = array("q", [-1]), array("H", [0])
        self._depth = array("H", [0])
        self._ways = Ways()
        self._at_rest = array("q")
        self._expanded = self._transitions = 0

    def run(self) -> Explored:
        """Until nothing is left, something is wrong, or somebody has had enough."""
        while self._expanded < len(self._states):
            if self._expanded % _ASK_EVERY == 0 and not self._proceed(self._counts()):
                return self._ended(exhaustive=False)
            found = self._expand(self._expanded)
            if found is not None:
                return found
            self._expanded += 1
        stuck = without_rest(len(self._states), self._at_rest, self._ways)
        if stuck is not None:
            return self._stuck(stuck)
        return self._ended(exhaustive=True)

    def _expand(self, at: int) -> Explored | None:
        state, states, index = self._states[at], self._states, self._index
        is_rest = self._space.at_rest(state)
        if is_rest:
            self._at_rest.append(at)
            judged = self._space.judged_at_rest(state)
            if judged:
                return self._ended(exhaustive=False, violation=judged[0], last=(at, None))
            moved = moved_for_no_reason(self._space, state)
            if moved:
                return self._broken(at, ProblemKind.MOVES, moved)
        moves = is_rest
        for ordinal, step in enumerate(self._space.steps(state)):
            self._transitions += 1
            if step.violations:
                return self._ended(exhaustive=False, violation=step.violations[0], last=(at, step))
            to = index.get(step.state)
            if to is None:
                to = index[step.state] = len(states)
                states.append(step.state)
                self._parent.append(at)
                self._ordinal.append(ordinal)
                self._depth.append(self._depth[at] + 1)
            if not step.fault:
                moves = True
                self._ways.add(at, to)
        return None if moves else self._stuck(at)

    # --- what came of it -------------------------------------------------------------------------

    def _counts(self) -> Counts:
        return Counts(
            states=len(self._states),
            expanded=self._expanded,
            transitions=self._transitions,
            depth=self._depth[-1],
            at_rest=len(self._at_rest),
        )

    def _stuck(self, at: int) -> Explored:
        why = unsettled(self._states[at])
        text = f"from here no way leads to rest without another fault: {why}"
        return self._broken(at, ProblemKind.STUCK, text)

    def _broken(self, at: int, kind: ProblemKind, text: str) -> Explored:
        problem = Problem(kind=kind, text=text)
        found = Violation(rule="I05", code=problem.code, about=problem, t=0, message=text)
        return self._ended(exhaustive=False, violation=found, last=(at, None))

    def _ended(
        self,
        *,
        exhaustive: bool,
        violation: Violation | None = None,
        last: tuple[int, Step | None] | None = None,
    ) -> Explored:
        path: tuple[Step, ...] = ()
        if last is not None:
            at, step = last
            path = (*self._path(at), *(() if step is None else (step,)))
        return Explored(
            group=self._space.group,
            counts=self._counts(),
            exhaustive=exhaustive,
            violation=violation,
            path=path,
            parts=self._space.parts.counts,
        )

    def _path(self, at: int) -> list[Step]:
        """The steps from the beginning: taken once more, for only their numbers were kept."""
        return list(reversed(list(self._back(at))))

    def _back(self, at: int) -> Iterator[Step]:
        while at:
            parent, ordinal = self._parent[at], self._ordinal[at]
            yield next(
                step
                for number, step in enumerate(self._space.steps(self._states[parent]))
                if number == ordinal
            )
            at = parent
