"""Heartbeat (H01, H02), and what ten thousand members cost."""

from typing import Any

import pytest

from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Received, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, JoinGroupRequest
from rebalance.protocol.responses import HeartbeatResponse
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    ILLEGAL_GENERATION,
    INVALID_GROUP_ID,
    NONE,
    PREPARING,
    REBALANCE_IN_PROGRESS,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
    offers,
)


def with_static(state: GroupState) -> Bench:
    """A and static S, in `state`."""
    bench = Bench()
    bench.enter("A")
    bench.enter("S", instance="s")
    bench.advance()
    if state is not COMPLETING:
        for name in "AS":
            bench.sync(name, {})
    if state is PREPARING:
        bench.join("A")
    assert bench.state is state
    return bench


@pytest.mark.parametrize("state", [PREPARING, COMPLETING, STABLE])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"group_id": "", "generation_id": 99}, INVALID_GROUP_ID),
        ({"group_id": "no such group"}, UNKNOWN_MEMBER_ID),
        ({"member_id": "stranger", "generation_id": 99}, UNKNOWN_MEMBER_ID),
        ({"member_id": "", "generation_id": 99}, UNKNOWN_MEMBER_ID),
        ({"group_instance_id": "unmapped", "generation_id": 99}, UNKNOWN_MEMBER_ID),
        ({"group_instance_id": "s", "generation_id": 99}, FENCED_INSTANCE_ID),
        ({"generation_id": 99}, ILLEGAL_GENERATION),
        ({"generation_id": 0}, ILLEGAL_GENERATION),
        ({"generation_id": -1}, ILLEGAL_GENERATION),
    ],
)
def test_h01_what_is_refused_rearms_nothing(
    state: GroupState, changes: dict[str, Any], error: ErrorCode
) -> None:
    bench = with_static(state)
    bench.advance(1_000)
    assert bench.refused(bench.beat_request("A", **changes)) == HeartbeatResponse(error=error)


@pytest.mark.parametrize(
    ("state", "error"), [(EMPTY, UNKNOWN_MEMBER_ID), (DEAD, ErrorCode.COORDINATOR_NOT_AVAILABLE)]
)
@pytest.mark.parametrize("changes", [{}, {"generation_id": 99}, {"group_instance_id": "i"}])
def test_h01_empty_and_dead(state: GroupState, error: ErrorCode, changes: dict[str, Any]) -> None:
    bench = at_state(state, "A")
    assert bench.refused(bench.beat_request("A", **changes)) == HeartbeatResponse(error=error)


@pytest.mark.parametrize(
    ("state", "error"),
    [(PREPARING, REBALANCE_IN_PROGRESS), (COMPLETING, NONE), (STABLE, NONE)],
)
@pytest.mark.parametrize("named", [True, False])
def test_h01_what_is_accepted_rearms(state: GroupState, error: ErrorCode, named: bool) -> None:
    bench = with_static(state)
    bench.advance(4_000)
    assert bench.beat("A") is error
    assert bench.deadline_in == SESSION - 4_000, "that of S"
    instance = "s" if named else None
    assert bench.beat("S", group_instance_id=instance) is error
    assert bench.deadline_in == SESSION


@pytest.mark.parametrize("generation_id", [0, 1, -1])
def test_h02_a_pending_id_may_not_heartbeat(generation_id: int) -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    request = bench.beat_request("P", generation_id=generation_id)
    assert bench.refused(request) == HeartbeatResponse(error=UNKNOWN_MEMBER_ID)


def test_a_member_that_beats_lives_on() -> None:
    bench = at_state(STABLE, "A")
    for _ in range(1_000):
        bench.advance(SESSION - 1)
        assert bench.beat("A") is NONE
    assert bench.coordinator.timer_entries <= 16


MEMBERS = 10_000
BEATS = 1_000_000


def test_a_million_heartbeats_of_ten_thousand_members_cost_two_timer_entries_each() -> None:
    numbers = iter(range(MEMBERS))
    config = CoordinatorConfig(group_initial_rebalance_delay_ms=0)
    coordinator = GroupCoordinator(config, lambda: str(next(numbers)))
    join = JoinGroupRequest(
        group_id="g",
        session_timeout_ms=30_000,
        rebalance_timeout_ms=1_000_000_000,
        member_id="",
        protocol_type="consumer",
        protocols=offers("range"),
        version=3,
        client_id="c",
    )
    for token in range(MEMBERS):
        coordinator.handle(Received(token=token, request=join), 0)
    coordinator.advance(0)
    beats = [
        Received(
            token=number,
            request=HeartbeatRequest(group_id="g", generation_id=1, member_id=f"c-{number}"),
        )
        for number in range(MEMBERS)
    ]
    handle, accepted = coordinator.handle, HeartbeatResponse(error=NONE)
    expected = [(Reply(token=number, response=accepted),) for number in range(MEMBERS)]
    for now in range(0, BEATS // MEMBERS * 1_000, 1_000):
        for beat in beats:
            handle(beat, now)
        assert coordinator.advance(now) == ()
        assert coordinator.timer_entries <= 2 * (MEMBERS + 1)
    assert [handle(beat, now) for beat in beats] == expected
