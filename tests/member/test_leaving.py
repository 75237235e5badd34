"""Unsubscribe and close, in every state; and what is a caller's mistake."""

import pytest

from rebalance.member import MemberUsageError
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
)
from rebalance.protocol.responses import HeartbeatResponse, SyncGroupResponse
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, states, tp


@pytest.mark.parametrize("cooperative", [False, True])
@pytest.mark.parametrize(
    ("event", "end", "reason"),
    [
        (e.Close(), MemberState.STOPPED, "the consumer is closed"),
        (
            e.Unsubscribe(),
            MemberState.UNSUBSCRIBED,
            "the consumer unsubscribed from all topics",
        ),
        (
            e.Subscribe(topics=()),
            MemberState.UNSUBSCRIBED,
            "the consumer unsubscribed from all topics",
        ),
    ],
)
def test_commit_revoke_leave(
    event: e.MemberEvent, end: MemberState, reason: str, cooperative: bool
) -> None:
    hand = Hand(cooperative=cooperative).stable(0, 1)
    assert kinds(hand.tell(event)) == ["TakePositions"]
    assert kinds(hand.positions()) == ["OffsetCommit"]
    assert kinds(hand.committed()) == ["Revoke"]
    assert kinds(hand.done(e.Revoke)) == ["LeaveGroup"]
    leave = hand.sends(LeaveGroupRequest)[-1].request
    assert isinstance(leave, LeaveGroupRequest)
    assert [(m.member_id, m.reason) for m in leave.members] == [("m-1", reason)]
    assert states(hand.left()) == [end]
    assert hand.member.next_deadline() is None
    assert hand.member.member_id == ""


def test_leaving_does_not_wait_for_ever() -> None:
    hand = Hand().stable()
    hand.tell(e.Close())
    hand.wait(29_999)
    assert hand.member.state is MemberState.LEAVING
    hand.wait(1)
    assert hand.member.state is MemberState.STOPPED


def test_leaving_without_a_coordinator_sends_nothing() -> None:
    hand = Hand(enable_auto_commit=False).stable(0)
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)
    hand.tell(e.Close())
    hand.done(e.Revoke)
    assert hand.member.state is MemberState.STOPPED
    assert not hand.sends(LeaveGroupRequest)


def test_leaving_looks_for_no_coordinator_when_it_has_nothing_to_commit() -> None:
    hand = Hand(enable_auto_commit=False).stable(0)
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)
    hand.lookup_refused(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    hand.tell(e.Close())
    lookups = len(hand.sends(FindCoordinatorRequest))
    hand.wait(5000)
    assert len(hand.sends(FindCoordinatorRequest)) == lookups


def test_leaving_looks_for_the_coordinator_while_it_has_something_to_commit() -> None:
    hand = Hand().stable(0)
    hand.tell(e.Close())
    hand.positions()
    assert "FindCoordinator" in kinds(hand.committed(ErrorCode.NOT_COORDINATOR))
    hand.found(2)
    hand.wait(100)
    hand.committed()
    hand.done(e.Revoke)
    assert hand.sends(LeaveGroupRequest)[-1].node_id == 2
    assert len(hand.sends(FindCoordinatorRequest)) == 2


def test_heartbeats_go_on_until_the_member_leaves() -> None:
    hand = Hand().stable(0)
    hand.tell(e.Close())
    assert kinds(hand.wait(3000)) == ["Heartbeat"]
    hand.beat(ErrorCode.REBALANCE_IN_PROGRESS)
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert not hand.wait(6000)


@pytest.mark.parametrize(
    ("error", "leaves"), [(ErrorCode.UNKNOWN_MEMBER_ID, 0), (ErrorCode.ILLEGAL_GENERATION, 1)]
)
def test_a_generation_lost_while_leaving_is_lost(error: ErrorCode, leaves: int) -> None:
    hand = Hand().stable(0)
    hand.tell(e.Close())
    hand.wait(3000)
    assert kinds(hand.beat(error)) == ["Lose"]
    hand.done(e.Lose)
    assert len(hand.sends(LeaveGroupRequest)) == leaves
    assert not hand.sends(OffsetCommitRequest)


@pytest.mark.parametrize("cooperative", [False, True])
def test_closing_during_a_rebalance_commits_nothing(cooperative: bool) -> None:
    hand = Hand(cooperative=cooperative)
    hand.stable(0).rebalances()
    if not cooperative:
        hand.positions()
        hand.committed()
        hand.done(e.Revoke)
    commits = len(hand.sends(OffsetCommitRequest))
    effects = hand.tell(e.Close())
    assert kinds(effects) == (["Revoke"] if cooperative else ["LeaveGroup"])
    if cooperative:
        assert kinds(hand.done(e.Revoke)) == ["LeaveGroup"]
    assert len(hand.sends(OffsetCommitRequest)) == commits
    assert hand.joined() == (), "nobody waits for that answer any more"


def test_closing_waits_for_the_listener_that_runs() -> None:
    hand = Hand().start()
    hand.joined()
    hand.synced(parts(0))
    assert kinds(hand.tell(e.Close())) == []
    assert kinds(hand.done(e.Assign)) == ["TakePositions"]


def test_subscribing_while_leaving_comes_back() -> None:
    hand = Hand().stable()
    hand.tell(e.Unsubscribe())
    hand.tell(e.Subscribe(topics=("u",)))
    effects = hand.left()
    assert states(effects)[0] is MemberState.UNSUBSCRIBED
    assert states(effects)[-1] is MemberState.JOINING
    assert hand.claims().topics == ("u",)
    assert hand.join.member_id == ""


def test_closing_while_unsubscribing_stops() -> None:
    hand = Hand().stable()
    hand.tell(e.Unsubscribe())
    hand.tell(e.Close())
    hand.left()
    assert hand.member.state is MemberState.STOPPED


def test_after_the_end_the_harmless_is_ignored_and_a_commit_is_refused() -> None:
    hand = Hand().stable(0)
    hand.wait(3000)
    hand.tell(e.Close())
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    hand.left()
    for event in (e.Close(), e.Unsubscribe(), e.Polled(), e.CallbackDone(token=1)):
        assert hand.tell(event) == ()
    assert hand.beat() == ()
    effects = hand.tell(e.CommitOffsets(commit_id=1, offsets={tp(0): 1}))
    refused = {tp(0): ErrorCode.UNKNOWN_MEMBER_ID}
    assert effects == (e.CommitFinished(commit_id=1, refused=refused),)


@pytest.mark.parametrize("event", [e.Subscribe(topics=("t",)), e.EnforceRebalance()])
def test_a_closed_or_failed_member_cannot_be_brought_back(event: e.MemberEvent) -> None:
    closed, failed, closing = Hand(), Hand().start(), Hand().stable(0)
    closed.tell(e.Close())
    failed.refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
    closing.tell(e.Close())
    for hand, word in ((closed, "closed"), (failed, "failed"), (closing, "closed")):
        before = hand.member.state
        with pytest.raises(MemberUsageError, match=word):
            hand.tell(event)
        assert hand.member.state is before


def test_what_else_is_a_callers_mistake() -> None:
    hand = Hand()
    with pytest.raises(MemberUsageError, match="subscribe first"):
        hand.tell(e.EnforceRebalance())
    with pytest.raises(MemberUsageError, match="tuple of topic names"):
        hand.tell(e.Subscribe(topics="t"))  # type: ignore[arg-type]
    with pytest.raises(MemberUsageError, match="tuple of topic names"):
        hand.tell(e.Subscribe(topics=("",)))
    with pytest.raises(MemberUsageError, match="negative"):
        hand.tell(e.CommitOffsets(commit_id=1, offsets={tp(0): -1}))
    with pytest.raises(TypeError, match="no event of a member"):
        hand.tell("join")  # type: ignore[arg-type]
    hand.tell(e.Subscribe(topics=("t",)))
    with pytest.raises(MemberUsageError, match="FindCoordinator was answered with Heartbeat"):
        hand.answer(FindCoordinatorRequest, HeartbeatResponse())
    hand.found()
    assert hand.tell(e.Answered(token=99, response=SyncGroupResponse())) == ()
