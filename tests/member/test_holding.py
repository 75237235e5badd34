"""M01: what is given up waits for the commits that were asked for before, and not for ever.

Java sends each commit as it is asked for and waits for them on close; here one is on its way at a
time, so what waits behind it must not be overtaken by the revocation, the join or the leave.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from assignors.model import TopicPartition
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
)
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, tp

GROUP_GOES_ON_MS = 6000


def by_hand(*, cooperative: bool = False, **settings: Any) -> Hand:
    """A member whose application commits by hand; commits may hold the group up for 6 s."""
    settings = {
        "enable_auto_commit": False,
        "max_poll_interval_ms": 2 * GROUP_GOES_ON_MS,
        **settings,
    }
    return Hand(cooperative=cooperative, **settings).stable(0, 1)


def commit(hand: Hand, number: int, **offsets: int) -> tuple[e.MemberEffect, ...]:
    """Commit p0=5, p1=6 and so on."""
    named = {tp(int(name[1:])): offset for name, offset in offsets.items()}
    return hand.tell(e.CommitOffsets(commit_id=number, offsets=named))


def finished(hand: Hand) -> dict[int, Mapping[TopicPartition, ErrorCode]]:
    """Commit id -> what was refused."""
    return {x.commit_id: x.refused for x in hand.all(e.CommitFinished)}


def sent(hand: Hand) -> list[dict[object, int]]:
    """What each OffsetCommit said."""
    requests = [send.request for send in hand.sends(OffsetCommitRequest)]
    return [{o.partition: o.offset for o in r.offsets} for r in requests]  # type: ignore[union-attr]


def rejoin(hand: Hand) -> tuple[e.MemberEffect, ...]:
    return hand.tell(e.EnforceRebalance())


def close(hand: Hand) -> tuple[e.MemberEffect, ...]:
    return hand.tell(e.Close())


ENDINGS = pytest.mark.parametrize(
    ("give_up", "goes_on"), [(rejoin, "JoinGroup"), (close, "LeaveGroup")]
)
GiveUp = Callable[[Hand], tuple[e.MemberEffect, ...]]


@ENDINGS
def test_m01_what_was_asked_for_before_goes_out_before_the_revocation(
    give_up: GiveUp, goes_on: str
) -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    assert kinds(give_up(hand)) == []
    assert kinds(hand.committed()) == ["CommitFinished", "OffsetCommit"]
    assert kinds(hand.committed()) == ["CommitFinished", "Revoke"]
    assert kinds(hand.done(e.Revoke))[-1] == goes_on
    assert finished(hand) == {1: {}, 2: {}}
    assert sent(hand) == [{tp(0): 5}, {tp(1): 9}]


@ENDINGS
def test_m01_what_the_listener_commits_goes_out_before_others_get_it(
    give_up: GiveUp, goes_on: str
) -> None:
    hand = by_hand()
    assert kinds(give_up(hand)) == ["Revoke"]
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    assert kinds(hand.done(e.Revoke)) == []
    assert hand.member.owned == parts(), "the listener is done"
    assert kinds(hand.committed()) == ["CommitFinished", "OffsetCommit"]
    assert kinds(hand.committed())[-1] == goes_on
    assert finished(hand) == {1: {}, 2: {}}
    assert sent(hand) == [{tp(0): 5}, {tp(1): 9}]


def test_m01_after_the_listener_nothing_more_can_be_committed() -> None:
    hand = by_hand().rebalances()
    commit(hand, 1, p0=5)
    hand.done(e.Revoke)
    commit(hand, 2, p0=6)
    assert kinds(hand.committed())[:3] == ["CommitFinished", "JoinStarted", "JoinGroup"]
    assert finished(hand) == {1: {}, 2: {tp(0): ErrorCode.REBALANCE_IN_PROGRESS}}
    assert sent(hand) == [{tp(0): 5}]


def test_m01_cooperative_commits_what_it_revokes_before_it_joins_again() -> None:
    hand = by_hand(cooperative=True).rebalances()
    hand.joined()
    commit_before = commit(hand, 1, p0=4)
    assert kinds(commit_before) == ["CommitFinished"], "between join and sync it is refused"
    hand.synced(parts(1))
    assert hand.last(e.Revoke).partitions == parts(0)
    commit(hand, 2, p0=5)
    commit(hand, 3, p0=6, p1=7)
    assert kinds(hand.done(e.Revoke)) == ["Assign"]
    assert kinds(hand.done(e.Assign)) == []
    assert hand.member.state is MemberState.PREPARING_JOIN
    hand.committed()
    assert sent(hand)[-1] == {tp(0): 6, tp(1): 7}
    assert kinds(hand.committed()) == ["CommitFinished", "JoinStarted", "JoinGroup"]
    assert {number: finished(hand)[number] for number in (2, 3)} == {2: {}, 3: {}}


def test_m01_cooperative_joins_once_its_commits_are_answered() -> None:
    """It revokes nothing; but between JoinGroup and SyncGroup a queued commit would be refused."""
    hand = by_hand(cooperative=True)
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    assert kinds(rejoin(hand)) == []
    hand.committed()
    assert "JoinGroup" in kinds(hand.committed())
    assert finished(hand) == {1: {}, 2: {}}


@pytest.mark.parametrize("cooperative", [False, True])
@ENDINGS
def test_m01_who_goes_on_committing_does_not_hold_the_group_up(
    give_up: GiveUp, goes_on: str, cooperative: bool
) -> None:
    """Only what was asked for before is waited for: at most two answers."""
    hand = by_hand(cooperative=cooperative)
    for number in range(1, 6):
        commit(hand, number, p0=number)
    give_up(hand)
    for number in range(6, 8):
        commit(hand, number, p0=number)
        hand.committed()
        commit(hand, 10 * number, p0=number)
    given_up = [*hand.all(e.Revoke), *hand.sends(JoinGroupRequest)[2:]]
    assert given_up, goes_on


@ENDINGS
def test_m01_commits_do_not_hold_up_the_group_for_ever(give_up: GiveUp, goes_on: str) -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    give_up(hand)
    hand.wait(GROUP_GOES_ON_MS - 1)
    assert not hand.all(e.Revoke)
    hand.wait(1)
    assert hand.all(e.Revoke), "after half of the rebalance timeout"
    assert kinds(hand.done(e.Revoke))[-1] == goes_on, "that time is not granted twice"


@ENDINGS
def test_m01_nor_does_what_the_listener_commits(give_up: GiveUp, goes_on: str) -> None:
    hand = by_hand()
    give_up(hand)
    commit(hand, 1, p0=5)
    hand.wait(4000)
    assert hand.done(e.Revoke) == (), "the listener's time is its own"
    assert goes_on not in kinds(hand.wait(GROUP_GOES_ON_MS - 1))
    assert goes_on in kinds(hand.wait(1))


def test_m01_the_time_before_and_after_the_listener_is_one() -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    rejoin(hand)
    hand.wait(4000)
    hand.committed()
    commit(hand, 2, p0=6)
    hand.done(e.Revoke)
    assert "JoinGroup" not in kinds(hand.wait(1999))
    assert "JoinGroup" in kinds(hand.wait(1))


def test_i03_what_did_not_go_out_in_time_never_does() -> None:
    """Eager: joined without it, owned again; somebody else may be further by now."""
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p0=6)
    rejoin(hand)
    hand.wait(GROUP_GOES_ON_MS)
    hand.done(e.Revoke)
    hand.joined()
    hand.synced(parts(0))
    hand.done(e.Assign)
    hand.committed()
    assert finished(hand) == {1: {}, 2: {tp(0): ErrorCode.ILLEGAL_GENERATION}}
    assert sent(hand) == [{tp(0): 5}]


def test_i03_nor_after_the_member_left_and_came_back() -> None:
    hand = by_hand()
    hand.tell(e.Unsubscribe())
    commit(hand, 1, p0=5)
    commit(hand, 2, p0=6)
    hand.done(e.Revoke)
    hand.wait(GROUP_GOES_ON_MS)
    hand.tell(e.Subscribe(topics=("t",)))
    hand.left()
    hand.refused(ErrorCode.MEMBER_ID_REQUIRED, hand.member_id)
    hand.stable(0)
    hand.committed()
    assert finished(hand)[2] == {tp(0): ErrorCode.ILLEGAL_GENERATION}
    assert sent(hand) == [{tp(0): 5}]


@pytest.mark.parametrize("error", [ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION])
def test_m02_a_lost_generation_waits_for_nothing(error: ErrorCode) -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    rejoin(hand)
    hand.committed(error)
    assert finished(hand)[2] == {tp(1): ErrorCode.UNKNOWN_MEMBER_ID}
    assert not hand.all(e.Revoke)
    assert hand.last(e.Lose).partitions == parts(0, 1)


def test_m01_a_commit_that_need_not_be_sent_is_not_waited_for() -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p7=9)
    rejoin(hand)
    assert kinds(hand.committed()) == ["CommitFinished", "CommitFinished", "Revoke"]


def test_m01_leaving_looks_for_the_coordinator_also_after_the_listener() -> None:
    hand = by_hand()
    close(hand)
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    hand.done(e.Revoke)
    assert "FindCoordinator" in kinds(hand.no_answer(OffsetCommitRequest))
    hand.found(2)
    assert kinds(hand.committed()) == ["CommitFinished", "LeaveGroup"]
    assert sent(hand) == [{tp(0): 5}, {tp(1): 9}]


def test_m08_who_fails_waits_for_nothing() -> None:
    hand = by_hand(cooperative=True)
    commit(hand, 1, p0=5)
    rejoin(hand)
    hand.committed(ErrorCode.FENCED_INSTANCE_ID)
    hand.done(e.Lose)
    assert hand.member.state is MemberState.FAILED
    assert hand.member.next_deadline() is None


def test_m01_leaving_looks_for_the_coordinator_while_a_commit_waits() -> None:
    hand = by_hand()
    commit(hand, 1, p0=5)
    commit(hand, 2, p1=9)
    close(hand)
    assert "FindCoordinator" in kinds(hand.no_answer(OffsetCommitRequest))
    hand.found(2)
    assert sent(hand)[-1] == {tp(1): 9}
    hand.committed()
    hand.done(e.Revoke)
    assert hand.sends(LeaveGroupRequest)[-1].node_id == 2
    assert len(hand.sends(FindCoordinatorRequest)) == 2
    assert finished(hand) == {1: {tp(0): ErrorCode.REQUEST_TIMED_OUT}, 2: {}}


def test_m01_closing_while_a_join_waits_begins_to_wait_anew() -> None:
    hand = by_hand(cooperative=True)
    commit(hand, 1, p0=5)
    rejoin(hand)
    hand.wait(4000)
    close(hand)
    hand.wait(GROUP_GOES_ON_MS - 1)
    assert not hand.all(e.Revoke)
    hand.wait(1)
    assert hand.all(e.Revoke)


def test_m01_the_next_rebalance_has_its_time_again() -> None:
    hand = by_hand(cooperative=True)
    commit(hand, 1, p0=5)
    rejoin(hand)
    hand.wait(GROUP_GOES_ON_MS)
    hand.joined()
    hand.synced(parts(0, 1))
    hand.done(e.Assign)
    assert hand.member.state is MemberState.STABLE
    hand.tell(e.Polled())
    assert kinds(rejoin(hand)) == [], "commit 1 is still not answered"
    assert "JoinGroup" not in kinds(hand.wait(GROUP_GOES_ON_MS - 1))
    assert "JoinGroup" in kinds(hand.wait(1))


def test_m01_who_left_waits_for_nothing() -> None:
    hand = by_hand()
    close(hand)
    commit(hand, 1, p0=5)
    hand.done(e.Revoke)
    hand.committed()
    hand.left()
    assert hand.member.state is MemberState.STOPPED
    assert hand.member.next_deadline() is None


def test_m01_a_second_revocation_before_the_join_has_its_own_time() -> None:
    """Its positions may never come, and the first one has used its time up."""
    hand = Hand(cooperative=True, max_poll_interval_ms=2 * GROUP_GOES_ON_MS).stable(0, 1)
    hand.rebalances()
    hand.joined()
    hand.synced(parts(1))
    hand.wait(GROUP_GOES_ON_MS)
    hand.done(e.Revoke)
    hand.tell(e.Polled())
    hand.tell(e.Subscribe(topics=("u",)))
    hand.done(e.Assign)
    assert hand.last(e.TakePositions).partitions == parts(1)
    hand.wait(GROUP_GOES_ON_MS - 1)
    assert hand.last(e.Revoke).partitions == parts(0)
    hand.wait(1)
    assert hand.last(e.Revoke).partitions == parts(1)


def test_heartbeats_go_on_while_a_join_waits() -> None:
    hand = by_hand(cooperative=True)
    commit(hand, 1, p0=5)
    rejoin(hand)
    assert "Heartbeat" in kinds(hand.wait(3000))
    assert hand.waits_for(HeartbeatRequest)
