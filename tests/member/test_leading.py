"""M06, M08: the leader's work, what it refuses to hand in, and how it fails."""

import pytest

from assignors.codec import decode_assignment
from assignors.errors import InvalidPlanError
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    MetadataRequest,
    SyncGroupRequest,
)
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds, parts

T = Subscription(topics=("t",))


def test_the_leader_asks_for_metadata_runs_the_assignor_and_hands_the_plan_in() -> None:
    hand = Hand().start()
    two = Subscription(topics=("u", "t"), owned=parts(1), generation_id=4, rack_id="r")
    hand.joined(leads={"m-1": T, "m-2": two})
    assert hand.member.leader
    assert hand.sends(MetadataRequest)[-1].request == MetadataRequest(topics=("t", "u"))
    hand.metadata(t=2, u=1, other=9)
    run = hand.last(e.RunAssignor)
    assert run.cluster == ClusterMetadata({"t": 2, "u": 1})
    assert dict(run.members) == {"m-1": T, "m-2": two}
    assert run.assignor.name == "hand"
    theirs = PartitionSet({"t": [1], "u": [0]})
    hand.plan(m__1=parts(0), m__2=theirs)
    sync = hand.sends(SyncGroupRequest)[-1].request
    assert isinstance(sync, SyncGroupRequest)
    assert (sync.generation_id, sync.member_id, sync.protocol_name) == (1, "m-1", "hand")
    given = {a.member_id: decode_assignment(a.assignment).partitions for a in sync.assignments}
    assert given == {"m-1": parts(0), "m-2": theirs}


def test_a_follower_hands_nothing_in() -> None:
    hand = Hand().start()
    hand.joined()
    sync = hand.sends(SyncGroupRequest)[-1].request
    assert isinstance(sync, SyncGroupRequest)
    assert sync.assignments == ()
    assert not hand.member.leader


def test_a_member_that_the_plan_forgets_gets_nothing() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T, "m-2": T})
    hand.metadata(t=2)
    hand.plan(m__1=parts(0, 1))
    sync = hand.sends(SyncGroupRequest)[-1].request
    assert isinstance(sync, SyncGroupRequest)
    given = {a.member_id: decode_assignment(a.assignment).partitions for a in sync.assignments}
    assert given == {"m-1": parts(0, 1), "m-2": parts()}


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"m__1": parts(0, 1), "m__2": parts(0)}, "to 'm-1' and to 'm-2'"),
        ({"m__1": parts(0, 1, 7)}, "which has 2 partitions"),
        ({"m__1": parts(0), "ghost": parts(1)}, "'ghost', which is not a member"),
        ({"m__1": parts(0)}, "partition 1 of 't' to nobody"),
        ({"m__1": parts(0, 1), "m__2": parts(0, topic="u")}, "to which it is not subscribed"),
    ],
)
def test_m08_an_invalid_plan_is_refused_wherever_the_driver_got_it(
    plan: dict[str, PartitionSet], words: str
) -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T, "m-2": T})
    hand.metadata(t=2)
    assert kinds(hand.plan(**plan)) == ["LeaveGroup", "Failed"]
    assert words in hand.last(e.Failed).error
    assert isinstance(hand.last(e.Failed).cause, InvalidPlanError)
    assert not hand.sends(SyncGroupRequest)


@pytest.mark.parametrize(
    "rubbish", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x00\x01\x7f\xff\xff\xff"]
)
def test_a_member_that_cannot_be_read_gets_nothing(rubbish: bytes) -> None:
    hand = Hand().start()
    effects = hand.joined(leads={"m-1": T, "m-2": rubbish})
    assert "Unreadable" in kinds(effects)
    notice = hand.last(e.Unreadable)
    assert (notice.what, notice.member_id) == ("subscription", "m-2")
    hand.metadata(t=1)
    assert hand.last(e.RunAssignor).members["m-2"] == Subscription(topics=())


def test_metadata_is_asked_for_until_it_comes() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T})
    hand.metadata(ErrorCode.LEADER_NOT_AVAILABLE)
    hand.wait(100)
    hand.no_answer(MetadataRequest)
    hand.wait(200)
    assert len(hand.sends(MetadataRequest)) == 3
    hand.metadata(t=1)
    assert hand.all(e.RunAssignor)


def test_metadata_that_is_forbidden_fails_the_leader_alone() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T})
    hand.metadata(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    assert hand.last(e.Failed).code is ErrorCode.TOPIC_AUTHORIZATION_FAILED
    assert hand.sends(LeaveGroupRequest)


def test_heartbeats_go_on_while_the_assignor_runs() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T})
    hand.metadata(t=1)
    hand.wait(3000)
    hand.beat()
    hand.wait(3000)
    assert len(hand.sends(HeartbeatRequest)) == 2
    assert hand.member.state is MemberState.ASSIGNING


def test_a_plan_of_an_old_generation_is_nobodys() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T})
    hand.metadata(t=1)
    old = hand.last(e.RunAssignor).token
    hand.wait(3000)
    hand.beat(ErrorCode.ILLEGAL_GENERATION)
    hand.joined(leads={"m-1": T})
    late = e.AssignorDone(token=old, assignment=GroupAssignment({"m-1": parts(0)}))
    assert hand.tell(late) == ()
    assert hand.tell(e.AssignorFailed(token=old, error=ValueError("late"))) == ()


def test_a_coordinator_lost_while_assigning_means_joining_again() -> None:
    """Another coordinator does not know the generation: SyncGroup would lose everything."""
    hand = Hand().start()
    hand.joined(leads={"m-1": T})
    hand.metadata(t=1)
    hand.wait(3000)
    hand.beat(ErrorCode.NOT_COORDINATOR)
    assert hand.member.state is MemberState.FINDING_COORDINATOR
    assert hand.plan(m__1=parts(0)) == ()
    hand.found(2)
    hand.wait(100)
    assert hand.member.state is MemberState.JOINING
    assert len(hand.sends(FindCoordinatorRequest)) == 2


def owns(*ids: int) -> Subscription:
    """A subscriber of t that owns these."""
    return Subscription(topics=("t",), owned=parts(*ids))


def test_m06_a_cooperative_leader_refuses_such_a_plan() -> None:
    hand = Hand(cooperative=True).start()
    hand.joined(leads={"m-1": T, "m-2": owns(0, 1)})
    hand.metadata(t=2)
    hand.plan(m__1=parts(0), m__2=parts(1))
    assert not hand.sends(SyncGroupRequest)
    assert hand.member.state is MemberState.FAILED
    assert "partition 0 of 't' to 'm-1' while 'm-2' still owns it" in hand.last(e.Failed).error
    assert hand.sends(LeaveGroupRequest)


def test_m06_an_eager_leader_may_move_what_it_likes() -> None:
    hand = Hand().start()
    hand.joined(leads={"m-1": T, "m-2": owns(0, 1)})
    hand.metadata(t=2)
    assert kinds(hand.plan(m__1=parts(0), m__2=parts(1))) == ["SyncGroup"]


def test_m08_an_assignor_that_fails_does_not_stall_the_group() -> None:
    hand = Hand(cooperative=True).stable(0).rebalances()
    hand.joined(leads={"m-1": T, "m-2": T})
    hand.metadata(t=2)
    boom = ValueError("boom")
    effects = hand.tell(e.AssignorFailed(token=hand.last(e.RunAssignor).token, error=boom))
    assert kinds(effects) == ["Lose", "LeaveGroup", "Failed"]
    assert hand.last(e.Failed).cause is boom
    assert "boom" in hand.last(e.Failed).error
    leave = hand.sends(LeaveGroupRequest)[-1].request
    assert isinstance(leave, LeaveGroupRequest)
    assert leave.members[0].reason == "the leader's assignor failed"
    assert hand.member.state is MemberState.FAILED
    hand.done(e.Lose)
    hand.left()
    assert hand.member.waiting_for == ()
    assert hand.member.next_deadline() is None


def test_kip_814_a_returning_static_leader_skips_the_assignment() -> None:
    hand = Hand(group_instance_id="i").start()
    hand.joined(leads={"m-1": T}, skip_assignment=True)
    assert hand.member.state is MemberState.SYNCING
    assert not hand.all(e.RunAssignor)
    hand.synced(parts(0))
    hand.done(e.Assign)
    hand.wait(0)
    assert hand.waits_for(MetadataRequest), "it watches from now on"
    hand.metadata(t=1)
    assert hand.member.state is MemberState.STABLE


def test_the_leader_notices_new_partitions() -> None:
    hand = Hand(metadata_max_age_ms=2000).leads(0)
    hand.wait(2000)
    assert hand.sends(MetadataRequest)[-1].request == MetadataRequest(topics=("t",))
    assert hand.metadata(t=4) == ()
    hand.wait(2000)
    hand.metadata(t=5)
    assert hand.member.state is MemberState.PREPARING_JOIN
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert (hand.join.reason or "").startswith("metadata changed")


def test_the_leader_notices_a_topic_that_appears_or_goes() -> None:
    hand = Hand(metadata_max_age_ms=2000).leads()
    hand.wait(2000)
    hand.metadata()
    assert hand.member.state is MemberState.JOINING


def test_the_watch_survives_errors_and_ends_with_the_lead() -> None:
    hand = Hand(metadata_max_age_ms=2000).leads()
    hand.wait(2000)
    hand.metadata(ErrorCode.LEADER_NOT_AVAILABLE)
    hand.wait(100)
    hand.no_answer(MetadataRequest)
    hand.wait(200)
    hand.metadata(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    asked = len(hand.sends(MetadataRequest))
    assert asked == 4
    hand.rebalances()
    hand.joined()
    hand.synced(parts())
    hand.done(e.Assign)
    asked = len(hand.sends(MetadataRequest))
    hand.wait(2900)
    assert len(hand.sends(MetadataRequest)) == asked, "a follower does not watch"
