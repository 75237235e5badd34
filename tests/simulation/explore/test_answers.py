"""The rules that show on the wire, each broken once by answers no machine of ours would give."""

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetToCommit,
    SyncGroupAssignment,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    LeftMember,
    OffsetCommitResponse,
    SyncGroupResponse,
)
from rebalance.protocol.timers import TimerKey, TimerKind
from rebalance.simulation.explore.answers import Answers
from rebalance.simulation.explore.facts import Answer, Arrival, Fact, TimerFired
from rebalance.timeline import trace

JOIN = JoinGroupRequest(
    group_id="g",
    session_timeout_ms=10_000,
    rebalance_timeout_ms=60_000,
    member_id="",
    protocol_type="consumer",
    protocols=(GroupProtocol(name="range", metadata=b""),),
)
PENDING = Answer(JOIN, JoinGroupResponse(error=ErrorCode.MEMBER_ID_REQUIRED, member_id="b"))


def rules(*facts: Fact) -> list[str]:
    """What is found wrong, in order."""
    answers = Answers()
    return [rule for fact in facts for rule, _ in answers.see(fact)]


def state(previous: str, state: str, generation_id: int = 1) -> trace.GroupStateChanged:
    return trace.GroupStateChanged(
        t=0, group_id="g", previous=previous, state=state, generation_id=generation_id
    )


def joined(member_id: str) -> trace.MemberJoined:
    return trace.MemberJoined(t=0, group_id="g", member_id=member_id, client_id=member_id)


def completed(generation_id: int) -> trace.JoinCompleted:
    return trace.JoinCompleted(
        t=0,
        group_id="g",
        generation_id=generation_id,
        protocol_name="range",
        leader="a",
        members=("a",),
    )


def fired(kind: TimerKind, member_id: str = "") -> TimerFired:
    return TimerFired(TimerKey(kind=kind, group_id="g", member_id=member_id))


STABLE = (joined("a"), state("Empty", "PreparingRebalance"), completed(1))
AGAIN = state("Stable", "PreparingRebalance")


def test_g04_a_generation_without_a_pending_id() -> None:
    assert rules(*STABLE, PENDING, AGAIN, completed(2)) == ["G04"]


LEFT = Answer(
    LeaveGroupRequest(group_id="g", members=(LeavingMember(member_id="b"),)),
    LeaveGroupResponse(members=(LeftMember(member_id="b"),)),
)


@pytest.mark.parametrize(
    "fact",
    [joined("b"), LEFT, fired(TimerKind.SESSION, "b"), fired(TimerKind.JOIN)],
    ids=["joined", "left", "given up on", "rebalance timeout"],
)
def test_g04_an_id_is_waited_for_until(fact: Fact) -> None:
    assert rules(*STABLE, PENDING, AGAIN, fact, completed(2)) == []


def test_g04_and_j10_the_initial_delay_waits_for_no_pending_id() -> None:
    assert rules(PENDING, *STABLE) == []


def test_g04_and_g05_a_group_without_members_has_no_patience() -> None:
    removed = trace.MemberRemoved(t=0, group_id="g", member_id="a", cause="session expired")
    assert rules(*STABLE, PENDING, removed, AGAIN, state("PreparingRebalance", "Empty", 2)) == []


def sync(
    generation_id: int, member_id: str, plan: dict[str, bytes] | None = None
) -> SyncGroupRequest:
    return SyncGroupRequest(
        group_id="g",
        generation_id=generation_id,
        member_id=member_id,
        assignments=tuple(
            SyncGroupAssignment(member_id=each, assignment=given)
            for each, given in (plan or {}).items()
        ),
    )


def given(request: SyncGroupRequest, assignment: bytes) -> Answer:
    return Answer(request, SyncGroupResponse(assignment=assignment))


def test_s01_an_assignment_for_another_generation() -> None:
    old = sync(1, "a", {"a": b"all"})
    assert rules(*STABLE, Arrival(old), given(old, b"all")) == []
    assert rules(*STABLE, Arrival(old), AGAIN, completed(2), given(old, b"all")) == ["S01"]


def test_s02_an_assignment_that_the_leader_did_not_say_in_this_generation() -> None:
    old, new = sync(1, "a", {"a": b"all"}), sync(2, "a", {"a": b"half"})
    seen = (*STABLE, Arrival(old), AGAIN, completed(2), Arrival(new))
    assert rules(*seen, given(new, b"half"), given(sync(2, "b"), b"")) == []
    assert rules(*seen, given(new, b"all")) == ["S02"]


def test_s02_who_is_no_leader_says_nothing() -> None:
    follower = sync(1, "b", {"b": b"all"})
    assert rules(*STABLE, Arrival(follower), given(follower, b"all")) == ["S02"]


@pytest.mark.parametrize("error", [ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS])
def test_h01_a_heartbeat_of_another_generation(error: ErrorCode) -> None:
    def beat(generation_id: int, error: ErrorCode) -> Answer:
        request = HeartbeatRequest(group_id="g", generation_id=generation_id, member_id="a")
        return Answer(request, HeartbeatResponse(error=error))

    assert rules(*STABLE, beat(1, error)) == []
    assert rules(*STABLE, beat(0, error)) == ["H01"]
    assert rules(*STABLE, beat(0, ErrorCode.ILLEGAL_GENERATION)) == []


def test_o02_a_commit_from_outside_of_the_generation() -> None:
    partition = TopicPartition("t", 0)

    def commit(member_id: str, error: ErrorCode) -> tuple[Fact, Fact]:
        request = OffsetCommitRequest(
            group_id="g",
            generation_id=1,
            member_id=member_id,
            offsets=(OffsetToCommit(partition=partition, offset=1),),
        )
        answer = CommittedPartition(partition=partition, error=error)
        return Arrival(request), Answer(request, OffsetCommitResponse(partitions=(answer,)))

    assert rules(*STABLE, *commit("a", ErrorCode.NONE)) == []
    assert rules(*STABLE, *commit("b", ErrorCode.UNKNOWN_MEMBER_ID)) == []
    assert rules(*STABLE, *commit("b", ErrorCode.NONE)) == ["O02"]
    arrived, answered = commit("a", ErrorCode.NONE)
    assert rules(*STABLE, arrived, AGAIN, completed(2), answered) == []  # in time, written late
