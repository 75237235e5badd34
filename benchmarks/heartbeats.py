"""`handle(Heartbeat)` per second, with 10 and with 10,000 members in one group.

Run: python -m benchmarks.heartbeats
"""

import itertools
import time

from benchmarks.measure import Figure, show
from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Append, Appended, Effect, Received, Reply
from rebalance.protocol.requests import (
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import JoinGroupResponse

RUNS = 7
BEATS = 200_000


def main() -> None:
    """Measure and print."""
    figures = [
        Figure(
            name=f"{members:,} members",
            unit="heartbeats/s",
            runs=tuple(beats_per_second(members) for _ in range(RUNS)),
        )
        for members in (10, 10_000)
    ]
    show("GroupCoordinator.handle(Heartbeat)", figures, against=figures[0])
    joins = tuple(form_group(10_000)[2] * 1000 for _ in range(RUNS))
    show("10,000 members join and sync", [Figure(name="in the core", unit="ms", runs=joins)])


def form_group(members: int) -> tuple[GroupCoordinator, list[Received], float]:
    """A stable group, a heartbeat of each member, and the seconds that joining and syncing took."""
    suffix = itertools.count()
    config = CoordinatorConfig(group_initial_rebalance_delay_ms=0)
    coordinator = GroupCoordinator(config, lambda: f"{next(suffix):06d}")
    replies: list[JoinGroupResponse] = []

    def act(effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Append):
                act(coordinator.handle(Appended(token=effect.token), 0))
            elif isinstance(effect, Reply) and isinstance(effect.response, JoinGroupResponse):
                replies.append(effect.response)

    began = time.perf_counter()
    join = JoinGroupRequest(
        group_id="g",
        session_timeout_ms=45_000,
        rebalance_timeout_ms=300_000,
        member_id="",
        protocol_type="consumer",
        protocols=(GroupProtocol(name="range", metadata=b""),),
        version=3,
        client_id="c",
    )
    for token in range(members):
        act(coordinator.handle(Received(token=token, request=join), 0))
    act(coordinator.advance(0))
    for reply in replies:
        sync = SyncGroupRequest(
            group_id="g",
            generation_id=reply.generation_id,
            member_id=reply.member_id,
            version=3,
        )
        act(coordinator.handle(Received(token=reply.member_id, request=sync), 0))
    took = time.perf_counter() - began
    beats = [
        Received(
            token=0,
            request=HeartbeatRequest(
                group_id="g", generation_id=reply.generation_id, member_id=reply.member_id
            ),
        )
        for reply in replies
    ]
    return coordinator, beats, took


def beats_per_second(members: int) -> float:
    """Every member beats in turn; time goes on by 3 s in each turn, timers are advanced."""
    coordinator, beats, _ = form_group(members)
    turns = BEATS // members
    began = time.perf_counter()
    for turn in range(turns):
        for beat in beats:
            coordinator.handle(beat, turn * 3000)
        coordinator.advance(turn * 3000)
    return turns * members / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
