"""LeaveGroup (H04, H05)."""

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import MemberRemoved, RebalanceStarted, StateChanged
from rebalance.protocol.requests import LeaveGroupRequest, LeavingMember
from rebalance.protocol.responses import LeaveGroupResponse, LeftMember
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    GROUP,
    INVALID_GROUP_ID,
    NONE,
    PREPARING,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
)

OLD = [0, 1, 2]
BATCH = [3, 4, 5]


def request(*members: LeavingMember, group_id: str = GROUP, version: int = 5) -> LeaveGroupRequest:
    """A LeaveGroup."""
    return LeaveGroupRequest(group_id=group_id, members=members, version=version)


def with_static() -> Bench:
    """A and static S, Stable."""
    bench = Bench()
    bench.enter("A")
    bench.enter("S", instance="s")
    bench.advance()
    for name in "AS":
        bench.sync(name, {})
    return bench


@pytest.mark.parametrize("version", OLD)
def test_h04_below_v3_the_one_error_stands_at_the_top(version: int) -> None:
    bench = at_state(STABLE, "A", "B")
    stranger = request(LeavingMember(member_id="stranger"), version=version)
    assert bench.refused(stranger) == LeaveGroupResponse(error=UNKNOWN_MEMBER_ID)
    assert bench.leave("B", version=version) == LeaveGroupResponse()
    assert bench.members == ("A-1",)


@pytest.mark.parametrize("version", BATCH)
def test_h04_from_v3_each_has_its_own_error(version: int) -> None:
    bench = with_static()
    bench.join("P")
    leaving = [
        LeavingMember(member_id="stranger"),
        LeavingMember(member_id="P-3", group_instance_id="ignored"),
        LeavingMember(member_id=""),
        LeavingMember(member_id="", group_instance_id="unmapped"),
        LeavingMember(member_id="A-1", group_instance_id="s"),
        LeavingMember(member_id="A-1", group_instance_id="unmapped"),
        LeavingMember(member_id="", group_instance_id="s"),
        LeavingMember(member_id="s-2", group_instance_id="s"),
    ]
    errors = [
        UNKNOWN_MEMBER_ID,
        NONE,
        UNKNOWN_MEMBER_ID,
        UNKNOWN_MEMBER_ID,
        FENCED_INSTANCE_ID,
        UNKNOWN_MEMBER_ID,
        NONE,
        UNKNOWN_MEMBER_ID,
    ]
    token = bench.send(request(*leaving, version=version))
    assert bench.replies[token] == LeaveGroupResponse(
        members=tuple(
            LeftMember(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                error=error,
            )
            for member, error in zip(leaving, errors, strict=True)
        )
    )
    assert (bench.members, bench.pending) == (("A-1",), ())
    assert len(bench.told(RebalanceStarted)) == 1


def test_h04_effects_of_a_batch_that_empties_the_group() -> None:
    bench = at_state(STABLE, "A", "B")
    token = bench.send(
        request(
            LeavingMember(member_id="A-1", reason="max.poll.interval.ms exceeded"),
            LeavingMember(member_id="B-2"),
        )
    )
    *told, append = bench.effects
    assert told == [
        MemberRemoved(group_id=GROUP, member_id="A-1", cause=Cause.POLL_INTERVAL_EXCEEDED),
        MemberRemoved(group_id=GROUP, member_id="B-2", cause=Cause.MEMBER_LEFT),
        Reply(
            token=token,
            response=LeaveGroupResponse(
                members=(LeftMember(member_id="A-1"), LeftMember(member_id="B-2"))
            ),
        ),
        RebalanceStarted(
            group_id=GROUP,
            generation_id=1,
            cause=Cause.POLL_INTERVAL_EXCEEDED,
            member_id="A-1",
            reason="max.poll.interval.ms exceeded",
        ),
        StateChanged(group_id=GROUP, previous=STABLE, state=PREPARING, generation_id=1),
        StateChanged(group_id=GROUP, previous=PREPARING, state=EMPTY, generation_id=2),
    ]
    assert isinstance(append, Append)
    assert bench.deadline_in is None


@pytest.mark.parametrize(
    ("reason", "words"),
    [(None, "not provided"), ("", "not provided"), ("scaling in", "scaling in")],
)
def test_h04_the_rebalance_says_who_left_and_the_clients_own_words(
    reason: str | None, words: str
) -> None:
    bench = at_state(STABLE, "A", "B")
    bench.send(request(LeavingMember(member_id="B-2", reason=reason)))
    (started,) = bench.told(RebalanceStarted)
    assert (started.member_id, started.reason) == ("B-2", words)


def test_h04_a_static_member_that_an_admin_removes_is_named() -> None:
    bench = at_state(STABLE, "S", instance="s")
    bench.send(
        request(
            LeavingMember(
                member_id="", group_instance_id="s", reason="member was removed by an admin"
            )
        )
    )
    (started,) = bench.told(RebalanceStarted)
    assert started.member_id == "s-1"
    assert started.reason == "member was removed by an admin"


@pytest.mark.parametrize("state", [STABLE, COMPLETING, PREPARING])
def test_h04_nothing_removed_no_rebalance(state: GroupState) -> None:
    bench = at_state(state, "A", "B")
    leaving = request(LeavingMember(member_id="x"), LeavingMember(member_id=""))
    answer = bench.refused(leaving)
    assert isinstance(answer, LeaveGroupResponse)
    assert [left.error for left in answer.members] == [UNKNOWN_MEMBER_ID] * 2
    assert bench.refused(request()) == LeaveGroupResponse()


def test_h04_a_pending_id_that_leaves_a_stable_group_rebalances_it() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    assert bench.leave("P").members[0].error is NONE
    assert bench.state is PREPARING


@pytest.mark.parametrize("version", OLD + BATCH)
@pytest.mark.parametrize(
    ("group_id", "state", "top", "each"),
    [
        ("", STABLE, INVALID_GROUP_ID, None),
        (GROUP, DEAD, ErrorCode.COORDINATOR_NOT_AVAILABLE, None),
        ("no such group", STABLE, None, UNKNOWN_MEMBER_ID),
        (GROUP, EMPTY, None, UNKNOWN_MEMBER_ID),
    ],
)
def test_h04_groups_that_nobody_can_leave(
    version: int,
    group_id: str,
    state: GroupState,
    top: ErrorCode | None,
    each: ErrorCode | None,
) -> None:
    bench = at_state(state, "A")
    leaving = request(LeavingMember(member_id="A-1"), group_id=group_id, version=version)
    if top is not None:
        expected = LeaveGroupResponse(error=top)
    elif version < 3:
        expected = LeaveGroupResponse(error=each or NONE)
    else:
        expected = LeaveGroupResponse(members=(LeftMember(member_id="A-1", error=each or NONE),))
    assert bench.refused(leaving) == expected


def test_h04_who_left_is_gone_with_its_timer() -> None:
    bench = at_state(STABLE, "A", "B")
    bench.leave("B")
    bench.join("A")
    bench.sync("A", {})
    assert bench.beat("B") is UNKNOWN_MEMBER_ID
    bench.advance(9_000)
    bench.beat("A")
    assert bench.deadline_in == 10_000


def test_h05_a_pending_id_that_leaves_lets_the_rebalance_end() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    token = bench.join("A")
    assert bench.is_parked(token)
    bench.leave("P")
    assert bench.join_answer(token).error is NONE
    assert bench.state is COMPLETING


def test_h05_a_member_that_leaves_lets_the_rebalance_end() -> None:
    bench = at_state(PREPARING, "A", "B")
    bench.leave("B")
    assert bench.state is COMPLETING


def test_h05_not_while_somebody_else_is_pending() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    bench.join("Q")
    token = bench.join("A")
    bench.leave("P")
    assert bench.is_parked(token)
