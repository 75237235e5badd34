"""M07: a member whose application does not poll leaves, and comes back."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.requests import HeartbeatRequest, LeaveGroupRequest
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts


def stuck(hand: Hand) -> Hand:
    """max.poll.interval.ms (10 s here) passes, heartbeats are answered."""
    for _ in range(3):
        hand.wait(3000)
        hand.beat()
    hand.wait(1000)
    return hand


def test_m07_it_loses_everything_leaves_and_waits() -> None:
    hand = stuck(Hand(max_poll_interval_ms=10_000).stable(0, 1))
    assert hand.member.state is MemberState.STALE
    assert kinds(hand.log)[-2:] == ["Lose", "LeaveGroup"]
    assert hand.last(e.Lose).partitions == parts(0, 1)
    leave = hand.sends(LeaveGroupRequest)[-1].request
    assert isinstance(leave, LeaveGroupRequest)
    assert leave.members[0].member_id == "m-1"
    assert leave.members[0].reason == "max.poll.interval.ms exceeded"
    hand.done(e.Lose)
    hand.left()
    assert hand.member.next_deadline() is None
    assert hand.member.waiting_for == ()
    assert hand.member.member_id == ""


@pytest.mark.parametrize("ids", [(), (0, 1)])
def test_m07_the_next_poll_brings_it_back_with_partitions_or_without(ids: tuple[int, ...]) -> None:
    hand = stuck(Hand(max_poll_interval_ms=10_000).stable(*ids))
    if ids:
        hand.done(e.Lose)
    hand.left()
    hand.wait(50_000)
    effects = hand.tell(e.Polled())
    assert kinds(effects) == ["JoinStarted", "JoinGroup"]
    assert hand.join.member_id == ""
    assert not hand.claims().owned
    assert "max.poll.interval.ms" in (hand.join.reason or "")


def test_m07_a_poll_during_the_listener_is_remembered() -> None:
    hand = stuck(Hand(max_poll_interval_ms=10_000).stable(0))
    assert hand.tell(e.Polled()) == ()
    assert kinds(hand.done(e.Lose)) == ["JoinStarted", "JoinGroup"]


def test_m07_polling_keeps_it_in() -> None:
    hand = Hand(max_poll_interval_ms=10_000).stable(0)
    for _ in range(20):
        hand.wait(3000)
        hand.beat()
        hand.tell(e.Polled())
    assert hand.member.state is MemberState.STABLE


def test_m07_a_listener_that_hangs_does_not_hold_up_the_group() -> None:
    hand = Hand(max_poll_interval_ms=10_000).start()
    hand.joined()
    hand.synced(parts(0))
    stuck(hand)
    assert hand.member.state is MemberState.STALE
    assert kinds(hand.log)[-1] == "LeaveGroup", "at once"
    assert not hand.all(e.Lose), "one call at a time"
    assert kinds(hand.done(e.Assign)) == ["Lose"]


def test_m07_a_static_member_does_not_leave() -> None:
    hand = stuck(Hand(max_poll_interval_ms=10_000, group_instance_id="i").stable(0))
    assert hand.member.state is MemberState.STALE
    assert not hand.sends(LeaveGroupRequest)
    assert hand.all(e.Lose)


def test_m07_nobody_waits_for_a_member_that_is_parked() -> None:
    hand = Hand(max_poll_interval_ms=10_000).start()
    hand.wait(14_000)
    assert hand.member.state is MemberState.JOINING
    hand.joined()
    assert hand.member.state is MemberState.SYNCING
    hand.wait(9_000)
    assert hand.sends(HeartbeatRequest)
    assert hand.member.state is MemberState.SYNCING, "the interval began with the answer"
