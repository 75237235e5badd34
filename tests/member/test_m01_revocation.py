"""M01: eager gives everything up before it joins, cooperative only what it must."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    OffsetCommitRequest,
)
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, states, tp


def test_m01_eager_commits_revokes_and_joins_with_nothing_owned() -> None:
    hand = Hand().stable(0, 1).rebalances()
    assert hand.last(e.TakePositions).partitions == parts(0, 1)
    assert kinds(hand.positions(9)) == ["OffsetCommit"]
    commit = hand.sends(OffsetCommitRequest)[-1].request
    assert isinstance(commit, OffsetCommitRequest)
    assert [(o.partition, o.offset) for o in commit.offsets] == [(tp(0), 9), (tp(1), 9)]
    assert (commit.generation_id, commit.member_id) == (1, "m-1")
    assert kinds(hand.committed()) == ["Revoke"]
    assert hand.member.owned == parts(0, 1), "owned until the listener is done"
    assert kinds(hand.done(e.Revoke)) == ["JoinStarted", "JoinGroup"]
    assert not hand.member.owned
    assert not hand.claims().owned
    assert hand.join.reason == "the group is rebalancing"


def test_m01_without_auto_commit_nothing_is_committed() -> None:
    hand = Hand(enable_auto_commit=False).stable(0).rebalances()
    assert kinds(hand.log)[-1] == "Revoke"
    assert not hand.all(e.TakePositions)


def test_m01_cooperative_keeps_consuming_while_it_joins() -> None:
    hand = Hand(cooperative=True).stable(0, 1).rebalances()
    assert hand.member.state is MemberState.JOINING
    assert hand.member.owned == parts(0, 1)
    assert hand.claims().owned == parts(0, 1)
    assert hand.claims().generation_id == 1
    assert not hand.all(e.Revoke)
    assert not hand.all(e.TakePositions)


def test_m01_cooperative_revokes_then_assigns_then_joins_again() -> None:
    hand = Hand(cooperative=True).stable(0, 1).rebalances()
    hand.joined()
    assert kinds(hand.synced(parts(1, 2))) == ["TakePositions"]
    assert hand.last(e.TakePositions).partitions == parts(0)
    hand.positions()
    assert kinds(hand.committed()) == ["Revoke"]
    assert hand.last(e.Revoke).partitions == parts(0)
    assigned = hand.done(e.Revoke)
    assert kinds(assigned) == ["Assign"]
    assert hand.last(e.Assign) == e.Assign(
        token=hand.last(e.Assign).token, partitions=parts(2), generation_id=2
    )
    again = hand.done(e.Assign)
    assert states(again) == [MemberState.STABLE, MemberState.PREPARING_JOIN, MemberState.JOINING]
    assert hand.claims().owned == parts(1, 2)
    assert hand.join.reason == "partitions were revoked as the assignment asks"


def test_m01_cooperative_without_revocation_does_not_join_again() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined()
    hand.synced(parts(0, 1))
    assert hand.last(e.Assign).partitions == parts(1)
    hand.done(e.Assign)
    assert hand.member.state is MemberState.STABLE


@pytest.mark.parametrize("cooperative", [False, True])
def test_m01_assign_is_called_also_when_empty(cooperative: bool) -> None:
    hand = Hand(cooperative=cooperative).stable()
    assert hand.last(e.Assign).partitions == parts()


def test_m01_cooperative_revokes_what_is_no_longer_subscribed_before_it_joins() -> None:
    hand = Hand(cooperative=True).stable(0)
    assert kinds(hand.tell(e.Subscribe(topics=("u",)))) == ["TakePositions"]
    hand.positions()
    hand.committed()
    assert hand.last(e.Revoke).partitions == parts(0)
    hand.done(e.Revoke)
    assert hand.claims().topics == ("u",)
    assert not hand.claims().owned
    assert hand.join.reason == "subscription changed"


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.OFFSET_METADATA_TOO_LARGE,
        ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        ErrorCode.UNKNOWN_SERVER_ERROR,
    ],
)
def test_m01_a_commit_that_fails_does_not_stop_the_revocation(error: ErrorCode) -> None:
    hand = Hand().stable(0).rebalances()
    hand.positions()
    assert kinds(hand.committed(error)) == ["Revoke"]


def test_m01_a_retriable_commit_is_tried_again_with_a_growing_pause() -> None:
    hand = Hand().stable(0).rebalances()
    hand.positions()
    for pause in (100, 200, 400):
        hand.committed(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        before = len(hand.sends(OffsetCommitRequest))
        hand.wait(pause - 1)
        assert len(hand.sends(OffsetCommitRequest)) == before
        hand.wait(1)
        assert len(hand.sends(OffsetCommitRequest)) == before + 1
    assert kinds(hand.committed()) == ["Revoke"]


def test_m01_a_commit_follows_the_coordinator() -> None:
    hand = Hand().stable(0).rebalances()
    hand.positions()
    assert "FindCoordinator" in kinds(hand.committed(ErrorCode.NOT_COORDINATOR))
    assert hand.member.state is MemberState.PREPARING_JOIN
    hand.found(2)
    hand.wait(100)
    assert hand.sends(OffsetCommitRequest)[-1].node_id == 2
    assert kinds(hand.committed()) == ["Revoke"]


@pytest.mark.parametrize("taken", [False, True])
def test_m01_neither_positions_nor_commit_hold_up_the_group_for_ever(taken: bool) -> None:
    hand = Hand(request_timeout_ms=30_000, max_poll_interval_ms=20_000).stable(0)
    hand.tell(e.EnforceRebalance(reason="why not"))
    if taken:
        hand.positions()
    hand.wait(9_999)
    assert not hand.all(e.Revoke)
    hand.wait(1)
    assert hand.all(e.Revoke), "after half of the rebalance timeout"


def test_m01_positions_of_other_partitions_are_not_committed() -> None:
    hand = Hand().stable(0).rebalances()
    asked = hand.last(e.TakePositions)
    offsets = {tp(0): -1, tp(5): 3}
    effects = hand.tell(e.PositionsTaken(token=asked.token, offsets=offsets))
    assert kinds(effects) == ["Revoke"]


def test_m01_heartbeats_go_on_while_callbacks_run() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined()
    hand.synced(parts())
    hand.positions()
    hand.committed()
    for _ in range(3):
        before = len(hand.sends(HeartbeatRequest))
        hand.wait(3000)
        assert len(hand.sends(HeartbeatRequest)) == before + 1
        hand.beat()
    assert hand.member.state is MemberState.RECONCILING
    hand.done(e.Revoke)


def test_m01_a_rebalance_that_begins_meanwhile_waits_for_the_callback() -> None:
    hand = Hand().start()
    hand.joined()
    hand.synced(parts(0))
    hand.wait(3000)
    assert hand.beat(ErrorCode.REBALANCE_IN_PROGRESS) == ()
    assert hand.tell(e.EnforceRebalance(reason="second")) == ()
    effects = hand.done(e.Assign)
    assert states(effects) == [MemberState.STABLE, MemberState.PREPARING_JOIN]
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert hand.join.reason == "the group is rebalancing"


def test_m01_a_listener_that_raises_is_reported_and_stops_nothing() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined()
    hand.synced(parts(1))
    hand.positions()
    hand.committed()
    boom = RuntimeError("boom")
    effects = hand.done(e.Revoke, boom)
    assert kinds(effects) == ["ListenerFailed", "Assign"]
    assert effects[0] == e.ListenerFailed(callback="on_partitions_revoked", error=boom)
    assert kinds(hand.done(e.Assign, boom))[:1] == ["ListenerFailed"]
    assert hand.member.owned == parts(1)


def test_m01_an_old_callback_token_is_nobodys() -> None:
    hand = Hand().start()
    hand.joined()
    hand.synced(parts(0))
    assert hand.tell(e.CallbackDone(token=10_000)) == ()
    assert hand.member.state is MemberState.RECONCILING


def test_m01_a_coordinator_lost_while_stable_does_not_disturb_the_listener() -> None:
    hand = Hand().stable(0)
    hand.wait(3000)
    assert kinds(hand.no_answer(HeartbeatRequest)) == ["FindCoordinator"]
    hand.tell(e.EnforceRebalance())
    assert hand.member.state is MemberState.STABLE, "nothing is revoked without a coordinator"
    assert not hand.all(e.TakePositions)
    hand.found(2)
    assert hand.member.state is MemberState.PREPARING_JOIN
    assert len(hand.sends(FindCoordinatorRequest)) == 2
    assert len(hand.sends(JoinGroupRequest)) == 2
