"""M05: heartbeats, their errors, and the clocks of membership."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    SyncGroupRequest,
)
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, tp


def test_heartbeats_begin_with_the_answer_to_join_group() -> None:
    hand = Hand().start()
    hand.wait(10_000)
    assert not hand.sends(HeartbeatRequest), "J09: a parked member is kept by the coordinator"
    hand.joined()
    hand.wait(2_999)
    assert not hand.sends(HeartbeatRequest)
    hand.wait(1)
    beat = hand.sends(HeartbeatRequest)[-1].request
    assert beat == HeartbeatRequest(group_id="g", generation_id=1, member_id="m-1")
    assert hand.member.last_heartbeat_ms == 13_000


def test_a_heartbeat_waits_for_the_answer_to_the_last_one() -> None:
    hand = Hand().stable()
    hand.wait(9_000)
    assert len(hand.sends(HeartbeatRequest)) == 1
    assert kinds(hand.beat()) == ["Heartbeat"], "the one that was due meanwhile"


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ],
)
def test_m05_an_error_of_an_older_generation_is_ignored(error: ErrorCode) -> None:
    hand = Hand(cooperative=True).stable(0)
    hand.wait(3000)
    hand.tell(e.EnforceRebalance())
    hand.joined()
    hand.synced(parts(0))
    hand.done(e.Assign)
    assert hand.member.generation_id == 2
    assert hand.beat(error) == ()
    assert hand.member.state is MemberState.STABLE
    assert hand.member.owned == parts(0)


@pytest.mark.parametrize("leads", [None, {}])
def test_m05_rebalance_in_progress_while_completing_is_ignored(leads: dict[str, bytes]) -> None:
    hand = Hand().start()
    hand.joined(leads=leads)
    hand.wait(3000)
    assert hand.beat(ErrorCode.REBALANCE_IN_PROGRESS) == ()
    if leads is not None:
        hand.plan()
    hand.synced(parts())
    hand.done(e.Assign)
    assert hand.member.state is MemberState.STABLE


@pytest.mark.parametrize(
    "error", [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.UNKNOWN_SERVER_ERROR]
)
def test_other_errors_are_tried_again_soon(error: ErrorCode) -> None:
    hand = Hand().stable(0)
    hand.wait(3000)
    for pause in (100, 200, 400):
        assert hand.beat(error) == ()
        hand.wait(pause - 1)
        before = len(hand.sends(HeartbeatRequest))
        hand.wait(1)
        assert len(hand.sends(HeartbeatRequest)) == before + 1
    hand.beat()
    assert kinds(hand.wait(2_999)) == []
    assert kinds(hand.wait(1)) == ["Heartbeat"]


@pytest.mark.parametrize("error", [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE])
def test_a_moved_coordinator_costs_nothing_but_a_lookup(error: ErrorCode) -> None:
    hand = Hand().stable(0)
    hand.wait(3000)
    assert kinds(hand.beat(error)) == ["FindCoordinator"]
    hand.found(2)
    hand.wait(100)
    assert hand.sends(HeartbeatRequest)[-1].node_id == 2
    hand.beat()
    assert hand.member.owned == parts(0)
    assert hand.member.state is MemberState.STABLE


def test_session_silence_makes_the_member_look_for_the_coordinator() -> None:
    hand = Hand(session_timeout_ms=10_000, request_timeout_ms=60_000).stable(0)
    hand.wait(9_999)
    assert len(hand.sends(FindCoordinatorRequest)) == 1
    hand.wait(1)
    assert len(hand.sends(FindCoordinatorRequest)) == 2
    assert hand.member.owned == parts(0), "as in Java: it may still be a member"
    assert kinds(hand.found()) == ["Heartbeat"], "at once"
    hand.beat()
    assert hand.member.state is MemberState.STABLE


def test_i01_a_commit_on_its_way_when_the_session_ends_still_tells_a_zombie_the_truth() -> None:
    hand = Hand(session_timeout_ms=10_000, request_timeout_ms=60_000).stable(0)
    hand.now += 20_000
    hand.tell(e.CommitOffsets(commit_id=1, offsets={tp(0): 5}))
    assert kinds(hand.wait(0)) == ["FindCoordinator"]
    effects = hand.committed(ErrorCode.UNKNOWN_MEMBER_ID)
    assert kinds(effects) == ["CommitFinished", "Lose"]


def test_a_heartbeat_without_answer_is_given_up() -> None:
    hand = Hand(request_timeout_ms=5000).stable()
    hand.wait(3000)
    hand.wait(4_999)
    assert len(hand.sends(FindCoordinatorRequest)) == 1
    hand.wait(1)
    assert len(hand.sends(FindCoordinatorRequest)) == 2
    assert hand.beat(ErrorCode.UNKNOWN_MEMBER_ID) == (), "a late answer is nobody's"


def test_a_lost_connection_ends_what_was_sent_on_it() -> None:
    hand = Hand().start()
    hand.joined()
    hand.wait(3000)
    effects = hand.no_answer(HeartbeatRequest)
    assert hand.member.state is MemberState.FINDING_COORDINATOR
    assert kinds(effects) == ["FindCoordinator"]
    assert not hand.waits_for(SyncGroupRequest)
    hand.found(2)
    hand.wait(100)
    assert hand.join.member_id == "m-1"
    assert len(hand.sends(JoinGroupRequest)) == 3


def test_m05_a_static_member_names_its_instance_and_never_leaves() -> None:
    hand = Hand(group_instance_id="i").stable(0)
    hand.wait(3000)
    beat = hand.sends(HeartbeatRequest)[-1].request
    assert isinstance(beat, HeartbeatRequest)
    assert beat.group_instance_id == "i"
    hand.beat()
    hand.tell(e.Close())
    hand.positions()
    hand.committed()
    assert kinds(hand.done(e.Revoke)) == []
    assert hand.member.state is MemberState.STOPPED
