"""Somebody speaks for a member in the generation before: it is told so (H01, S01)."""

from collections.abc import Sequence

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, SyncGroupRequest
from rebalance.simulation.checkers import Problem, ProblemKind
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["OLD_GENERATION"]


def _on(ground: Ground) -> Sequence[str]:
    """A member of each group."""
    return [ground.members(group_id)[0] for group_id in ground.groups()]


def _play(ground: Ground, names: Sequence[str]) -> None:
    simulation = ground.simulation
    stranger = simulation.stranger()
    for name in names:
        lane = ground.lane(name)
        instance_id = ground.process(name).config.group_instance_id
        heartbeat = HeartbeatRequest(
            group_id=lane.group_id,
            generation_id=lane.generation_id - 1,
            member_id=lane.member_id,
            group_instance_id=instance_id,
        )
        sync = SyncGroupRequest(
            group_id=lane.group_id,
            generation_id=lane.generation_id - 1,
            member_id=lane.member_id,
            group_instance_id=instance_id,
            protocol_type="consumer",
            protocol_name=simulation.views.groups[lane.group_id].protocol_name,
            version=5,
        )
        stranger.send(heartbeat)
        stranger.send(sync)
    simulation.run_for(2 * ground.round_trip_ms())
    for exchange in stranger.exchanges:
        error = getattr(exchange.answer, "error", ErrorCode.ILLEGAL_GENERATION)
        if error is not ErrorCode.ILLEGAL_GENERATION:
            text = f"one who spoke of the generation before was told: {exchange.words()}"
            ground.report(Problem(kind=ProblemKind.TAKEN, detail=error.name, text=text))
            return
    ground.rests("somebody spoke of the generation before")


OLD_GENERATION = Experiment(name="somebody is a generation behind", on=_on, play=_play)
