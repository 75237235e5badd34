"""What a client profile changes, by hand: the order of commit and revoke, when to join, how to end.

Each test names where in the client it is written.
"""

import pytest

from rebalance.member import events as e
from rebalance.member.profile import AIOKAFKA, JAVA, LIBRDKAFKA, PROFILES, ClientProfile
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts


@pytest.mark.parametrize("profile", [JAVA, AIOKAFKA])
def test_m01_javas_and_aiokafkas_members_commit_first(profile: ClientProfile) -> None:
    """ConsumerCoordinator.onJoinPrepare; group_coordinator.py, _on_join_prepare."""
    hand = Hand(profile=profile).stable(0, 1).rebalances()
    assert kinds(hand.positions(9)) == ["OffsetCommit"]
    assert kinds(hand.committed()) == ["Revoke"]
    assert kinds(hand.done(e.Revoke)) == ["JoinStarted", "JoinGroup"]


def test_m01_librdkafkas_members_commit_what_their_listener_unassigned() -> None:
    """rdkafka_assignment.c, rd_kafka_assignment_serve_removals."""
    hand = Hand(profile=LIBRDKAFKA).stable(0, 1).rebalances()
    assert kinds(hand.positions(9)) == ["Revoke"]
    assert hand.member.owned == parts(0, 1), "owned until the listener is done"
    assert kinds(hand.done(e.Revoke)) == ["OffsetCommit"]
    assert not hand.member.owned
    commit = hand.sends(OffsetCommitRequest)[-1].request
    assert isinstance(commit, OffsetCommitRequest)
    assert [each.offset for each in commit.offsets] == [9, 9]
    assert kinds(hand.committed()) == ["JoinStarted", "JoinGroup"]


def test_m01_librdkafkas_members_commit_before_they_leave() -> None:
    hand = Hand(profile=LIBRDKAFKA).stable(0)
    hand.tell(e.Close())
    assert kinds(hand.positions()) == ["Revoke"]
    assert kinds(hand.done(e.Revoke)) == ["OffsetCommit"]
    assert kinds(hand.committed()) == ["LeaveGroup"]


def test_m01_a_commit_after_the_listener_holds_nobody_up_for_ever() -> None:
    hand = Hand(profile=LIBRDKAFKA, max_poll_interval_ms=20_000).stable(0).rebalances()
    assert hand.member.config.release_timeout_ms == 10_000
    hand.wait(1_000)
    hand.positions()
    hand.wait(2_000)
    assert kinds(hand.done(e.Revoke)) == ["OffsetCommit"]
    assert not hand.sends(JoinGroupRequest)[2:]
    assert "JoinGroup" not in kinds(hand.wait(8_999)), "the listener's time does not count"
    assert "JoinGroup" in kinds(hand.wait(1))


def test_m01_a_commit_after_the_listener_that_meets_the_end_of_the_generation() -> None:
    hand = Hand(profile=LIBRDKAFKA).stable(0).rebalances()
    hand.positions()
    hand.done(e.Revoke)
    assert kinds(hand.committed(ErrorCode.UNKNOWN_MEMBER_ID)) == ["JoinStarted", "JoinGroup"]
    assert not hand.all(e.Lose), "nothing is owned any more"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_m05_who_hears_of_a_rebalance_joins_at_once(profile: ClientProfile) -> None:
    """None of them waits for its next heartbeat; librdkafka's once a second is seen below."""
    hand = Hand(profile=profile, cooperative=True).stable(0)
    hand.wait(hand.member.config.heartbeat_interval_ms)
    assert kinds(hand.beat(ErrorCode.REBALANCE_IN_PROGRESS)) == ["JoinStarted", "JoinGroup"]


@pytest.mark.parametrize(
    ("profile", "cooperative", "after_ms"),
    [(AIOKAFKA, False, 0), (LIBRDKAFKA, False, 0), (LIBRDKAFKA, True, 500), (JAVA, True, 0)],
)
def test_m05_only_librdkafkas_cooperative_members_join_once_a_second(
    profile: ClientProfile, cooperative: bool, after_ms: int
) -> None:
    """rdkafka_cgrp.c, rd_kafka_cgrp_group_is_rebalancing: eager members reset the interval."""
    hand = Hand(
        profile=profile,
        cooperative=cooperative,
        heartbeat_interval_ms=500,
        enable_auto_commit=False,
    ).stable()
    if not hand.waits_for(HeartbeatRequest):
        hand.wait(500)
    else:
        hand.beat()
        hand.wait(500)
    seen = kinds(hand.beat(ErrorCode.REBALANCE_IN_PROGRESS))
    assert ("JoinGroup" in seen) is (after_ms == 0)
    if after_ms:
        assert "JoinGroup" not in kinds(hand.wait(after_ms - 1))
        assert "JoinGroup" in kinds(hand.wait(1))


def test_m01_who_gave_something_up_joins_at_once() -> None:
    """rdkafka_cgrp.c, rd_kafka_cgrp_assignment_done."""
    hand = Hand(profile=LIBRDKAFKA, cooperative=True, enable_auto_commit=False).stable(0, 1)
    hand.wait(hand.member.config.heartbeat_interval_ms)
    hand.beat(ErrorCode.REBALANCE_IN_PROGRESS)
    hand.joined()
    hand.synced(parts(0))
    hand.done(e.Revoke)
    assert "JoinGroup" in kinds(hand.done(e.Assign))


def test_m01_aiokafkas_members_end_their_join_before_they_leave() -> None:
    """group_coordinator.py, __coordination_routine and close."""
    hand = Hand(profile=AIOKAFKA, enable_auto_commit=False).stable(0).rebalances()
    hand.done(e.Revoke)
    assert kinds(hand.tell(e.Close())) == []
    assert kinds(hand.joined()) == ["GenerationJoined", "SyncGroup"]
    assert kinds(hand.synced(parts(0))) == ["Assign"]
    assert kinds(hand.done(e.Assign)) == ["Revoke"]
    assert kinds(hand.done(e.Revoke)) == ["LeaveGroup"]
    hand.left()
    assert hand.member.state is MemberState.STOPPED


def test_m01_a_join_that_fails_is_not_tried_again_by_who_is_closed() -> None:
    hand = Hand(profile=AIOKAFKA).start()
    hand.tell(e.Close())
    hand.joined()
    assert "LeaveGroup" in kinds(hand.sync_refused(ErrorCode.REBALANCE_IN_PROGRESS))
    hand.left()
    assert hand.member.state is MemberState.STOPPED


@pytest.mark.parametrize("profile", [JAVA, LIBRDKAFKA])
def test_m01_others_leave_in_the_middle_of_a_join(profile: ClientProfile) -> None:
    hand = Hand(profile=profile, enable_auto_commit=False).stable(0).rebalances()
    hand.done(e.Revoke)
    assert kinds(hand.tell(e.Close())) == ["LeaveGroup"]


@pytest.mark.parametrize("profile", [JAVA, AIOKAFKA])
def test_s02_aiokafkas_members_pause_when_the_group_rebalances_again(
    profile: ClientProfile,
) -> None:
    """group_coordinator.py, _do_rejoin_group."""
    hand = Hand(profile=profile).start()
    hand.joined()
    joined = "JoinGroup" in kinds(hand.sync_refused(ErrorCode.REBALANCE_IN_PROGRESS))
    assert joined is (profile is JAVA)
    if not joined:
        assert "JoinGroup" in kinds(hand.wait(hand.member.config.backoff_ms(1)))
