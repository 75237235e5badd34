"""M02: when the generation is gone everything is lost, and no stale claim is sent."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, JoinGroupRequest
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, states

GONE = [(ErrorCode.UNKNOWN_MEMBER_ID, ""), (ErrorCode.ILLEGAL_GENERATION, "m-1")]
"""The error, and the member id to join with: Java keeps it after ILLEGAL_GENERATION."""


@pytest.mark.parametrize("cooperative", [False, True])
@pytest.mark.parametrize(("error", "member_id"), GONE)
def test_m02_a_heartbeat_says_so(error: ErrorCode, member_id: str, cooperative: bool) -> None:
    hand = Hand(cooperative=cooperative).stable(0, 1)
    hand.wait(3000)
    effects = hand.beat(error)
    assert kinds(effects) == ["Lose"]
    assert hand.last(e.Lose).partitions == parts(0, 1)
    assert not hand.member.owned
    hand.done(e.Lose)
    assert hand.member.state is MemberState.JOINING
    assert hand.join.member_id == member_id
    assert hand.claims().generation_id == -1
    assert not hand.claims().owned
    assert not hand.all(e.Revoke)
    assert hand.join.reason == f"Heartbeat answered {error.name}"


@pytest.mark.parametrize(("error", "member_id"), GONE)
def test_m02_sync_says_so(error: ErrorCode, member_id: str) -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined()
    assert kinds(hand.sync_refused(error)) == ["Lose"]
    hand.done(e.Lose)
    assert hand.join.member_id == member_id
    assert not hand.claims().owned


def test_m02_join_says_so() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    assert kinds(hand.refused(ErrorCode.UNKNOWN_MEMBER_ID, "m-1")) == ["Lose"]
    hand.done(e.Lose)
    assert hand.join.member_id == ""
    assert not hand.claims().owned


@pytest.mark.parametrize(("error", "member_id"), GONE)
def test_m02_a_commit_says_so(error: ErrorCode, member_id: str) -> None:
    hand = Hand().stable(0).rebalances()
    hand.positions()
    effects = hand.committed(error)
    assert kinds(effects) == ["Lose"]
    assert not hand.all(e.Revoke)
    hand.done(e.Lose)
    assert hand.join.member_id == member_id


def test_m02_nothing_is_lost_where_nothing_is_owned() -> None:
    hand = Hand().stable()
    hand.wait(3000)
    assert kinds(hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)) == ["JoinStarted", "JoinGroup"]


def test_m02_losing_waits_for_the_callback_that_runs() -> None:
    hand = Hand().stable(0, 1).rebalances()
    hand.positions()
    hand.committed()
    hand.wait(3000)
    assert kinds(hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)) == []
    effects = hand.done(e.Revoke)
    assert kinds(effects) == ["JoinStarted", "JoinGroup"], "it was revoked: nothing left to lose"
    assert hand.join.member_id == ""


def test_m02_what_was_assigned_meanwhile_is_lost_too() -> None:
    hand = Hand().start()
    hand.joined()
    hand.synced(parts(0))
    hand.wait(3000)
    assert kinds(hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)) == []
    assert kinds(hand.done(e.Assign)) == ["Lose"]
    assert hand.last(e.Lose).partitions == parts(0)


def test_m02_losing_interrupts_a_commit_before_revocation() -> None:
    hand = Hand().stable(0).rebalances()
    hand.wait(3000)
    assert kinds(hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)) == ["Lose"]
    assert hand.positions() == (), "the positions come too late"


def test_m02_a_failed_sync_keeps_the_claim_with_the_generation_joined() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined()
    effects = hand.sync_refused(ErrorCode.REBALANCE_IN_PROGRESS)
    assert states(effects) == [MemberState.PREPARING_JOIN, MemberState.JOINING]
    assert hand.join.member_id == "m-1"
    assert hand.claims().owned == parts(0)
    assert hand.claims().generation_id == 2
    assert not hand.all(e.Lose)


def test_m02_a_late_heartbeat_answer_takes_the_join_back() -> None:
    hand = Hand(cooperative=True).stable(0)
    hand.wait(3000)
    hand.tell(e.EnforceRebalance())
    assert hand.claims().owned == parts(0)
    assert kinds(hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)) == ["Lose"]
    joins = len(hand.sends(JoinGroupRequest))
    assert hand.joined() == (), "the answer to the claim that was taken back is nobody's"
    hand.done(e.Lose)
    assert len(hand.sends(JoinGroupRequest)) == joins + 1
    assert not hand.claims().owned
    assert len(hand.sends(HeartbeatRequest)) == 1


def test_m02_fenced_is_fatal() -> None:
    hand = Hand(group_instance_id="i").stable(0)
    hand.wait(3000)
    effects = hand.beat(ErrorCode.FENCED_INSTANCE_ID)
    assert kinds(effects) == ["Lose", "Failed"]
    assert hand.member.state is MemberState.FAILED
    failed = hand.last(e.Failed)
    assert failed.code is ErrorCode.FENCED_INSTANCE_ID
    assert "group.instance.id" in failed.error
    hand.done(e.Lose)
    assert hand.member.next_deadline() is None


def test_m02_fenced_while_the_listener_runs_is_told_when_all_is_lost() -> None:
    hand = Hand(group_instance_id="i", cooperative=True).stable(0).rebalances()
    hand.joined()
    hand.synced(parts(0, 1))
    assert hand.last(e.Assign).partitions == parts(1)
    hand.wait(3000)
    assert kinds(hand.beat(ErrorCode.FENCED_INSTANCE_ID)) == []
    assert hand.member.state is MemberState.FAILED
    assert hand.member.owned == parts(0, 1)
    assert kinds(hand.done(e.Assign)) == ["Lose", "Failed"]
    assert hand.last(e.Failed).code is ErrorCode.FENCED_INSTANCE_ID
    assert not hand.member.owned
