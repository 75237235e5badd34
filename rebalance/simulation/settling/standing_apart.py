"""A static member is out of reach for a rebalance, and then believes its coordinator at once (M05).

The group goes on with what it knew of it (J11): its claim is of an older generation than those of
the others, and is heeded all the same (M06).
"""

from collections.abc import Sequence

from rebalance.protocol.requests import LeaveGroupRequest, LeavingMember
from rebalance.simulation.checkers import Problem, ProblemKind
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["STANDING_APART"]

_OVER_MS = 5000
_FINDS_MS = 3000
"""It has looked for its coordinator again and sent a heartbeat; backoffs are a second at most."""
_INSTANCE = "visitor"


def _on(ground: Ground) -> Sequence[str]:
    """A member that is joined by two like it: of one group that has room for them."""
    config = ground.simulation.config
    for group_id in ground.groups():
        names = ground.members(group_id)
        fits = _session_ms(ground, group_id) <= config.group_max_session_timeout_ms
        if fits and len(names) + 2 <= config.group_max_size:
            return names[:1]
    return ()


def _session_ms(ground: Ground, group_id: str) -> int:
    """A rebalance that waits in vain for it is over sooner."""
    return 2 * (ground.rebalance_ms(group_id) + ground.slowness_ms()) + _OVER_MS


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    (name,) = names
    group_id = ground.process(name).config.group_id
    session_ms = _session_ms(ground, group_id)
    apart = ground.visitor(
        name, "static visitor", group_instance_id=_INSTANCE, session_timeout_ms=session_ms
    )
    if not ground.rests("a static member came"):
        return
    # It owns something now; this is what makes the others know.
    ground.process(ground.leader(group_id) or name).enforce("a static member came")
    if not ground.rests("a static member said what it owns"):
        return
    ground.process(apart).lines.block(requests=True, answers=True)
    newcomer = ground.visitor(name)
    _next_generation(ground, group_id)
    ground.process(apart).lines.mend()
    simulation.run_for(2 * ground.beat_ms(group_id) + ground.slowness_ms() + _FINDS_MS)
    if ground.rests("a static member was reached again") and _of_its_generation(ground, apart):
        _both_leave(ground, apart, newcomer)


def _next_generation(ground: Ground, group_id: str) -> None:
    """The group is Stable in a later generation. Not at rest: more may follow, or be withheld."""
    simulation, group = ground.simulation, ground.simulation.views.groups[group_id]
    before = group.generation_id
    simulation.run_until(
        simulation.now + ground.patience_ms(),
        lambda: group.state == "Stable" and group.generation_id > before,
    )
    simulation.run_for(2 * ground.round_trip_ms())


def _of_its_generation(ground: Ground, apart: str) -> bool:
    lane = ground.lane(apart)
    group = ground.simulation.views.groups[lane.group_id]
    if lane.generation_id == group.generation_id:
        return True
    text = (
        f"{lane.name} goes on in generation {lane.generation_id} of {lane.group_id}, which is in "
        f"{group.generation_id}, though it was told so"
    )
    ground.report(Problem(kind=ProblemKind.GOES_ON, group_id=lane.group_id, text=text))
    return False


def _both_leave(ground: Ground, apart: str, newcomer: str) -> None:
    """A static member does not leave by itself; an administrator may say so (H04)."""
    group_id = ground.process(apart).config.group_id
    ground.process(apart).crash()
    ground.process(newcomer).close()
    removed = LeavingMember(member_id="", group_instance_id=_INSTANCE)
    ground.simulation.stranger().send(LeaveGroupRequest(group_id=group_id, members=(removed,)))
    ground.rests("a static member was removed")


STANDING_APART = Experiment(name="a static member is out of reach", on=_on, play=_play)
