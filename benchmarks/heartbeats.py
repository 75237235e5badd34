"""`handle(Heartbeat)` per second in the core, with 10 and with 10,000 members in one group.

Run: python -m benchmarks.heartbeats
"""

import time

from benchmarks.core_join import form_group
from benchmarks.measure import Figure, show
from rebalance.protocol.effects import Received
from rebalance.protocol.requests import HeartbeatRequest

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


def beats_per_second(members: int) -> float:
    """Every member beats in turn; time goes on by 3 s in each turn, timers are advanced."""
    formed = form_group(members)
    coordinator, began_ms = formed.play.coordinator, formed.play.now_ms
    beats = [
        Received(
            token=0,
            request=HeartbeatRequest(
                group_id="g", generation_id=answer.generation_id, member_id=answer.member_id
            ),
        )
        for answer in formed.answers
    ]
    turns = BEATS // members
    began = time.perf_counter()
    for turn in range(turns):
        for beat in beats:
            coordinator.handle(beat, began_ms + turn * 3000)
        coordinator.advance(began_ms + turn * 3000)
    return turns * members / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
