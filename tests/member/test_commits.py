"""The user's commits: in order, in the member's name, never for what it does not own."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, OffsetCommitRequest
from rebalance.protocol.responses import CommittedPartition, OffsetCommitResponse
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts, tp


def commit(hand: Hand, number: int, **offsets: int) -> tuple[e.MemberEffect, ...]:
    """Commit p0=5, p1=6 and so on."""
    named = {tp(int(name[1:])): offset for name, offset in offsets.items()}
    return hand.tell(e.CommitOffsets(commit_id=number, offsets=named))


def finished(hand: Hand) -> dict[int, dict[object, ErrorCode]]:
    """Commit id -> what was refused."""
    return {x.commit_id: dict(x.refused) for x in hand.all(e.CommitFinished)}


def test_a_commit_goes_out_in_the_generations_name() -> None:
    hand = Hand(group_instance_id="i").stable(0, 1)
    assert kinds(commit(hand, 1, p1=6, p0=5)) == ["OffsetCommit"]
    request = hand.sends(OffsetCommitRequest)[-1].request
    assert isinstance(request, OffsetCommitRequest)
    assert (request.generation_id, request.member_id, request.group_instance_id) == (1, "m-1", "i")
    assert [(o.partition, o.offset) for o in request.offsets] == [(tp(0), 5), (tp(1), 6)]
    hand.committed()
    assert finished(hand) == {1: {}}


def test_commits_keep_their_order_one_at_a_time() -> None:
    """What waits goes out as one request, and the later offset of a partition counts."""
    hand = Hand().stable(0, 1)
    commit(hand, 1, p0=1)
    assert commit(hand, 2, p0=2, p1=8) == ()
    assert commit(hand, 3, p0=3) == ()
    assert kinds(hand.committed()) == ["CommitFinished", "OffsetCommit"]
    request = hand.sends(OffsetCommitRequest)[-1].request
    assert isinstance(request, OffsetCommitRequest)
    assert [(o.partition, o.offset) for o in request.offsets] == [(tp(0), 3), (tp(1), 8)]
    assert kinds(hand.committed()) == ["CommitFinished", "CommitFinished"]
    assert list(finished(hand).items()) == [(1, {}), (2, {}), (3, {})]


def test_each_of_several_commits_hears_of_its_own_partitions() -> None:
    hand = Hand().stable(0, 1, 2)
    commit(hand, 1, p0=1)
    for number, offsets in (
        (2, {"p0": 2}),
        (3, {"p1": 3, "p9": 3}),
        (4, {"p9": 4}),
        (5, {"p2": 5}),
    ):
        commit(hand, number, **offsets)
    hand.committed()
    said = [(0, ErrorCode.NONE), (1, ErrorCode.OFFSET_METADATA_TOO_LARGE), (2, ErrorCode.NONE)]
    each = tuple(CommittedPartition(partition=tp(p), error=error) for p, error in said)
    hand.answer(OffsetCommitRequest, OffsetCommitResponse(partitions=each))
    assert list(finished(hand).items()) == [
        (1, {}),
        (2, {}),
        (3, {tp(1): ErrorCode.OFFSET_METADATA_TOO_LARGE, tp(9): ErrorCode.ILLEGAL_GENERATION}),
        (4, {tp(9): ErrorCode.ILLEGAL_GENERATION}),
        (5, {}),
    ]


def test_what_waits_and_need_not_be_sent_is_refused_in_its_turn() -> None:
    hand = Hand().stable(0)
    commit(hand, 1, p0=1)
    commit(hand, 2, p9=2)
    commit(hand, 3)
    assert finished(hand) == {}
    assert kinds(hand.committed()) == ["CommitFinished"] * 3
    assert finished(hand) == {1: {}, 2: {tp(9): ErrorCode.ILLEGAL_GENERATION}, 3: {}}


def test_the_commit_before_a_revocation_comes_after_the_users() -> None:
    hand = Hand().stable(0)
    commit(hand, 1, p0=1)
    commit(hand, 2, p0=2)
    hand.tell(e.EnforceRebalance())
    assert kinds(hand.positions(9)) == []
    hand.committed()
    assert kinds(hand.committed()) == ["CommitFinished", "OffsetCommit"]
    assert kinds(hand.committed()) == ["Revoke"]


def test_what_is_not_owned_is_refused_here_and_the_rest_is_sent() -> None:
    hand = Hand().stable(0)
    commit(hand, 1, p0=1, p7=7)
    request = hand.sends(OffsetCommitRequest)[-1].request
    assert isinstance(request, OffsetCommitRequest)
    assert [o.partition for o in request.offsets] == [tp(0)]
    hand.committed()
    assert finished(hand) == {1: {tp(7): ErrorCode.ILLEGAL_GENERATION}}
    commit(hand, 2, p7=7)
    assert finished(hand)[2] == {tp(7): ErrorCode.ILLEGAL_GENERATION}
    assert len(hand.sends(OffsetCommitRequest)) == 1


def test_a_commit_of_nothing_is_done() -> None:
    hand = Hand().stable(0)
    commit(hand, 1)
    assert finished(hand) == {1: {}}


def test_without_a_generation_nothing_is_sent() -> None:
    hand = Hand()
    commit(hand, 1, p0=1)
    assert finished(hand) == {1: {tp(0): ErrorCode.UNKNOWN_MEMBER_ID}}


def test_o02_between_join_and_sync_nothing_is_sent() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    refused = {tp(0): ErrorCode.REBALANCE_IN_PROGRESS}
    commit(hand, 1, p0=1)
    hand.joined()
    commit(hand, 2, p0=1)
    assert finished(hand) == {1: refused, 2: refused}
    hand.synced(parts(0))
    assert kinds(commit(hand, 3, p0=1)) == ["OffsetCommit"], "also while the listener runs"


def test_o02_the_listener_may_commit_what_is_being_revoked() -> None:
    hand = Hand(enable_auto_commit=False).stable(0).rebalances()
    assert kinds(commit(hand, 1, p0=1)) == ["OffsetCommit"]


def test_an_error_a_partition() -> None:
    hand = Hand().stable(0, 1, 2)
    commit(hand, 1, p0=1, p1=1, p2=1)
    said = [(0, ErrorCode.NONE), (1, ErrorCode.OFFSET_METADATA_TOO_LARGE)]
    each = tuple(CommittedPartition(partition=tp(p), error=error) for p, error in said)
    hand.answer(OffsetCommitRequest, OffsetCommitResponse(partitions=each))
    assert finished(hand)[1] == {
        tp(1): ErrorCode.OFFSET_METADATA_TOO_LARGE,
        tp(2): ErrorCode.UNKNOWN_SERVER_ERROR,
    }, "a partition that is not answered was not committed"
    assert hand.member.state is MemberState.STABLE


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ErrorCode.REBALANCE_IN_PROGRESS, MemberState.JOINING),
        (ErrorCode.ILLEGAL_GENERATION, MemberState.PREPARING_JOIN),
        (ErrorCode.UNKNOWN_MEMBER_ID, MemberState.PREPARING_JOIN),
        (ErrorCode.FENCED_INSTANCE_ID, MemberState.FAILED),
        (ErrorCode.NOT_COORDINATOR, MemberState.STABLE),
        (ErrorCode.GROUP_AUTHORIZATION_FAILED, MemberState.STABLE),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, MemberState.STABLE),
    ],
)
def test_what_an_error_says_of_the_group(error: ErrorCode, state: MemberState) -> None:
    hand = Hand(cooperative=True).stable(0)
    commit(hand, 1, p0=1)
    hand.committed(error)
    assert finished(hand) == {1: {tp(0): error}}
    assert hand.member.state is state
    gone = state in (MemberState.PREPARING_JOIN, MemberState.FAILED)
    assert bool(hand.all(e.Lose)) is gone
    assert (hand.member.coordinator is None) is (error is ErrorCode.NOT_COORDINATOR)


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
    ],
)
def test_m05_a_commit_of_an_older_generation_says_nothing_of_this_one(error: ErrorCode) -> None:
    hand = Hand(cooperative=True, max_poll_interval_ms=4000).stable(0)
    commit(hand, 1, p0=1)
    hand.tell(e.EnforceRebalance())
    hand.wait(2000)  # so long the commit holds up the join
    hand.joined()
    hand.synced(parts(0))
    hand.done(e.Assign)
    hand.committed(error)
    assert finished(hand) == {1: {tp(0): error}}
    assert hand.member.state is MemberState.STABLE
    assert hand.member.owned == parts(0)


def test_without_a_coordinator_a_commit_waits_for_one() -> None:
    hand = Hand(request_timeout_ms=5000).stable(0)
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)
    commit(hand, 1, p0=1)
    hand.found(2)
    assert hand.sends(OffsetCommitRequest)[-1].node_id == 2


def test_without_a_coordinator_a_commit_does_not_wait_for_ever() -> None:
    hand = Hand(request_timeout_ms=5000).stable(0)
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)
    commit(hand, 1, p0=1)
    hand.wait(4999)
    assert not finished(hand)
    hand.wait(1)
    assert finished(hand) == {1: {tp(0): ErrorCode.COORDINATOR_NOT_AVAILABLE}}


def test_a_commit_without_answer_may_or_may_not_have_happened() -> None:
    hand = Hand(request_timeout_ms=2000).stable(0)
    commit(hand, 1, p0=1)
    hand.wait(2000)
    assert finished(hand) == {1: {tp(0): ErrorCode.REQUEST_TIMED_OUT}}
    assert hand.member.coordinator is None


def test_i03_a_queued_commit_does_not_outlive_what_it_speaks_of() -> None:
    """Lost and owned again: somebody else may have committed further meanwhile."""
    hand = Hand().stable(0, 1)
    commit(hand, 1, p0=1)
    commit(hand, 2, p0=2, p1=2)
    hand.wait(hand.member.config.heartbeat_interval_ms)
    hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)
    hand.done(e.Lose)
    hand.refused(ErrorCode.MEMBER_ID_REQUIRED, hand.member_id)
    hand.stable(0, 1)
    assert finished(hand) == {}
    before = len(hand.sends(OffsetCommitRequest))
    hand.committed(ErrorCode.UNKNOWN_MEMBER_ID)
    assert finished(hand)[2] == dict.fromkeys((tp(0), tp(1)), ErrorCode.ILLEGAL_GENERATION)
    assert len(hand.sends(OffsetCommitRequest)) == before
