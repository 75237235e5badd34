"""SyncGroup: its errors, and assignments that cannot be followed."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest
from rebalance.protocol.responses import SyncGroupResponse
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts


def syncing(**settings: object) -> Hand:
    """A follower that waits for its assignment."""
    hand = Hand(**settings).start()  # type: ignore[arg-type]
    hand.joined()
    return hand


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (ErrorCode.REBALANCE_IN_PROGRESS, 0),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 100),
        (ErrorCode.REQUEST_TIMED_OUT, 100),
    ],
)
def test_what_harms_nobody_means_joining_again(error: ErrorCode, pause: int) -> None:
    hand = syncing()
    hand.sync_refused(error)
    hand.wait(pause)
    assert hand.member.state is MemberState.JOINING
    assert hand.join.member_id == "m-1"
    assert hand.claims().generation_id == 1


@pytest.mark.parametrize("error", [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE])
def test_a_moved_coordinator_means_joining_there(error: ErrorCode) -> None:
    hand = syncing()
    hand.sync_refused(error)
    hand.found(3)
    hand.wait(100)
    assert hand.sends(JoinGroupRequest)[-1].node_id == 3
    assert hand.join.member_id == "m-1"


def test_no_answer_for_request_timeout_ms_means_joining_again() -> None:
    hand = Hand(request_timeout_ms=2000).start()
    hand.joined()
    hand.wait(2000)
    assert hand.member.state is MemberState.FINDING_COORDINATOR
    hand.found()
    hand.wait(100)
    assert hand.member.state is MemberState.JOINING
    assert hand.synced(parts(0)) == (), "late"


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.GROUP_AUTHORIZATION_FAILED,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode.UNKNOWN_SERVER_ERROR,
    ],
)
def test_the_rest_is_fatal(error: ErrorCode) -> None:
    hand = syncing()
    hand.sync_refused(error)
    assert hand.last(e.Failed).code is error


def test_another_protocol_than_the_joins_is_fatal() -> None:
    hand = syncing()
    hand.answer(SyncGroupRequest, SyncGroupResponse(protocol_name="other"))
    assert hand.last(e.Failed).code is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert "other" in hand.last(e.Failed).error


def test_no_bytes_are_no_partitions() -> None:
    """S02: what a coordinator sends to a member whom the leader forgot."""
    hand = syncing()
    effects = hand.answer(SyncGroupRequest, SyncGroupResponse(assignment=b""))
    assert kinds(effects) == ["Unreadable", "Assign"]
    assert hand.last(e.Assign).partitions == parts()


@pytest.mark.parametrize("rubbish", [b"\x00", b"\xff\xff\x00", b"\x00\x01\x00\x00\x00\x09"])
def test_an_assignment_that_cannot_be_read_fails_the_member_and_frees_its_partitions(
    rubbish: bytes,
) -> None:
    hand = syncing()
    hand.answer(SyncGroupRequest, SyncGroupResponse(assignment=rubbish))
    assert hand.member.state is MemberState.FAILED
    assert "unreadable" in hand.last(e.Failed).error
    assert hand.sends(LeaveGroupRequest)


def test_foreign_topics_after_the_subscription_changed_mean_joining_at_once() -> None:
    hand = syncing()
    hand.tell(e.Subscribe(topics=("u",)))
    effects = hand.synced(parts(0))
    assert kinds(effects) == ["JoinStarted", "JoinGroup"]
    assert hand.claims().topics == ("u",)


def test_foreign_topics_otherwise_mean_joining_after_a_growing_pause() -> None:
    hand = syncing()
    for pause in (100, 200, 400):
        assert kinds(hand.synced(parts(0, topic="x"))) == []
        hand.wait(pause - 1)
        assert hand.member.state is MemberState.PREPARING_JOIN
        hand.wait(1)
        assert hand.join.reason == "assignment names topics that are not subscribed"
        hand.joined()
    assert not hand.member.owned
