"""Static members that come back under a new id (J15, J21)."""

from typing import Any

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import (
    AssignmentSent,
    MemberAdded,
    MemberRemoved,
    RebalanceStarted,
)
from rebalance.protocol.records import GroupMetadata
from rebalance.protocol.responses import JoinedMember, JoinGroupResponse, SyncGroupResponse
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    FENCED_INSTANCE_ID,
    GROUP,
    INCONSISTENT_GROUP_PROTOCOL,
    NONE,
    PREPARING,
    REBALANCE,
    REBALANCE_IN_PROGRESS,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    offers,
)

VERSIONS = [5, 6, 7, 8, 9]


def group_of(*names: str, hold_appends: bool = False, **changes: Any) -> Bench:
    """A Stable group; a name that begins with S is static: S is instance s."""
    bench = Bench()
    for name in names:
        instance = name.lower() if name.startswith("S") else None
        bench.enter(name, instance=instance, **changes)
    bench.advance()
    for name in names:
        bench.sync(name, {other: other.encode() for other in names})
    assert bench.state is STABLE
    bench.hold_appends = hold_appends
    return bench


def restart(bench: Bench, name: str, **changes: Any) -> int:
    """The process begins anew: it has its instance id and no member id."""
    return bench.join(name, member_id="", **changes)


@pytest.mark.parametrize("version", VERSIONS)
def test_j15_a_follower_in_stable_comes_back_without_a_rebalance(version: int) -> None:
    bench = group_of("A", "S")
    token = restart(bench, "S", version=version)
    assert bench.join_answer(token) == JoinGroupResponse(
        generation_id=1,
        protocol_type="consumer",
        protocol_name="range",
        leader="A-1",
        member_id="s-3",
    )
    assert (bench.state, bench.members) == (STABLE, ("A-1", "s-3"))
    assert bench.synced("S").assignment == b"S"


def test_j15_effects_of_a_quiet_return() -> None:
    bench = group_of("A", "S")
    restart(bench, "S")
    removed, added, append, _ = bench.effects
    replaced = Cause.STATIC_MEMBER_REPLACED
    assert removed == MemberRemoved(group_id=GROUP, member_id="s-2", cause=replaced)
    assert added == MemberAdded(
        group_id=GROUP, member_id="s-3", client_id="S", group_instance_id="s"
    )
    assert isinstance(append, Append)
    (record,) = append.records
    assert isinstance(record, GroupMetadata)
    assert record.value is not None
    stored = [(member.member_id, member.assignment) for member in record.value.members]
    assert stored == [("A-1", b"A"), ("s-3", b"S")]


@pytest.mark.parametrize("version", VERSIONS)
def test_j15_a_leader_in_stable(version: int) -> None:
    bench = group_of("S", "A")
    answer = bench.join_answer(restart(bench, "S", version=version))
    assert bench.state is STABLE
    assert bench.group.leader == "s-3"
    if version >= 9:
        members = (
            JoinedMember(member_id="A-2", metadata=b""),
            JoinedMember(member_id="s-3", group_instance_id="s", metadata=b""),
        )
        assert (answer.leader, answer.skip_assignment) == ("s-3", True)
        assert sorted(answer.members, key=lambda m: m.member_id) == list(members)
    else:
        assert (answer.leader, answer.skip_assignment, answer.members) == ("s-1", False, ())
    assert (answer.error, answer.member_id, answer.generation_id) == (NONE, "s-3", 1)


def test_j15_the_old_id_is_fenced() -> None:
    bench = group_of("A", "S")
    old = bench.ids["S"]
    restart(bench, "S")
    assert bench.beat("S") is NONE
    assert bench.beat("S", member_id=old) is FENCED_INSTANCE_ID
    assert bench.beat("S", member_id=old, group_instance_id=None) is UNKNOWN_MEMBER_ID
    assert bench.synced("S", member_id=old).error is FENCED_INSTANCE_ID
    assert bench.commit("S", member_id=old) is FENCED_INSTANCE_ID
    answer = bench.joined("S", member_id=old)
    assert (answer.error, answer.member_id) == (FENCED_INSTANCE_ID, old)


def test_j15_the_old_ids_expiry_does_nothing() -> None:
    bench = group_of("A", "S")
    bench.advance(6_000)
    restart(bench, "S")
    bench.beat("A")
    bench.advance(SESSION - 1)
    assert bench.members == ("A-1", "s-3")
    assert bench.deadline_in == 1


def test_j15_a_parked_join_of_the_old_id_is_fenced_and_it_is_not_new_any_more() -> None:
    bench = Bench()
    bench.stable("A", session_timeout_ms=1_000_000, rebalance_timeout_ms=1_000_000)
    parked = bench.join("S", instance="s")
    again = restart(bench, "S")
    assert bench.join_answer(parked) == JoinGroupResponse(error=FENCED_INSTANCE_ID, member_id="s-2")
    assert bench.is_parked(again)
    assert bench.state is PREPARING
    bench.advance(900_000)
    assert bench.members == ("A-1", "s-3"), "parked and not new: it cannot expire (J09)"
    bench.join("A", session_timeout_ms=1_000_000)
    assert bench.join_answer(again).member_id == "s-3"


def test_j15_a_parked_sync_of_the_old_id_is_fenced() -> None:
    bench = Bench()
    bench.enter("A")
    bench.enter("S", instance="s")
    bench.advance()
    parked = bench.sync("S")
    again = restart(bench, "S")
    assert bench.replies[parked] == SyncGroupResponse(error=FENCED_INSTANCE_ID)
    assert bench.is_parked(again)
    assert bench.state is PREPARING


def test_j15_completing_always_rebalances() -> None:
    bench = Bench()
    bench.enter("A")
    bench.enter("S", instance="s")
    bench.advance()
    assert bench.state is COMPLETING
    token = restart(bench, "S")
    (started,) = bench.told(RebalanceStarted)
    assert started.cause is Cause.STATIC_MEMBER_REPLACED
    bench.join("A")
    assert bench.join_answer(token).generation_id == 2


def test_j15_in_preparing_it_joins_the_rebalance_that_is_on() -> None:
    bench = group_of("A", "S")
    bench.join("A")
    token = restart(bench, "S")
    answer = bench.join_answer(token)
    assert (answer.error, answer.generation_id, answer.member_id) == (NONE, 2, "s-3")


def test_j15_stable_and_another_protocol_would_be_selected() -> None:
    bench = group_of("A", "S", protocols=offers("range", "sticky"))
    token = restart(bench, "S", protocols=offers("sticky"))
    assert bench.is_parked(token)
    assert bench.state is PREPARING
    bench.join("A", protocols=offers("range", "sticky"))
    assert bench.join_answer(token).protocol_name == "sticky"


def test_j15_other_metadata_for_the_same_protocol_is_quiet_and_kept() -> None:
    bench = group_of("A", "S")
    restart(bench, "S", protocols=offers(range=b"new"), session_timeout_ms=20_000)
    assert bench.state is STABLE
    member = bench.group.members[1]
    assert (member.metadata, member.session_timeout_ms) == (b"new", 20_000)


def test_j15_a_return_that_cannot_be_stored_is_taken_back() -> None:
    bench = group_of("S", "A", hold_appends=True)
    before = bench.group
    token = restart(bench, "S", protocols=offers(range=b"new"), session_timeout_ms=20_000)
    assert bench.is_parked(token)
    bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    not_available = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.join_answer(token) == JoinGroupResponse(error=not_available, member_id="")
    after = bench.group
    assert after.leader == before.leader == "s-1"
    assert sorted(after.members, key=lambda m: m.member_id) == sorted(
        before.members, key=lambda m: m.member_id
    )
    assert bench.beat("S", member_id="s-1") is NONE
    assert bench.beat("S", member_id="s-3") is FENCED_INSTANCE_ID


@pytest.mark.parametrize("error", [NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
def test_j15_a_rebalance_before_it_is_stored(error: ErrorCode) -> None:
    bench = group_of("A", "S", "B", protocols=offers("range", "sticky"), hold_appends=True)
    token = restart(bench, "S", protocols=offers("sticky", "range"))
    bench.join("B", protocols=offers("sticky"))
    assert bench.state is PREPARING
    bench.appended(error)
    assert bench.state is PREPARING
    assert "s-4" in bench.members
    if error is not NONE:
        assert bench.is_parked(token), "the rebalance answers it"
    bench.advance(SESSION)
    assert bench.join_answer(token).error is NONE


def test_j15_a_second_return_before_the_first_is_stored() -> None:
    bench = group_of("A", "S", hold_appends=True)
    first, second = restart(bench, "S"), restart(bench, "S")
    assert bench.join_answer(first).error is FENCED_INSTANCE_ID
    bench.appended()
    assert bench.is_parked(second)
    bench.appended()
    assert bench.join_answer(second).member_id == "s-4"


def test_j15_and_s05_an_append_that_outlasts_the_session_leaves_a_session_behind() -> None:
    """Kafka swallows the expiry of who is parked and arms nothing at the answer (J09)."""
    bench = group_of("S", hold_appends=True)
    token = restart(bench, "S")
    bench.advance(SESSION)
    assert bench.is_parked(token)
    assert bench.timers == {}
    bench.appended()
    assert bench.join_answer(token).error is NONE
    assert bench.deadline_in == SESSION
    bench.advance(SESSION)
    assert [told.cause for told in bench.told(MemberRemoved)] == [Cause.SESSION_EXPIRED]
    assert bench.members == ()


@pytest.mark.parametrize("syncs", [True, False])
def test_j15_who_had_not_synced_must_sync_under_the_new_id(syncs: bool) -> None:
    """Kafka 4.4.0 goes on waiting for the old id and rebalances although the new one has synced."""
    bench = Bench()
    bench.enter("A", session_timeout_ms=200_000)
    bench.enter("S", instance="s", session_timeout_ms=200_000)
    bench.advance()
    bench.sync("A", {"S": b"s"})
    restart(bench, "S", session_timeout_ms=200_000)
    if syncs:
        bench.sync("S")
    bench.advance(REBALANCE)
    removed = [(told.member_id, told.cause) for told in bench.told(MemberRemoved)]
    assert removed == ([] if syncs else [("s-3", Cause.SYNC_EXPIRED)])
    assert bench.state is (STABLE if syncs else PREPARING)


@pytest.mark.parametrize("state", [STABLE, COMPLETING, PREPARING])
@pytest.mark.parametrize("changes", [{"protocols": offers("other")}, {"protocol_type": "connect"}])
def test_j21_a_return_that_is_refused_leaves_the_old_one_as_it_was(
    state: GroupState, changes: dict[str, Any]
) -> None:
    bench = Bench()
    bench.enter("A")
    bench.enter("S", instance="s")
    bench.advance()
    if state is not COMPLETING:
        bench.sync("A", {})
        bench.sync("S")
    if state is PREPARING:
        bench.join("A")
    assert bench.state is state
    answer = bench.refused(bench.join_request("S", member_id="", **changes))
    assert answer == JoinGroupResponse(error=INCONSISTENT_GROUP_PROTOCOL, member_id="")
    beat = bench.beat("S")
    assert beat is (REBALANCE_IN_PROGRESS if state is PREPARING else NONE)


def test_an_admin_removes_a_static_member_and_it_may_come_back() -> None:
    bench = group_of("A", "S")
    bench.leave("S")
    assert bench.beat("S") is UNKNOWN_MEMBER_ID
    token = restart(bench, "S")
    bench.join("A")
    assert bench.join_answer(token).member_id == "s-3"
    assert bench.told(AssignmentSent) == []
    assert bench.told(Reply)
