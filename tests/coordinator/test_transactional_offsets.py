"""Offsets in transactions: kept aside, then counted or forgotten (O07)."""

from __future__ import annotations

from typing import Any

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.effects import (
    Append,
    AppendMarker,
    Elected,
    Reply,
    Resigned,
    TopicDeleted,
    TransactionEnded,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.records import OffsetCommit, OffsetCommitValue, Producer
from rebalance.protocol.requests import (
    DeleteGroupsRequest,
    OffsetDeleteRequest,
    OffsetFetchRequest,
    OffsetToCommit,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    FetchedOffset,
    OffsetFetchResponse,
    TransactionCompleted,
    TxnOffsetCommitResponse,
)
from rebalance.protocol.states import GroupState
from tests.coordinator.failover import LoggedBench
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    GROUP,
    ILLEGAL_GENERATION,
    INVALID_GROUP_ID,
    NONE,
    P0,
    PREPARING,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
)

P1 = TopicPartition("t", 1)
UNSTABLE = ErrorCode.UNSTABLE_OFFSET_COMMIT


def txn_request(
    offset: int = 20, *partitions: TopicPartition, producer_id: int = 1, **changes: Any
) -> TxnOffsetCommitRequest:
    """What a producer sends who does not say whose offsets these are."""
    offsets = tuple(OffsetToCommit(partition=p, offset=offset) for p in partitions or (P0,))
    fields: dict[str, Any] = {"group_id": GROUP, "producer_id": producer_id, "offsets": offsets}
    return TxnOffsetCommitRequest(**(fields | changes))


def txn_commit(bench: Bench, *args: Any, **changes: Any) -> ErrorCode:
    """One TxnOffsetCommit; the error of its first partition."""
    answer = bench.ask(txn_request(*args, **changes), TxnOffsetCommitResponse)
    return answer.partitions[0].error


def end(bench: Bench, committed: bool, producer_id: int = 1, group_id: str = GROUP) -> str:
    """The transaction ends, as far as the group's partition goes; the token of the answer."""
    token = f"end of {producer_id}, {len(bench.replies)}"
    bench.handle(
        TransactionEnded(
            token=token,
            partition=partition_of(group_id, 50),
            producer=Producer(producer_id=producer_id, epoch=0),
            committed=committed,
        )
    )
    return token


def ended(bench: Bench, committed: bool, producer_id: int = 1) -> None:
    """The transaction ends at once."""
    assert bench.replies[end(bench, committed, producer_id)] == TransactionCompleted()


def seen(bench: Bench, group_id: str = GROUP, *, stable: bool = False) -> dict[TopicPartition, Any]:
    """Offsets, or errors, of what has one."""
    asked = OffsetFetchRequest(group_id=group_id, partitions=(P0, P1), require_stable=stable)
    offsets = bench.ask(asked, OffsetFetchResponse).offsets
    return {
        found.partition: found.error if found.error is not NONE else found.offset
        for found in offsets
        if found.offset != -1 or found.error is not NONE
    }


def test_o07_kept_aside_until_the_end() -> None:
    bench = Bench()
    bench.commit()
    assert txn_commit(bench) is NONE
    (append,) = bench.told(Append)
    assert append.producer == Producer(producer_id=1, epoch=0)
    assert seen(bench) == {P0: 7}
    assert seen(bench, stable=True) == {P0: UNSTABLE}


def test_o07_what_an_unstable_partition_looks_like() -> None:
    bench = Bench()
    bench.commit()
    txn_commit(bench)
    asked = OffsetFetchRequest(group_id=GROUP, partitions=(P0,), require_stable=True)
    answer = bench.ask(asked, OffsetFetchResponse)
    assert answer.offsets == (FetchedOffset(partition=P0, error=UNSTABLE),)


def test_o07_who_asks_for_all_hears_of_committed_partitions_only() -> None:
    bench = Bench()
    bench.commit()
    txn_commit(bench, 20, P0, P1)
    for stable in (True, False):
        asked = OffsetFetchRequest(group_id=GROUP, partitions=None, require_stable=stable)
        (found,) = bench.ask(asked, OffsetFetchResponse).offsets
        assert (found.partition, found.error) == (P0, UNSTABLE if stable else NONE)


@pytest.mark.parametrize("committed", [True, False])
def test_o07_the_end(committed: bool) -> None:
    bench = Bench()
    bench.commit()
    txn_commit(bench, 20, P0, P1)
    ended(bench, committed)
    assert seen(bench, stable=True) == ({P0: 20, P1: 20} if committed else {P0: 7})
    ended(bench, not committed)
    assert seen(bench, stable=True) == ({P0: 20, P1: 20} if committed else {P0: 7}), "it is over"


def test_o07_effects_of_a_commit() -> None:
    bench = Bench(hold_appends=True)
    bench.now = 5
    asked = bench.send(txn_request())
    value = OffsetCommitValue(offset=20, leader_epoch=-1, metadata="", commit_timestamp_ms=5)
    record = OffsetCommit(group_id=GROUP, partition=P0, value=value)
    producer = Producer(producer_id=1, epoch=0)
    assert bench.effects == (Append(token=1, group_id=GROUP, records=(record,), producer=producer),)
    assert (asked in bench.replies, seen(bench, stable=True)) == (False, {})
    bench.appended()
    answers = (CommittedPartition(partition=P0),)
    assert bench.effects == (
        Reply(token=asked, response=TxnOffsetCommitResponse(partitions=answers)),
    )
    assert seen(bench, stable=True) == {P0: UNSTABLE}
    token = end(bench, committed=True)
    marker = AppendMarker(
        token=2, partition=partition_of(GROUP, 50), producer=producer, committed=True
    )
    assert bench.effects == (marker,)
    assert (token in bench.replies, seen(bench, stable=True)) == (False, {P0: UNSTABLE})
    bench.appended()
    assert bench.effects == (Reply(token=token, response=TransactionCompleted()),)
    assert seen(bench, stable=True) == {P0: 20}


def test_o07_what_cannot_be_written_is_not_kept_aside() -> None:
    bench = Bench(hold_appends=True)
    token = bench.send(txn_request())
    bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    refused = TxnOffsetCommitResponse(partitions=all_refused(ErrorCode.COORDINATOR_NOT_AVAILABLE))
    assert bench.replies[token] == refused
    assert seen(bench, stable=True) == {}


def test_o07_p04_the_end_is_told_to_the_coordinator_of_the_group() -> None:
    before = LoggedBench()
    before.commit()
    bench = before.moved()
    txn_commit(bench)
    there = partition_of(GROUP, 50)
    for event, error in (
        (Resigned(partition=there), ErrorCode.NOT_COORDINATOR),
        (Elected(partition=there), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
    ):
        bench.handle(event)
        assert bench.replies[end(bench, True)] == TransactionCompleted(error=error)
    with pytest.raises(ValueError, match="has no partition 50, but 50"):
        bench.handle(
            TransactionEnded(
                token="x",
                partition=50,
                producer=Producer(producer_id=1, epoch=0),
                committed=True,
            )
        )


@pytest.mark.parametrize("committed", [True, False])
def test_o07_p03_what_is_open_is_open_with_the_next_coordinator(committed: bool) -> None:
    bench = LoggedBench()
    bench.commit()
    txn_commit(bench, 20, P0, P1)
    txn_commit(bench, 30, P1, producer_id=2)
    heir = bench.moved()
    assert seen(heir) == {P0: 7}
    assert seen(heir, stable=True) == {P0: UNSTABLE, P1: UNSTABLE}
    ended(heir, True, 2)
    ended(heir, committed)
    assert seen(heir) == ({P0: 20, P1: 30} if committed else {P0: 7, P1: 30})
    assert seen(heir.moved(), stable=True) == seen(heir)


def test_o07_p03_what_was_overtaken_or_deleted_stays_so_with_the_next_coordinator() -> None:
    bench = LoggedBench()
    txn_commit(bench, 20, P0, P1)
    bench.commit()
    bench.send(OffsetDeleteRequest(group_id=GROUP, partitions=(P1,)))
    heir = bench.moved()
    assert seen(heir, stable=True) == {P0: UNSTABLE}
    ended(heir, committed=True)
    assert seen(heir, stable=True) == {P0: 7}


@pytest.mark.parametrize("error", [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.KAFKA_STORAGE_ERROR])
def test_o07_a_commit_that_cannot_be_written_may_be_given_again(error: ErrorCode) -> None:
    bench = Bench(hold_appends=True)
    bench.send(txn_request())
    bench.appended()
    token = end(bench, committed=True)
    bench.appended(error)
    assert bench.replies[token] == TransactionCompleted(error=error)
    assert seen(bench, stable=True) == {P0: UNSTABLE}
    bench.hold_appends = False
    ended(bench, committed=True)
    assert seen(bench, stable=True) == {P0: 20}


def test_o07_a_plain_commit_in_between_wins() -> None:
    bench = Bench()
    txn_commit(bench, 20, P0, P1)
    bench.commit()
    assert seen(bench, stable=True) == {P0: UNSTABLE, P1: UNSTABLE}
    ended(bench, committed=True)
    assert seen(bench) == {P0: 7, P1: 20}


def test_o07_a_plain_commit_before_does_not_even_if_it_is_written_later() -> None:
    bench = Bench(hold_appends=True)
    bench.send(bench.commit_request())
    bench.send(txn_request())
    bench.appended()
    bench.appended()
    bench.hold_appends = False
    ended(bench, committed=True)
    assert seen(bench) == {P0: 20}


def test_o07_a_second_transactional_commit_replaces_the_first() -> None:
    bench = Bench()
    txn_commit(bench, 20)
    bench.commit()
    txn_commit(bench, 30)
    ended(bench, committed=True)
    assert seen(bench) == {P0: 30}


@pytest.mark.parametrize("first", [1, 2])
def test_o07_of_two_producers_the_later_word_counts_whoever_ends_first(first: int) -> None:
    bench = Bench()
    txn_commit(bench, 20, producer_id=1)
    txn_commit(bench, 30, producer_id=2)
    ended(bench, True, first)
    assert seen(bench) == {P0: {1: 20, 2: 30}[first]}
    assert seen(bench, stable=True) == {P0: UNSTABLE}
    ended(bench, True, 3 - first)
    assert seen(bench, stable=True) == {P0: 30}


def test_o07_groups_of_one_partition_end_together_and_others_with_theirs() -> None:
    bench = Bench()
    groups = [GROUP, "h", next(f"g{n}" for n in range(500) if same_partition(f"g{n}"))]
    for group_id in groups:
        txn_commit(bench, 20, group_id=group_id)
    assert bench.replies[end(bench, committed=True)] == TransactionCompleted()
    assert [seen(bench, group_id) for group_id in groups] == [{P0: 20}, {}, {P0: 20}]
    assert seen(bench, "h", stable=True) == {P0: UNSTABLE}
    assert bench.replies[end(bench, committed=True, group_id="h")] == TransactionCompleted()
    assert seen(bench, "h", stable=True) == {P0: 20}


def same_partition(group_id: str) -> bool:
    """Whether a group is kept where GROUP is."""
    return partition_of(group_id, 50) == partition_of(GROUP, 50)


LIVE = [PREPARING, COMPLETING, STABLE]
ALL = [EMPTY, *LIVE]


@pytest.mark.parametrize(
    ("state", "changes", "error"),
    [
        *((state, {}, NONE) for state in ALL),
        *((state, {"member_id": "A-1", "generation_id": 2}, NONE) for state in LIVE),
        *((state, {"member_id": "x", "generation_id": 2}, UNKNOWN_MEMBER_ID) for state in ALL),
        *((state, {"generation_id": 2}, UNKNOWN_MEMBER_ID) for state in ALL),
        *((state, {"member_id": "A-1", "generation_id": 1}, ILLEGAL_GENERATION) for state in LIVE),
        *((state, {"member_id": "A-1"}, ILLEGAL_GENERATION) for state in LIVE),
        *(
            (state, {"group_instance_id": "s", "generation_id": 2}, FENCED_INSTANCE_ID)
            for state in LIVE
        ),
        (EMPTY, {"member_id": "x"}, NONE),
        (DEAD, {}, ErrorCode.COORDINATOR_NOT_AVAILABLE),
    ],
)
def test_o07_who_may(state: GroupState, changes: dict[str, Any], error: ErrorCode) -> None:
    bench = Bench()
    bench.stable("A")
    bench.enter("S", instance="s")
    bench.join("A")
    if state is not COMPLETING:
        for name in "AS":
            bench.sync(name, {})
    if state is PREPARING:
        bench.join("A")
    if state is EMPTY:
        bench.leave("A", "S")
    if state is DEAD:
        bench = at_state(DEAD, "A")
    assert bench.state is state
    assert bench.group.generation_id == {EMPTY: 3, DEAD: 1}.get(state, 2)
    assert txn_commit(bench, **changes) is error
    assert seen(bench, stable=True) == ({P0: UNSTABLE} if error is NONE else {})


def test_o07_an_unknown_group_is_made_unless_a_generation_is_named() -> None:
    bench = Bench()
    for version, error in ((5, ILLEGAL_GENERATION), (6, ErrorCode.GROUP_ID_NOT_FOUND)):
        asked = txn_request(generation_id=0, version=version)
        refused = TxnOffsetCommitResponse(partitions=all_refused(error))
        assert bench.refused(asked) == refused
    assert bench.coordinator.group_ids == ()
    assert bench.refused(txn_request(group_id="")) == TxnOffsetCommitResponse(
        partitions=all_refused(INVALID_GROUP_ID)
    )
    assert txn_commit(bench) is NONE
    assert (bench.state, bench.group.protocol_type) == (EMPTY, None)


def all_refused(error: ErrorCode) -> tuple[CommittedPartition, ...]:
    """Every partition of `txn_request` with this error."""
    return (CommittedPartition(partition=P0, error=error),)


def test_o07_and_o03_metadata_that_is_too_large_is_refused_alone() -> None:
    bench = Bench(offset_metadata_max_bytes=1)
    offsets = (
        OffsetToCommit(partition=P0, offset=1, metadata="xx"),
        OffsetToCommit(partition=P1, offset=2, metadata=None),
    )
    answer = bench.ask(txn_request(offsets=offsets), TxnOffsetCommitResponse)
    errors = [entry.error for entry in answer.partitions]
    assert errors == [ErrorCode.OFFSET_METADATA_TOO_LARGE, NONE]
    ended(bench, committed=True)
    assert seen(bench) == {P1: 2}


@pytest.mark.parametrize("how", ["offsets", "group", "topic"])
def test_o07_what_is_deleted_has_no_end_any_more(how: str) -> None:
    bench = Bench()
    txn_commit(bench, 20)
    if how == "offsets":
        bench.send(OffsetDeleteRequest(group_id=GROUP, partitions=(P0,)))
    elif how == "group":
        bench.send(DeleteGroupsRequest(group_ids=(GROUP,)))
    else:
        bench.handle(TopicDeleted(topic="t"))
    assert seen(bench, stable=True) == {}
    ended(bench, committed=True)
    assert seen(bench) == {}


def test_o07_and_o05_what_is_open_is_not_forgotten_and_neither_is_its_group() -> None:
    bench = Bench(offsets_retention_minutes=1, offsets_retention_check_interval_ms=1_000)
    bench.commit(retention_time_ms=1)
    txn_commit(bench, 20, P0)
    bench.advance(120_000)
    assert seen(bench, stable=True) == {P0: UNSTABLE}
    ended(bench, committed=False)
    bench.advance(1_000)
    assert bench.coordinator.group_ids == ()


def test_o07_and_o10_a_group_with_nothing_but_an_open_transaction_stays() -> None:
    bench = Bench(offsets_retention_check_interval_ms=1_000)
    txn_commit(bench)
    bench.advance(10_000)
    assert bench.coordinator.group_ids == (GROUP,)
    ended(bench, committed=False)
    bench.advance(1_000)
    assert bench.coordinator.group_ids == ()
