"""SyncGroup: members fetch what the leader decided (S01-S05)."""

from typing import Any

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import AssignmentSent, MemberRemoved, RebalanceStarted, StateChanged
from rebalance.protocol.records import GroupMetadata, GroupMetadataMember, GroupMetadataValue
from rebalance.protocol.responses import SyncGroupResponse
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    GROUP,
    ILLEGAL_GENERATION,
    INCONSISTENT_GROUP_PROTOCOL,
    INVALID_GROUP_ID,
    NONE,
    PREPARING,
    REBALANCE,
    REBALANCE_IN_PROGRESS,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
    offers,
)


def given(assignment: bytes) -> SyncGroupResponse:
    """A SyncGroup's good answer."""
    return SyncGroupResponse(protocol_type="consumer", protocol_name="range", assignment=assignment)


@pytest.mark.parametrize("version", range(6))
@pytest.mark.parametrize(
    "nameless",
    [{"protocol_type": None}, {"protocol_name": None}],
)
@pytest.mark.parametrize("group_id", ["", "no such group", GROUP])
def test_s01_v5_must_name_type_and_protocol(
    version: int, nameless: dict[str, Any], group_id: str
) -> None:
    bench = at_state(STABLE, "A")
    request = bench.sync_request("A", version=version, group_id=group_id, **nameless)
    if version == 5:
        error = INCONSISTENT_GROUP_PROTOCOL
    else:
        error = {"": INVALID_GROUP_ID, GROUP: NONE}.get(group_id, UNKNOWN_MEMBER_ID)
    answer = bench.refused(request)
    assert isinstance(answer, SyncGroupResponse)
    assert answer.error is error


@pytest.mark.parametrize(
    ("state", "changes", "error"),
    [
        (EMPTY, {"protocol_name": "range"}, UNKNOWN_MEMBER_ID),
        (DEAD, {"member_id": "stranger"}, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        *(
            (state, changes, error)
            for state in (PREPARING, COMPLETING, STABLE)
            for changes, error in [
                ({"group_id": ""}, INVALID_GROUP_ID),
                ({"group_id": "no such group"}, UNKNOWN_MEMBER_ID),
                ({"member_id": "stranger", "generation_id": 99}, UNKNOWN_MEMBER_ID),
                ({"group_instance_id": "unmapped", "generation_id": 99}, UNKNOWN_MEMBER_ID),
                ({"group_instance_id": "s", "generation_id": 99}, FENCED_INSTANCE_ID),
                ({"generation_id": 99, "protocol_name": "sticky"}, ILLEGAL_GENERATION),
                ({"generation_id": -1}, ILLEGAL_GENERATION),
                ({"protocol_name": "sticky"}, INCONSISTENT_GROUP_PROTOCOL),
                ({"protocol_type": "connect"}, INCONSISTENT_GROUP_PROTOCOL),
            ]
        ),
        (PREPARING, {}, REBALANCE_IN_PROGRESS),
        (PREPARING, {"protocol_type": None, "protocol_name": None, "version": 4},
         REBALANCE_IN_PROGRESS),
    ],
)  # fmt: skip
def test_s01_order_of_the_checks(
    state: GroupState, changes: dict[str, Any], error: ErrorCode
) -> None:
    if state in (EMPTY, DEAD):
        bench = at_state(state, "A")
    else:
        bench = Bench()
        bench.enter("A")
        bench.enter("S", instance="s")
        bench.advance()
        if state is not COMPLETING:
            for name in "AS":
                bench.sync(name, {})
        if state is PREPARING:
            bench.join("A")
    assert bench.state is state
    assert bench.refused(bench.sync_request("A", **changes)) == SyncGroupResponse(error=error)


def test_s01_and_j17_a_group_that_has_no_protocol_yet_refuses_no_name() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    request = bench.sync_request("A", generation_id=0, protocol_name="sticky")
    assert bench.refused(request) == SyncGroupResponse(error=REBALANCE_IN_PROGRESS)


def test_s02_a_follower_waits_and_nothing_is_written() -> None:
    bench = at_state(COMPLETING, "A", "B")
    token = bench.sync("B")
    assert bench.is_parked(token)
    assert bench.effects == ()
    assert bench.group.members[1].awaits_sync


def test_s02_the_leaders_word_is_written_and_then_counts() -> None:
    bench = Bench(hold_appends=True)
    bench.completing("A", "B", "C")
    follower = bench.sync("B")
    leader = bench.sync("A", {"A": b"a", "B": b"b", "nobody": b"x"})

    def member(name: str, member_id: str, assignment: bytes) -> GroupMetadataMember:
        return GroupMetadataMember(
            member_id=member_id,
            group_instance_id=None,
            client_id=name,
            client_host="/127.0.0.1",
            session_timeout_ms=SESSION,
            rebalance_timeout_ms=REBALANCE,
            subscription=b"",
            assignment=assignment,
        )

    value = GroupMetadataValue(
        protocol_type="consumer",
        generation_id=1,
        protocol_name="range",
        leader="A-1",
        current_state_timestamp_ms=0,
        members=(member("A", "A-1", b"a"), member("B", "B-2", b"b"), member("C", "C-3", b"")),
    )
    record = GroupMetadata(group_id=GROUP, value=value)
    (append,) = bench.effects
    assert append == Append(token=bench.held[-1].token, group_id=GROUP, records=(record,))
    assert bench.state is COMPLETING
    assert [m.assignment for m in bench.group.members] == [b"", b"", b""]

    bench.held = bench.held[-1:]
    bench.appended()

    def sent(member_id: str, assignment: bytes) -> AssignmentSent:
        return AssignmentSent(
            group_id=GROUP, generation_id=1, member_id=member_id, assignment=assignment
        )

    assert bench.effects == (
        Reply(token=leader, response=given(b"a")),
        sent("A-1", b"a"),
        Reply(token=follower, response=given(b"b")),
        sent("B-2", b"b"),
        StateChanged(group_id=GROUP, previous=COMPLETING, state=STABLE, generation_id=1),
    )
    assert [m.assignment for m in bench.group.members] == [b"a", b"b", b""]


@pytest.mark.parametrize("error", [NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
def test_s02_an_append_of_an_old_generation_is_ignored(error: ErrorCode) -> None:
    bench = Bench(hold_appends=True)
    bench.completing("A", "B")
    bench.held.clear()
    bench.sync("A", {"A": b"old", "B": b"old"})
    bench.join("B", protocols=offers(range=b"new"))
    bench.join("A")
    assert (bench.state, bench.generation) == (COMPLETING, 2)
    before = bench.seen()
    assert bench.appended(error) == ()
    assert bench.seen() == before


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (ErrorCode.REQUEST_TIMED_OUT, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR),
        (ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR),
        (ErrorCode.RECORD_LIST_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR),
        (ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR),
        (ErrorCode.INVALID_FETCH_SIZE, ErrorCode.UNKNOWN_SERVER_ERROR),
        (ErrorCode.CORRUPT_MESSAGE, ErrorCode.CORRUPT_MESSAGE),
    ],
)
def test_s02_a_failed_append_resets_and_rebalances(error: ErrorCode, told: ErrorCode) -> None:
    bench = Bench(hold_appends=True)
    bench.completing("A", "B")
    bench.held.clear()
    tokens = [bench.sync("B"), bench.sync("A", {"A": b"a", "B": b"b"})]
    bench.appended(error)
    assert [bench.replies[token] for token in tokens] == [SyncGroupResponse(error=told)] * 2
    assert bench.state is PREPARING
    assert [m.assignment for m in bench.group.members] == [b"", b""]
    (started,) = bench.told(RebalanceStarted)
    assert started.cause is Cause.ASSIGNMENT_NOT_STORED


def test_s03_stable_answers_the_assignment_at_once() -> None:
    bench = at_state(STABLE, "A", "B")
    assert bench.refused(bench.sync_request("B")) == given(b"B")
    assert bench.refused(bench.sync_request("A", {"A": b"changed"})) == given(b"A")


def test_s03_who_syncs_late_is_answered_at_once() -> None:
    bench = at_state(COMPLETING, "A", "B")
    bench.sync("A", {"A": b"a", "B": b"b"})
    assert bench.state is STABLE
    assert bench.synced("B") == given(b"b")


@pytest.mark.parametrize("leader_synced", [True, False])
def test_s04_who_joined_and_does_not_sync_is_out(leader_synced: bool) -> None:
    bench = Bench()
    long = {"session_timeout_ms": 200_000}
    bench.completing("A", "B", "C", **long)
    if leader_synced:
        bench.sync("A", {})
    bench.sync("B")
    assert bench.state is (STABLE if leader_synced else COMPLETING)
    bench.advance(REBALANCE)
    assert bench.state is PREPARING
    late = ["C-3"] if leader_synced else ["A-1", "C-3"]
    assert [told.member_id for told in bench.told(MemberRemoved)] == late
    assert {told.cause for told in bench.told(MemberRemoved)} == {Cause.SYNC_EXPIRED}


def test_s04_when_all_synced_nothing_happens() -> None:
    bench = Bench()
    bench.stable("A", "B", session_timeout_ms=200_000)
    assert bench.deadline_in == 200_000
    bench.advance(REBALANCE)
    assert bench.effects == ()


def test_s04_is_ignored_when_the_generation_moved() -> None:
    bench = Bench()
    long = {"session_timeout_ms": 200_000}
    bench.completing("A", "B", **long)
    bench.sync("A", {})
    bench.advance(REBALANCE - 1)
    bench.join("A", **long)
    bench.join("B", **long)
    bench.advance(REBALANCE - 1)
    assert bench.members == ("A-1", "B-2")
    bench.advance(1)
    assert bench.told(MemberRemoved)


def test_s05_sessions_begin_anew_when_the_assignment_goes_out() -> None:
    bench = Bench()
    bench.completing("A", "B")
    bench.sync("B")
    bench.advance(SESSION - 1)
    bench.sync("A", {"B": b"b"})
    assert bench.deadline_in == SESSION
    bench.advance(SESSION - 1)
    assert bench.members == ("A-1", "B-2")


def test_s05_a_sync_in_stable_does_not_rearm() -> None:
    """Rule J18 says so too."""
    bench = at_state(STABLE, "A")
    bench.advance(4_000)
    bench.sync("A")
    assert bench.deadline_in == SESSION - 4_000


def test_j17_a_second_sync_replaces_the_parked_one() -> None:
    bench = at_state(COMPLETING, "A", "B")
    first, second = bench.sync("B"), bench.sync("B")
    bench.sync("A", {"B": b"b"})
    assert bench.is_parked(first)
    assert bench.replies[second] == given(b"b")
