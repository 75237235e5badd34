"""Groups that come to a coordinator and go (P02, P03, P04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assignors.codec import encode_subscription
from assignors.model import Subscription, TopicPartition
from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import (
    Append,
    Elected,
    Loaded,
    Replayed,
    Reply,
    Resigned,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.notices import (
    AssignmentSent,
    MemberAdded,
    MemberRemoved,
    RebalanceStarted,
    StateChanged,
)
from rebalance.protocol.records import (
    GroupMetadata,
    GroupMetadataMember,
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
)
from rebalance.protocol.requests import (
    CoordinatorRequest,
    DeleteGroupsRequest,
    GroupProtocol,
    OffsetDeleteRequest,
    OffsetFetchRequest,
    OffsetToCommit,
    SyncGroupRequest,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    DeletedGroup,
    DeleteGroupsResponse,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    OffsetCommitResponse,
    OffsetDeleteResponse,
    OffsetFetchResponse,
    SyncGroupResponse,
    TxnOffsetCommitResponse,
)
from rebalance.protocol.states import GroupState
from tests.coordinator.failover import LoggedBench, committed
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    GROUP,
    NONE,
    P0,
    PREPARING,
    REBALANCE,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    offers,
)

HERE = partition_of(GROUP, 50)
NOT_COORDINATOR = ErrorCode.NOT_COORDINATOR
LOADING = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
VALUE = OffsetCommitValue(offset=7, leader_epoch=-1, metadata="", commit_timestamp_ms=0)
COMMIT = OffsetCommit(group_id=GROUP, partition=P0, value=VALUE)


def _value(*members: GroupMetadataMember, **changes: Any) -> GroupMetadataValue:
    fields: dict[str, Any] = {
        "protocol_type": "consumer",
        "generation_id": 5,
        "protocol_name": "range" if members else None,
        "leader": members[0].member_id if members else None,
        "current_state_timestamp_ms": 1,
    }
    return GroupMetadataValue(members=members, **(fields | changes))


def _member(name: str, **changes: Any) -> GroupMetadataMember:
    fields: dict[str, Any] = {
        "group_instance_id": None,
        "client_id": name,
        "client_host": "/127.0.0.1",
        "session_timeout_ms": SESSION,
        "rebalance_timeout_ms": REBALANCE,
        "subscription": b"s",
        "assignment": b"a",
    }
    return GroupMetadataMember(member_id=name, **(fields | changes))


def _loaded(*records: Any) -> Bench:
    bench = Bench()
    bench.handle(Elected(partition=HERE))
    bench.handle(Replayed(partition=HERE, records=tuple(records)))
    bench.handle(Loaded(partition=HERE))
    return bench


# --- P03: what is known after loading ---


def test_p03_members_are_stable_in_their_generation_with_sessions_armed_in_full() -> None:
    before = LoggedBench()
    before.stable("A", "B", protocols=offers("range", "sticky"))
    before.advance(SESSION - 1)
    after = before.moved()
    assert after.state is STABLE
    assert after.group.members == before.group.members
    assert (after.generation, after.group.leader) == (before.generation, before.group.leader)
    assert after.deadline_in == SESSION
    assert after.beat("A") == after.beat("B") == NONE
    assert after.commit("A") == NONE


def test_p03_only_the_chosen_protocol_is_known() -> None:
    before = LoggedBench()
    before.stable("A", protocols=offers("range", "sticky"))
    after = before.moved()
    refused = after.answer(after.join("B", protocols=offers("sticky")), JoinGroupResponse)
    assert refused.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert after.joined("B", protocols=offers("range")).error is ErrorCode.MEMBER_ID_REQUIRED


def test_p03_a_loaded_member_expires_and_rejoins_as_any_other() -> None:
    before = LoggedBench()
    before.stable("A", "B")
    after = before.moved()
    after.advance(SESSION - 1)
    assert after.beat("A") == NONE
    after.advance(1)
    assert (after.state, after.members) == (PREPARING, (after.ids["A"],))
    after.join("A")
    assert after.generation == before.generation + 1


def test_p03_without_members_it_is_empty_and_keeps_its_generation() -> None:
    bench = _loaded(GroupMetadata(group_id=GROUP, value=_value()))
    assert (bench.state, bench.generation, bench.deadline_in) == (EMPTY, 5, None)
    assert (bench.group.protocol_type, bench.group.protocol_name) == ("consumer", None)
    bench.completing("A")
    assert bench.generation == 6


def test_p03_offsets_without_a_group_record_make_a_simple_group() -> None:
    bench = _loaded(COMMIT)
    assert (bench.state, bench.generation, bench.group.protocol_type) == (EMPTY, 0, None)
    assert [found.offset for found in committed(bench.coordinator, GROUP, 0)] == [7]
    assert bench.commit() == NONE


def test_p03_the_last_record_of_each_key_counts_and_a_tombstone_takes_it_back() -> None:
    gone = OffsetCommit(group_id=GROUP, partition=P0, value=None)
    group = GroupMetadata(group_id=GROUP, value=_value(generation_id=1))
    later = GroupMetadata(group_id=GROUP, value=_value(generation_id=2))
    bench = _loaded(group, COMMIT, later, gone)
    assert bench.generation == 2
    assert committed(bench.coordinator, GROUP, 0) == ()
    deleted = _loaded(later, COMMIT, gone, GroupMetadata(group_id=GROUP, value=None))
    assert deleted.coordinator.group_ids == ()
    anew = _loaded(later, GroupMetadata(group_id=GROUP, value=None), group)
    assert anew.generation == 1


def test_p03_a_static_member_comes_back_after_loading_as_before_it() -> None:
    before = LoggedBench()
    for name in ("A", "B"):
        before.enter(name, instance=name.lower())
    before.advance()
    before.sync("A", {"A": b"1", "B": b"2"})
    before.sync("B")
    after = before.moved()
    old = after.ids.pop("B")
    answer = after.joined("B", instance="b")
    assert (answer.error, answer.generation_id) == (NONE, before.generation)
    assert answer.member_id != old
    assert after.state is STABLE


@pytest.mark.parametrize(("max_size", "state"), [(1, PREPARING), (2, STABLE)])
def test_p03_a_group_over_its_max_size_rebalances(max_size: int, state: GroupState) -> None:
    before = LoggedBench()
    before.stable("A", "B")
    after = before.moved(group_max_size=max_size)
    assert (after.state, after.members) == (state, before.members)
    causes = [started.cause for started in after.told(RebalanceStarted)]
    assert causes == ([Cause.GROUP_FULL] if state is PREPARING else [])
    assert after.commit("A") == NONE


def test_p03_a_record_without_times_gets_them() -> None:
    """Values of version 0 and 1 have no rebalance timeout, or no timestamp."""
    record = GroupMetadata(
        group_id=GROUP,
        value=_value(_member("A", rebalance_timeout_ms=-1), current_state_timestamp_ms=-1),
    )
    (member,) = _loaded(record).group.members
    assert member.rebalance_timeout_ms == SESSION


# --- P02: what leaves no trace ---


def test_p02_a_join_without_a_sync_leaves_no_trace() -> None:
    before = LoggedBench()
    before.stable("A", "B")
    before.join("A")
    before.join("B")
    assert (before.state, before.generation) == (COMPLETING, 2)
    after = before.moved()
    assert (after.state, after.generation) == (STABLE, 1)
    assert after.beat("A", generation_id=2) is ErrorCode.ILLEGAL_GENERATION
    assert after.beat("A", generation_id=1) == NONE


def test_p02_pending_ids_are_forgotten() -> None:
    before = LoggedBench()
    before.stable("A")
    before.join("B")
    after = before.moved()
    assert after.pending == ()
    assert after.joined("B").error is UNKNOWN_MEMBER_ID


# --- P04: before, while, after ---


def _join_refusal(error: ErrorCode) -> JoinGroupResponse:
    return JoinGroupResponse(error=error, member_id="")  # J19


def _requests(bench: Bench) -> list[tuple[CoordinatorRequest, Callable[[Any], Any]]]:
    """Every request about one group, and what its refusal looks like."""
    return [
        (bench.join_request("A", member_id="m"), _join_refusal),
        (_sync_request(), lambda e: SyncGroupResponse(error=e)),
        (bench.leave_request("A"), lambda e: LeaveGroupResponse(error=e)),
        (
            bench.commit_request(),
            lambda e: OffsetCommitResponse(partitions=(CommittedPartition(partition=P0, error=e),)),
        ),
        (
            OffsetFetchRequest(group_id=GROUP, partitions=(P0,)),
            lambda e: OffsetFetchResponse(group_id=GROUP, error=e),
        ),
        (
            OffsetDeleteRequest(group_id=GROUP, partitions=(P0,)),
            lambda e: OffsetDeleteResponse(error=e),
        ),
        (
            TxnOffsetCommitRequest(
                group_id=GROUP, producer_id=7, offsets=(OffsetToCommit(partition=P0, offset=3),)
            ),
            lambda e: TxnOffsetCommitResponse(
                partitions=(CommittedPartition(partition=P0, error=e),)
            ),
        ),
        (
            DeleteGroupsRequest(group_ids=(GROUP,)),
            lambda e: DeleteGroupsResponse(results=(DeletedGroup(group_id=GROUP, error=e),)),
        ),
    ]


def _sync_request(**changes: Any) -> SyncGroupRequest:
    fields: dict[str, Any] = {
        "group_id": GROUP,
        "generation_id": 1,
        "member_id": "m",
        "protocol_type": "consumer",
        "protocol_name": "range",
    }
    return SyncGroupRequest(**(fields | changes))


def _check_refused(bench: Bench, error: ErrorCode) -> None:
    for request, refusal in _requests(bench):
        assert bench.refused(request) == refusal(error)
    assert bench.coordinator.availability(GROUP) is error


def test_p04_before_loading_not_coordinator() -> None:
    bench = Bench()
    assert bench.coordinator.availability(GROUP) is NONE, "nobody told it yet"
    bench.handle(Elected(partition=HERE + 1))
    _check_refused(bench, NOT_COORDINATOR)
    assert bench.beat("A") is NOT_COORDINATOR


def test_p04_while_loading_load_in_progress_and_heartbeats_are_answered_none() -> None:
    bench = Bench()
    bench.handle(Elected(partition=HERE))
    bench.handle(
        Replayed(
            partition=HERE, records=(GroupMetadata(group_id=GROUP, value=_value(_member("A"))),)
        )
    )
    assert bench.coordinator.is_loading
    _check_refused(bench, LOADING)
    assert bench.beat("A") is NONE
    assert bench.beat("nobody") is NONE
    assert bench.coordinator.group_ids == (), "nothing is seen before its end"
    bench.handle(Loaded(partition=HERE))
    assert not bench.coordinator.is_loading
    assert bench.coordinator.group_ids == (GROUP,)
    assert bench.coordinator.availability(GROUP) is NONE


@pytest.mark.parametrize("state", ["elsewhere", "loading"])
def test_p04_j01_s01_what_is_wrong_with_the_request_itself_is_said_first(state: str) -> None:
    bench = Bench()
    bench.handle(Elected(partition=HERE if state == "loading" else HERE + 1))
    bench.handle(Elected(partition=partition_of("", 50)))
    joined = bench.ask(bench.join_request("A", session_timeout_ms=1), JoinGroupResponse)
    assert joined.error is ErrorCode.INVALID_SESSION_TIMEOUT
    for request, kind in (
        (bench.join_request("A", group_id=""), JoinGroupResponse),
        (_sync_request(group_id=""), SyncGroupResponse),
        (bench.beat_request("A", group_id=""), HeartbeatResponse),
    ):
        assert bench.ask(request, kind).error is ErrorCode.INVALID_GROUP_ID
    nameless = bench.ask(_sync_request(protocol_name=None), SyncGroupResponse)
    assert nameless.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_p04_each_group_of_a_deletion_is_told_apart() -> None:
    bench = Bench()
    bench.handle(Elected(partition=HERE))
    bench.handle(Loaded(partition=HERE))
    bench.handle(Elected(partition=partition_of("h", 50)))
    request = DeleteGroupsRequest(group_ids=(GROUP, "h", "else"))
    answer = bench.ask(request, DeleteGroupsResponse)
    assert [result.error for result in answer.results] == [
        ErrorCode.GROUP_ID_NOT_FOUND,
        LOADING,
        NOT_COORDINATOR,
    ]


def test_p04_who_resigns_answers_parked_joins_and_forgets_the_group() -> None:
    bench = _loaded()
    bench.stable("A", "B")
    parked = bench.join("A")
    effects = bench.handle(Resigned(partition=HERE))
    assert [effect for effect in effects if isinstance(effect, Reply)] == [
        Reply(
            token=parked,
            response=JoinGroupResponse(error=NOT_COORDINATOR, member_id=bench.ids["A"]),
        )
    ]
    assert {e.member_id: e.cause for e in effects if isinstance(e, MemberRemoved)} == {
        bench.ids["A"]: Cause.COORDINATOR_MOVED,
        bench.ids["B"]: Cause.COORDINATOR_MOVED,
    }
    assert effects[-1] == StateChanged(
        group_id=GROUP, previous=PREPARING, state=DEAD, generation_id=1
    )
    assert bench.coordinator.group_ids == ()
    assert not any(timer.group_id for timer in bench.coordinator.timers)


def test_p04_who_resigns_answers_parked_syncs() -> None:
    bench = _loaded()
    bench.completing("A", "B")
    parked = bench.sync("B")
    bench.handle(Resigned(partition=HERE))
    assert bench.answer(parked, SyncGroupResponse).error is NOT_COORDINATOR


def test_p04_appends_in_flight_are_answered_and_their_end_means_nothing_any_more() -> None:
    bench = _loaded()
    bench.hold_appends = True
    bench.completing("A")
    syncing = bench.sync("A", {"A": b"x"})
    bench.handle(Resigned(partition=HERE))
    assert bench.answer(syncing, SyncGroupResponse).error is NOT_COORDINATOR
    bench.handle(Elected(partition=HERE))
    bench.handle(Loaded(partition=HERE))
    while bench.held:
        assert bench.appended() == ()
    assert bench.coordinator.group_ids == ()


def test_p04_a_deletion_and_a_commit_in_flight_are_told_that_the_coordinator_moved() -> None:
    bench = _loaded(COMMIT)
    bench.hold_appends = True
    commit = bench.send(bench.commit_request())
    deletion = bench.send(DeleteGroupsRequest(group_ids=(GROUP,)))
    bench.handle(Resigned(partition=HERE))
    told = bench.answer(commit, OffsetCommitResponse)
    assert [partition.error for partition in told.partitions] == [NOT_COORDINATOR]
    deleted = bench.answer(deletion, DeleteGroupsResponse)
    assert [result.error for result in deleted.results] == [NOT_COORDINATOR]


def test_p04_groups_of_other_partitions_stay() -> None:
    bench = _loaded()
    bench.stable("A")
    bench.handle(Elected(partition=HERE + 1))
    bench.handle(Resigned(partition=HERE + 1))
    bench.handle(Resigned(partition=HERE + 2))
    assert bench.state is STABLE
    assert bench.beat("A") == NONE


# --- what a trace is told, what a driver may not do ---


def test_loading_tells_who_is_there_and_what_they_own() -> None:
    record = GroupMetadata(group_id=GROUP, value=_value(_member("A"), _member("B")))
    bench = Bench()
    bench.handle(Elected(partition=HERE))
    bench.handle(Replayed(partition=HERE, records=(record,)))
    effects = bench.handle(Loaded(partition=HERE))
    added = [effect.member_id for effect in effects if isinstance(effect, MemberAdded)]
    sent = [effect.generation_id for effect in effects if isinstance(effect, AssignmentSent)]
    assert (added, sent) == (["A", "B"], [5, 5])
    assert not any(isinstance(effect, Append) for effect in effects)


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([Elected(partition=50)], "no partition 50"),
        ([Resigned(partition=-1)], "no partition -1"),
        ([Replayed(partition=1, records=())], "not being loaded"),
        ([Loaded(partition=1)], "not being loaded"),
        ([Elected(partition=1), Elected(partition=1)], "loaded already"),
        ([Elected(partition=1), Loaded(partition=1), Loaded(partition=1)], "not being loaded"),
        ([Elected(partition=1), Replayed(partition=1, records=(COMMIT,))], "keeps no group 'g'"),
    ],
)
def test_a_driver_that_misuses_the_coordinator_is_told(events: list[Any], problem: str) -> None:
    bench = Bench()
    *before, last = events
    for event in before:
        bench.handle(event)
    with pytest.raises(ValueError, match=problem):
        bench.handle(last)


def test_partitions_are_told_before_the_first_group_or_never() -> None:
    bench = Bench()
    bench.stable("A")
    with pytest.raises(ValueError, match="there are groups already"):
        bench.handle(Elected(partition=HERE))


def test_a_resignation_while_loading_drops_what_was_replayed() -> None:
    bench = Bench()
    bench.handle(Elected(partition=HERE))
    bench.handle(Replayed(partition=HERE, records=(COMMIT,)))
    bench.handle(Resigned(partition=HERE))
    bench.handle(Elected(partition=HERE))
    bench.handle(Loaded(partition=HERE))
    assert bench.coordinator.group_ids == ()


def test_p03_a_loaded_group_still_knows_what_it_subscribes_to() -> None:
    """Rules A04, O05: what no member reads may be deleted, also after the coordinator moved."""
    reads = encode_subscription(Subscription(topics=["read"]))
    before = LoggedBench()
    before.stable("A", protocols=(GroupProtocol(name="range", metadata=reads),))
    read, unread = TopicPartition("read", 0), TopicPartition("unread", 0)
    for bench in (before, before.moved()):
        answer = bench.ask(
            OffsetDeleteRequest(group_id=GROUP, partitions=(read, unread)), OffsetDeleteResponse
        )
        assert [(each.partition, each.error) for each in answer.partitions] == [
            (read, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC),
            (unread, NONE),
        ]


def test_p04_what_a_transaction_keeps_aside_goes_when_it_resigns() -> None:
    """What it has when it comes back is what the log says, and here that says nothing."""
    bench = _loaded()
    bench.stable("A")
    bench.send(
        TxnOffsetCommitRequest(
            group_id=GROUP,
            member_id=bench.ids["A"],
            generation_id=bench.generation,
            producer_id=7,
            offsets=(OffsetToCommit(partition=P0, offset=3),),
        )
    )
    asked = OffsetFetchRequest(group_id=GROUP, partitions=(P0,), require_stable=True)
    unstable = bench.ask(asked, OffsetFetchResponse).offsets[0].error
    assert unstable is ErrorCode.UNSTABLE_OFFSET_COMMIT
    for event in (Resigned(partition=HERE), Elected(partition=HERE), Loaded(partition=HERE)):
        bench.handle(event)
    fetched = bench.ask(asked, OffsetFetchResponse).offsets[0]
    assert (fetched.offset, fetched.error) == (-1, NONE)
