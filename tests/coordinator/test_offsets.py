"""Offsets: who may commit, and what is answered (O01-O04, H03)."""

from typing import Any

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import CommitRefused
from rebalance.protocol.records import OffsetCommit, OffsetCommitValue
from rebalance.protocol.requests import OffsetFetchRequest, OffsetToCommit
from rebalance.protocol.responses import (
    CommittedPartition,
    FetchedOffset,
    OffsetCommitResponse,
    OffsetFetchResponse,
)
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    GROUP,
    ILLEGAL_GENERATION,
    NONE,
    P0,
    PREPARING,
    REBALANCE_IN_PROGRESS,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
)

P1 = TopicPartition("t", 1)
NOT_AVAILABLE = ErrorCode.COORDINATOR_NOT_AVAILABLE


def fetched(bench: Bench, *partitions: TopicPartition) -> tuple[FetchedOffset, ...]:
    """What is committed for these partitions, or for all."""
    asked = partitions or None
    answer = bench.ask(OffsetFetchRequest(group_id=GROUP, partitions=asked), OffsetFetchResponse)
    assert answer.error is NONE
    return answer.offsets


@pytest.mark.parametrize("version", range(2, 11))
def test_o01_a_commit_from_outside_makes_a_simple_group(version: int) -> None:
    bench = Bench()
    assert bench.commit(version=version) is NONE
    assert (bench.state, bench.group.protocol_type, bench.members) == (EMPTY, None, ())
    assert fetched(bench) == (FetchedOffset(partition=P0, offset=7),)


@pytest.mark.parametrize("version", range(2, 11))
@pytest.mark.parametrize("generation_id", [0, 1, 99])
def test_o01_a_generation_of_an_unknown_group(version: int, generation_id: int) -> None:
    bench = Bench()
    error = ErrorCode.GROUP_ID_NOT_FOUND if version >= 9 else ILLEGAL_GENERATION
    request = bench.commit_request("m", generation_id=generation_id, version=version)
    assert bench.refused(request) == OffsetCommitResponse(
        partitions=(CommittedPartition(partition=P0, error=error),)
    )
    assert bench.coordinator.group_ids == ()


OUTSIDE: dict[str, Any] = {"generation_id": -1, "member_id": "", "group_instance_id": None}
LIVE = [PREPARING, COMPLETING, STABLE]


@pytest.mark.parametrize(
    ("state", "changes", "error"),
    [
        (DEAD, {}, NOT_AVAILABLE),
        (DEAD, OUTSIDE, NOT_AVAILABLE),
        (EMPTY, OUTSIDE, NONE),
        (EMPTY, {"generation_id": -1, "member_id": "anybody"}, NONE),
        (EMPTY, {"generation_id": -5, "member_id": "", "group_instance_id": "any"}, NONE),
        (EMPTY, {"generation_id": 2}, UNKNOWN_MEMBER_ID),
        (EMPTY, {"generation_id": 2, "member_id": ""}, UNKNOWN_MEMBER_ID),
        *((state, OUTSIDE, UNKNOWN_MEMBER_ID) for state in LIVE),
        *((state, {"member_id": "x", "generation_id": 99}, UNKNOWN_MEMBER_ID) for state in LIVE),
        *((state, {"member_id": "", "generation_id": 1}, UNKNOWN_MEMBER_ID) for state in LIVE),
        *((state, {"group_instance_id": "unmapped"}, UNKNOWN_MEMBER_ID) for state in LIVE),
        *(
            (state, {"group_instance_id": "s", "generation_id": 99}, FENCED_INSTANCE_ID)
            for state in LIVE
        ),
        *((state, OUTSIDE | {"group_instance_id": "s"}, FENCED_INSTANCE_ID) for state in LIVE),
        *((state, {"generation_id": 99}, ILLEGAL_GENERATION) for state in LIVE),
        *((state, {"generation_id": -1}, ILLEGAL_GENERATION) for state in LIVE),
        (COMPLETING, {}, REBALANCE_IN_PROGRESS),
        (PREPARING, {}, NONE),
        (STABLE, {}, NONE),
    ],
)
def test_o02_who_may_commit_when(
    state: GroupState, changes: dict[str, Any], error: ErrorCode
) -> None:
    if state in LIVE:
        bench = Bench()
        bench.enter("A")
        bench.enter("S", instance="s")
        bench.advance()
        if state is not COMPLETING:
            for name in "AS":
                bench.sync(name, {})
        if state is PREPARING:
            bench.join("A")
    else:
        bench = at_state(state, "A")
    assert bench.state is state
    request = bench.commit_request("A", **changes)
    before = bench.seen()
    token = bench.send(request)
    assert bench.replies[token] == OffsetCommitResponse(
        partitions=(CommittedPartition(partition=P0, error=error),)
    )
    if error is NONE:
        assert fetched(bench, P0)[0].offset == 7
    else:
        assert bench.seen() == before
        assert fetched(bench, P0)[0].offset == -1


def test_o02_effects_of_a_refusal() -> None:
    bench = at_state(COMPLETING, "A")
    offsets = (OffsetToCommit(partition=P0, offset=1), OffsetToCommit(partition=P1, offset=2))
    token = bench.send(bench.commit_request("A", offsets=offsets))
    answers = tuple(
        CommittedPartition(partition=partition, error=REBALANCE_IN_PROGRESS)
        for partition in (P0, P1)
    )
    assert bench.effects == (
        Reply(token=token, response=OffsetCommitResponse(partitions=answers)),
        CommitRefused(
            group_id=GROUP, member_id="A-1", generation_id=1, error="REBALANCE_IN_PROGRESS"
        ),
    )


def test_o02_a_commit_is_written_before_it_is_answered() -> None:
    bench = Bench(hold_appends=True)
    bench.now = 5
    token = bench.send(bench.commit_request())
    value = OffsetCommitValue(offset=7, leader_epoch=-1, metadata="", commit_timestamp_ms=5)
    record = OffsetCommit(group_id=GROUP, partition=P0, value=value)
    assert list(bench.effects) == [Append(token=1, group_id=GROUP, records=(record,))]
    assert fetched(bench, P0) == (FetchedOffset(partition=P0),)
    bench.appended()
    answer = OffsetCommitResponse(partitions=(CommittedPartition(partition=P0),))
    assert bench.effects == (Reply(token=token, response=answer),)
    assert fetched(bench, P0) == (FetchedOffset(partition=P0, offset=7),)


def test_o02_a_commit_that_cannot_be_written() -> None:
    bench = Bench(hold_appends=True)
    token = bench.send(bench.commit_request())
    bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    answer = CommittedPartition(partition=P0, error=NOT_AVAILABLE)
    assert bench.replies[token] == OffsetCommitResponse(partitions=(answer,))
    assert fetched(bench, P0) == (FetchedOffset(partition=P0),)


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("x" * 4096, NONE),
        ("x" * 4097, ErrorCode.OFFSET_METADATA_TOO_LARGE),
        ("ä" * 4096, NONE),
        ("😀" * 2048, NONE),
        ("😀" * 2048 + "x", ErrorCode.OFFSET_METADATA_TOO_LARGE),
        (None, NONE),
    ],
)
def test_o03_metadata_is_limited_in_utf16_units_a_partition(
    metadata: str | None, error: ErrorCode
) -> None:
    bench = Bench()
    offsets = (
        OffsetToCommit(partition=P0, offset=1, metadata=metadata),
        OffsetToCommit(partition=P1, offset=2, leader_epoch=3),
    )
    answer = bench.ask(bench.commit_request(offsets=offsets), OffsetCommitResponse)
    assert answer.partitions == (
        CommittedPartition(partition=P0, error=error),
        CommittedPartition(partition=P1),
    )
    first = FetchedOffset(partition=P0)
    if error is NONE:
        first = FetchedOffset(partition=P0, offset=1, metadata=metadata or "")
    assert fetched(bench, P0, P1) == (first, FetchedOffset(partition=P1, offset=2, leader_epoch=3))


@pytest.mark.parametrize("offset", [-1, -2, -(2**63), 0, 2**63 - 1])
def test_o08_any_offset_is_stored_as_given_and_null_metadata_as_empty(offset: int) -> None:
    bench = Bench()
    bench.commit(offsets=(OffsetToCommit(partition=P0, offset=offset, metadata=None),))
    assert fetched(bench, P0) == (FetchedOffset(partition=P0, offset=offset, metadata=""),)


def test_o03_when_all_is_too_large_nothing_is_written() -> None:
    bench = Bench(offset_metadata_max_bytes=1)
    offsets = (OffsetToCommit(partition=P0, offset=1, metadata="xx"),)
    assert bench.commit(offsets=offsets) is ErrorCode.OFFSET_METADATA_TOO_LARGE
    assert bench.told(Append) == []


def test_o03_group_id_may_be_empty() -> None:
    bench = Bench()
    assert bench.commit(group_id="") is NONE
    answer = bench.ask(OffsetFetchRequest(group_id="", partitions=None), OffsetFetchResponse)
    assert answer.offsets == (FetchedOffset(partition=P0, offset=7),)


@pytest.mark.parametrize("begin", ["unknown", "dead"])
def test_o04_unknown_and_dead_groups(begin: str) -> None:
    bench = Bench() if begin == "unknown" else at_state(DEAD, "A")
    assert fetched(bench, P0, P1) == (FetchedOffset(partition=P0), FetchedOffset(partition=P1))
    assert fetched(bench) == ()


def test_o04_all_means_what_is_committed() -> None:
    bench = Bench()
    bench.commit(offsets=(OffsetToCommit(partition=P1, offset=2),))
    bench.commit()
    assert [found.partition for found in fetched(bench)] == [P0, P1]


@pytest.mark.parametrize("state", [STABLE, PREPARING])
def test_h03_an_accepted_commit_is_as_good_as_a_heartbeat(state: GroupState) -> None:
    bench = at_state(state, "A", "B")
    bench.advance(4_000)
    bench.commit("B")
    bench.beat("A")
    assert bench.deadline_in == SESSION


@pytest.mark.parametrize("state", [STABLE, PREPARING, COMPLETING])
def test_h03_and_j18_a_refused_one_is_not(state: GroupState) -> None:
    bench = at_state(state, "A", "B")
    bench.advance(4_000)
    bench.refused(bench.commit_request("B", generation_id=99))
    if state is COMPLETING:
        bench.refused(bench.commit_request("B"))
