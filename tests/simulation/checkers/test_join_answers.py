"""What a JoinGroup may be answered: histories that break it, and such that do not."""

from dataclasses import replace

import pytest

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import GroupProtocol, JoinGroupRequest
from rebalance.protocol.responses import JoinedMember, JoinGroupResponse
from tests.simulation.checkers.wire import (
    STABLE,
    answered,
    at_once,
    completed,
    joined,
    removed,
    rules,
    state,
)

JOIN = JoinGroupRequest(
    group_id="g",
    session_timeout_ms=10_000,
    rebalance_timeout_ms=60_000,
    member_id="a",
    protocol_type="consumer",
    protocols=(GroupProtocol(name="range", metadata=b""),),
)
GROUP = (joined("a"), joined("b"), state("Empty", "PreparingRebalance", 0), *completed(1, "a", "b"))
LEADS = JoinGroupResponse(
    generation_id=1,
    leader="a",
    member_id="a",
    members=(JoinedMember(member_id="a", metadata=b""), JoinedMember(member_id="b", metadata=b"")),
)


def test_j13_who_joined_learns_the_generation_and_the_leader_of_all_members() -> None:
    follows = JoinGroupResponse(generation_id=1, leader="a", member_id="b")
    assert rules(*GROUP, answered(JOIN, LEADS), answered(JOIN, follows)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        replace(LEADS, generation_id=2),
        replace(LEADS, member_id="c"),
        replace(LEADS, members=LEADS.members[:1]),
    ],
    ids=["another generation", "no member", "one is missing"],
)
def test_j13_a_wrong_answer(wrong: JoinGroupResponse) -> None:
    assert rules(*GROUP, answered(JOIN, wrong)) == ["J13"]


def test_j22_a_refusal_that_tells_of_the_group() -> None:
    refusal = JoinGroupResponse(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id="a")
    assert rules(answered(JOIN, refusal)) == []
    assert rules(answered(JOIN, replace(refusal, leader="a"))) == ["J22"]


def test_j06_a_twin_is_fenced() -> None:
    group = (*STABLE, joined("s-1", "s"), removed("s-1", "static member replaced"))
    taken_over = (*group, joined("s-2", "s"))
    old = replace(JOIN, member_id="s-1", group_instance_id="s")
    fenced = JoinGroupResponse(error=ErrorCode.FENCED_INSTANCE_ID, member_id="s-1")
    unknown = JoinGroupResponse(error=ErrorCode.UNKNOWN_MEMBER_ID, member_id="s-1")
    assert rules(*taken_over, *at_once(old, fenced)) == []
    assert rules(*taken_over, *at_once(old, unknown)) == ["J06"]
