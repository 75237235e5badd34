"""Who is told that it is out: histories in which it goes on, and such in which it stops."""

from dataclasses import replace

import pytest

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import MemberState
from rebalance.simulation.checkers import HeartbeatRefused
from tests.simulation.checkers.wire import rules

GOES_ON = HeartbeatRefused(
    t=0,
    group_id="g",
    member="A",
    error=ErrorCode.ILLEGAL_GENERATION,
    was=("a", 1),
    now=("a", 1),
    state=MemberState.STABLE,
)


@pytest.mark.parametrize("state", [MemberState.STABLE, MemberState.RECONCILING])
def test_m05_who_is_out_and_goes_on(state: MemberState) -> None:
    assert rules(replace(GOES_ON, state=state)) == ["M05"]


@pytest.mark.parametrize(
    "stops",
    [
        replace(GOES_ON, now=("a", -1)),
        replace(GOES_ON, state=MemberState.FAILED),
        replace(GOES_ON, now=("", -1), state=MemberState.JOINING),
    ],
    ids=["lost its generation", "failed", "joins anew"],
)
def test_m02_who_is_out_and_stops(stops: HeartbeatRefused) -> None:
    assert rules(stops) == []
