"""M03, M04: what a member says when it joins, and how eager it is."""

import pytest

from assignors.codec import decode_subscription, wire_version
from assignors.interface import AssignorError, RebalanceProtocol
from rebalance.member import ClassicMember, MemberConfig
from rebalance.member import events as e
from rebalance.member.reasons import on_the_wire
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
)
from rebalance.protocol.states import MemberState
from tests.member.hand import Both, Eager, Hand, OnlyCooperative, kinds, parts


def test_m03_the_subscription_is_version_3_with_owned_generation_and_rack() -> None:
    hand = Hand(cooperative=True, client_rack="r1").stable(0, 2).rebalances()
    metadata = hand.join.protocols[0].metadata
    assert wire_version(metadata) == 3
    says = decode_subscription(metadata)
    assert (says.topics, says.owned, says.generation_id, says.rack_id) == (
        ("t",),
        parts(0, 2),
        1,
        "r1",
    )
    assert says.user_data is None, "as Java: an assignor without user data sends null"


def test_m03_topics_go_out_sorted_so_that_the_same_subscription_is_the_same_bytes() -> None:
    one, other = Hand().start("b", "a"), Hand().start("a", "b", "a")
    assert one.join.protocols == other.join.protocols
    assert one.claims().topics == ("a", "b")


def test_m03_user_data_tells_the_last_assignment_also_under_eager() -> None:
    said: list[object] = []

    class Telling(Eager):
        def user_data(self, topics: object, owned: object, generation_id: int) -> bytes:
            said.append((topics, owned, generation_id))
            return b"x"

    hand = Hand([Telling()]).stable(1, 3).rebalances()
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert said[-1] == (("t",), parts(1, 3), 1)
    assert hand.claims().user_data == b"x"
    hand.refused(ErrorCode.UNKNOWN_MEMBER_ID)
    assert said[-1] == (("t",), parts(), -1), "M02: what was lost is not told"


@pytest.mark.parametrize(
    ("assignors", "protocol"),
    [
        ([Eager()], RebalanceProtocol.EAGER),
        ([Both()], RebalanceProtocol.COOPERATIVE),
        ([OnlyCooperative()], RebalanceProtocol.COOPERATIVE),
        ([Both(), Eager("range")], RebalanceProtocol.EAGER),
        ([Both(), OnlyCooperative("other")], RebalanceProtocol.COOPERATIVE),
    ],
)
def test_m04_the_highest_protocol_of_all_own_assignors(
    assignors: list[Eager], protocol: RebalanceProtocol
) -> None:
    member = ClassicMember(MemberConfig(group_id="g"), assignors)
    assert member.protocol is protocol


def test_m04_the_groups_choice_does_not_matter() -> None:
    hand = Hand([Both(), Eager("range")]).start()
    hand.joined(protocol_name="hand")
    hand.synced(parts(0))
    hand.done(e.Assign)
    assert hand.member.protocol_name == "hand"
    hand.rebalances()
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert not hand.claims().owned, "eager, although hand supports both"


@pytest.mark.parametrize("assignors", [[], [Eager(), OnlyCooperative("other")]])
def test_m04_no_common_protocol_is_an_error_at_construction(assignors: list[Eager]) -> None:
    with pytest.raises(AssignorError):
        ClassicMember(MemberConfig(group_id="g"), assignors)


def test_m04_two_assignors_of_one_name_are_an_error_at_construction() -> None:
    with pytest.raises(ValueError, match="same name"):
        ClassicMember(MemberConfig(group_id="g"), [Eager(), Eager()])


def test_the_join_says_what_the_config_says() -> None:
    hand = Hand(
        [Both(), Eager("range")],
        client_id="c",
        session_timeout_ms=10_000,
        max_poll_interval_ms=60_000,
        group_instance_id="i",
    ).start()
    join = hand.join
    assert [p.name for p in join.protocols] == ["hand", "range"]
    assert (join.group_id, join.client_id, join.group_instance_id) == ("g", "c", "i")
    assert (join.session_timeout_ms, join.rebalance_timeout_ms) == (10_000, 60_000)
    assert (join.protocol_type, join.member_id, join.reason) == ("consumer", "", None)


def test_m05_member_id_required_means_join_again_with_it() -> None:
    hand = Hand()
    hand.tell(e.Subscribe(topics=("t",)))
    hand.found()
    assert kinds(hand.refused(ErrorCode.MEMBER_ID_REQUIRED, "m-7")) == ["JoinStarted", "JoinGroup"]
    assert hand.join.member_id == "m-7"


def test_m05_member_id_required_without_an_id_is_tried_again_with_a_pause() -> None:
    hand = Hand()
    hand.tell(e.Subscribe(topics=("t",)))
    hand.found()
    assert kinds(hand.refused(ErrorCode.MEMBER_ID_REQUIRED, "")) == []
    assert "JoinGroup" in kinds(hand.wait(100))


FATAL = [
    ErrorCode.FENCED_INSTANCE_ID,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    ErrorCode.INVALID_SESSION_TIMEOUT,
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.GROUP_MAX_SIZE_REACHED,
    ErrorCode.UNSUPPORTED_VERSION,
    ErrorCode.UNKNOWN_SERVER_ERROR,
]


@pytest.mark.parametrize("error", FATAL)
def test_a_refusal_for_good_fails_loudly(error: ErrorCode) -> None:
    hand = Hand().start()
    hand.refused(error)
    failed = hand.last(e.Failed)
    assert failed.code is error
    assert error.name in failed.error
    assert "'g'" in failed.error
    assert hand.member.state is MemberState.FAILED
    hand.wait(30_000)
    assert hand.member.next_deadline() is None


def test_a_pending_id_that_cannot_join_is_given_back() -> None:
    """J20: it would stay pending and hold up the group (G04)."""
    hand = Hand().start()
    hand.refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    assert hand.sends(LeaveGroupRequest)[-1].request.members[0].member_id == "m-1"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.REBALANCE_IN_PROGRESS,
    ],
)
def test_a_retriable_refusal_pauses_longer_each_time(error: ErrorCode) -> None:
    hand = Hand().start()
    for pause in (100, 200, 400, 800, 1000, 1000):
        hand.refused(error)
        assert hand.member.state is MemberState.PREPARING_JOIN
        before = len(hand.sends(JoinGroupRequest))
        hand.wait(pause - 1)
        assert len(hand.sends(JoinGroupRequest)) == before
        hand.wait(1)
        assert len(hand.sends(JoinGroupRequest)) == before + 1
    assert hand.join.member_id == "m-1"


@pytest.mark.parametrize("error", [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE])
def test_a_moved_coordinator_is_looked_up_and_joined(error: ErrorCode) -> None:
    hand = Hand().start()
    assert kinds(hand.refused(error)) == ["FindCoordinator"]
    assert hand.member.state is MemberState.FINDING_COORDINATOR
    hand.found(5)
    hand.wait(100)
    assert hand.sends(JoinGroupRequest)[-1].node_id == 5
    assert hand.join.member_id == "m-1"


def test_join_group_waits_for_the_rebalance_timeout_and_five_seconds() -> None:
    hand = Hand(max_poll_interval_ms=60_000).start()
    hand.wait(64_999)
    assert hand.member.state is MemberState.JOINING
    assert kinds(hand.wait(1)) == ["FindCoordinator"]
    assert len(hand.sends(FindCoordinatorRequest)) == 2


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"protocol_name": "nobodys"}, "nobodys"),
        ({"protocol_type": "connect"}, "connect"),
        ({"generation_id": -1}, "-1"),
        ({"member_id": ""}, "''"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(answer: dict[str, object], word: str) -> None:
    from rebalance.protocol.responses import JoinGroupResponse

    hand = Hand().start()
    good: dict[str, object] = {
        "generation_id": 1,
        "protocol_type": "consumer",
        "protocol_name": "hand",
        "member_id": "m-1",
    }
    hand.answer(JoinGroupRequest, JoinGroupResponse(**{**good, **answer}))  # type: ignore[arg-type]
    assert hand.last(e.Failed).code is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert word in hand.last(e.Failed).error


def test_j16_a_reason_is_cut_at_255() -> None:
    hand = Hand().stable()
    hand.tell(e.EnforceRebalance(reason="x" * 300))
    assert hand.join.reason == "x" * 255
    assert on_the_wire("\N{ROCKET}" * 200) == "\N{ROCKET}" * 127, "UTF-16 units, none cut in half"
    assert on_the_wire("") is None


def test_the_reason_is_said_until_the_member_is_let_in() -> None:
    """The first JoinGroup without an id, or at a wrong coordinator, starts no rebalance."""
    hand = Hand(cooperative=True).stable(0)
    hand.wait(3000)
    hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)
    hand.done(e.Lose)
    why = "Heartbeat answered UNKNOWN_MEMBER_ID"
    hand.refused(ErrorCode.MEMBER_ID_REQUIRED, "m-2")
    assert (hand.join.member_id, hand.join.reason) == ("m-2", why)
    hand.refused(ErrorCode.NOT_COORDINATOR)
    hand.found()
    hand.wait(100)
    hand.no_answer(JoinGroupRequest)
    hand.found()
    hand.wait(200)
    assert (hand.join.member_id, hand.join.reason) == ("m-2", why)
    hand.joined()
    hand.sync_refused(ErrorCode.REBALANCE_IN_PROGRESS)
    assert hand.join.reason == "the group is rebalancing"


def test_a_first_join_has_no_reason_but_its_new_id() -> None:
    hand = Hand()
    hand.tell(e.Subscribe(topics=("t",)))
    hand.found()
    assert hand.join.reason is None
    hand.refused(ErrorCode.MEMBER_ID_REQUIRED, "m-1")
    assert hand.join.reason == "member id received, joining with it"


def test_subscribing_anew_while_joining_joins_again_afterwards() -> None:
    hand = Hand().start()
    hand.tell(e.Subscribe(topics=("t", "u")))
    hand.joined()
    hand.synced(parts(0))
    hand.done(e.Assign)
    assert hand.member.state is MemberState.PREPARING_JOIN
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert hand.claims().topics == ("t", "u")
    assert hand.join.reason == "subscription changed"


def test_subscribing_to_the_same_again_changes_nothing() -> None:
    hand = Hand().stable()
    assert hand.tell(e.Subscribe(topics=("t",))) == ()


def test_enforcing_while_a_join_is_out_joins_once_more() -> None:
    hand = Hand().start()
    assert hand.tell(e.EnforceRebalance(reason="data changed")) == ()
    hand.joined()
    hand.synced(parts())
    hand.done(e.Assign)
    assert hand.join.reason == "data changed"


def test_user_data_that_raises_fails_the_member_alone() -> None:
    class Raising(Eager):
        def user_data(self, topics: object, owned: object, generation_id: int) -> bytes:
            raise KeyError("boom")

    hand = Hand([Raising()])
    hand.tell(e.Subscribe(topics=("t",)))
    hand.found()
    assert hand.member.state is MemberState.FAILED
    assert "boom" in hand.last(e.Failed).error
