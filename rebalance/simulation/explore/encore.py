"""One more rebalance at rest, for no reason: nothing moves (the second half of I05).

Why: a plan that is only stable until somebody asks again would move partitions with every restart
of anybody. One way through the rebalance is enough: what the assignor is told at its beginning is
the same in all of them.
"""

from rebalance.protocol.states import MemberState
from rebalance.simulation.explore.parts import ConsumerPart
from rebalance.simulation.explore.space import Space, State

__all__ = ["moved_for_no_reason"]

_Owners = dict[str, list[tuple[str, int]]]


def moved_for_no_reason(space: Space, state: State) -> str:
    """What goes wrong when a consumer at rest asks for a rebalance; empty when nothing does."""
    at = next((at for at, part in enumerate(state.consumers) if _can_ask(part)), None)
    if at is None:
        return ""
    rest = _rest_after(space, space.enforced(state, at))
    if rest is None:
        return "a rebalance that was asked for at rest never ends"
    before, after = _owners(state), _owners(rest)
    if after == before:
        return ""
    return f"a rebalance with the same members and topics moved partitions: {before} to {after}"


def _can_ask(part: ConsumerPart) -> bool:
    return part.consumer.alive and part.consumer.member.state is MemberState.STABLE


def _rest_after(space: Space, state: State) -> State | None:
    """The first rest that is found, without faults; None: there is none."""
    todo, seen = [state], {state}
    while todo:
        state = todo.pop()
        if space.at_rest(state):
            return state
        # The last one is taken first: timers come last, and let time pass only if they must.
        steps = [step.state for step in space.steps(state) if not step.fault]
        for each in reversed(steps):
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return None


def _owners(state: State) -> _Owners:
    return {name: sorted(lane.owned) for name, lane in state.watch.watch.views.lanes.items()}
