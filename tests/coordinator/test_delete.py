"""DeleteGroups: empty groups go, with their offsets (A03, P06)."""

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.effects import Append, Appended, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import StateChanged
from rebalance.protocol.records import GroupMetadata, OffsetCommit
from rebalance.protocol.requests import (
    DeleteGroupsRequest,
    OffsetFetchRequest,
    OffsetToCommit,
)
from rebalance.protocol.responses import (
    DeletedGroup,
    DeleteGroupsResponse,
    FetchedOffset,
    OffsetFetchResponse,
)
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    GROUP,
    NONE,
    P0,
    PREPARING,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
)

NOT_FOUND = ErrorCode.GROUP_ID_NOT_FOUND
NON_EMPTY = ErrorCode.NON_EMPTY_GROUP
P1 = TopicPartition("t", 1)


def deleting(bench: Bench, *group_ids: str) -> int:
    """One DeleteGroups; its token."""
    return bench.send(DeleteGroupsRequest(group_ids=group_ids or (GROUP,)))


def results(bench: Bench, token: int) -> dict[str, ErrorCode]:
    """What was answered."""
    answer = bench.answer(token, DeleteGroupsResponse)
    assert len({result.group_id for result in answer.results}) == len(answer.results)
    return {result.group_id: result.error for result in answer.results}


def deleted(bench: Bench, *group_ids: str) -> dict[str, ErrorCode]:
    """One DeleteGroups that must be answered at once."""
    return results(bench, deleting(bench, *group_ids))


def fetched(bench: Bench) -> tuple[FetchedOffset, ...]:
    """All offsets of the group."""
    request = OffsetFetchRequest(group_id=GROUP, partitions=None)
    return bench.ask(request, OffsetFetchResponse).offsets


def emptied(*, hold_appends: bool = False) -> Bench:
    """A group that had a member and an offset, and has the offset still."""
    bench = at_state(STABLE, "A")
    assert bench.commit("A") is NONE
    bench.leave("A")
    assert bench.state is EMPTY
    bench.hold_appends = hold_appends
    return bench


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (STABLE, NON_EMPTY),
        (PREPARING, NON_EMPTY),
        (COMPLETING, NON_EMPTY),
        (DEAD, NOT_FOUND),
    ],
)
def test_a03_a_group_that_is_not_empty_stays_as_it_is(state: GroupState, error: ErrorCode) -> None:
    bench = at_state(state, "A", "B")
    answer = bench.refused(DeleteGroupsRequest(group_ids=(GROUP,)))
    assert answer == DeleteGroupsResponse(results=(DeletedGroup(group_id=GROUP, error=error),))


def test_a03_the_initial_delay_is_not_empty() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    assert deleted(bench) == {GROUP: NON_EMPTY}


def test_a03_an_empty_group_and_its_offsets_are_gone() -> None:
    bench = emptied()
    assert deleted(bench) == {GROUP: NONE}
    assert bench.coordinator.group(GROUP) is None
    assert bench.coordinator.group_ids == ()
    assert fetched(bench) == ()
    assert bench.commit("A", generation_id=1, version=9) is NOT_FOUND
    assert deleted(bench) == {GROUP: NOT_FOUND}


def test_a03_a_batch_is_answered_group_by_group_and_each_name_once() -> None:
    bench = emptied()
    bench.join("B", group_id="h", version=3)
    bench.commit(group_id="")
    assert list(deleted(bench, "x", GROUP, "h", GROUP, "").items()) == [
        ("x", NOT_FOUND),
        (GROUP, NONE),
        ("h", NON_EMPTY),
        ("", NONE),
    ]
    assert bench.coordinator.group_ids == ("h",)


def test_a03_nothing_to_delete_is_answered_too() -> None:
    bench = Bench()
    token = bench.send(DeleteGroupsRequest(group_ids=()))
    assert bench.replies[token] == DeleteGroupsResponse(results=())


def test_a03_and_p06_tombstones_of_the_offsets_then_of_the_group() -> None:
    bench = emptied(hold_appends=True)
    token = deleting(bench)
    (append,) = bench.effects
    assert isinstance(append, Append)
    assert append.records == (
        OffsetCommit(group_id=GROUP, partition=P0, value=None),
        GroupMetadata(group_id=GROUP, value=None),
    )
    assert (bench.state, bench.is_parked(token)) == (EMPTY, True)
    bench.appended()
    assert bench.effects == (
        StateChanged(group_id=GROUP, previous=EMPTY, state=DEAD, generation_id=2),
        Reply(token=token, response=DeleteGroupsResponse(results=(DeletedGroup(group_id=GROUP),))),
    )


def test_a03_and_p06_a_simple_group_without_a_record_gets_its_tombstone_too() -> None:
    bench = Bench()
    bench.commit()
    deleting(bench)
    (append,) = bench.told(Append)
    assert append.records[-1] == GroupMetadata(group_id=GROUP, value=None)


def test_a03_a_deletion_that_cannot_be_written_changes_nothing() -> None:
    bench = emptied(hold_appends=True)
    before = bench.seen()
    token = deleting(bench)
    bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert results(bench, token) == {GROUP: ErrorCode.COORDINATOR_NOT_AVAILABLE}
    assert bench.seen() == before
    assert [offset.offset for offset in fetched(bench)] == [7]


def test_a03_a_batch_waits_for_all_its_appends() -> None:
    bench = emptied()
    bench.commit(group_id="h")
    bench.hold_appends = True
    token = deleting(bench, GROUP, "h")
    bench.appended(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert bench.is_parked(token)
    bench.appended()
    assert results(bench, token) == {GROUP: ErrorCode.NOT_COORDINATOR, "h": NONE}
    assert bench.coordinator.group_ids == (GROUP,)


def test_a03_a_pending_id_does_not_keep_its_group() -> None:
    """Kafka 4.4.0 strands it likewise."""
    bench = Bench()
    bench.join("P")
    assert bench.pending == ("P-1",)
    assert deleted(bench) == {GROUP: NONE}
    assert bench.deadline_in is None
    assert bench.joined("P").error is UNKNOWN_MEMBER_ID


def test_a03_who_joined_before_it_was_written_keeps_the_group_but_not_the_offsets() -> None:
    bench = emptied(hold_appends=True)
    token = deleting(bench)
    bench.enter("B")
    bench.appended()
    assert results(bench, token) == {GROUP: NONE}
    assert fetched(bench) == ()
    bench.advance()
    assert bench.members == ("B-2",)
    assert bench.state is COMPLETING


def test_a03_an_id_handed_out_before_it_was_written_keeps_the_group() -> None:
    bench = emptied(hold_appends=True)
    bench.join("P")
    token = deleting(bench)
    bench.join("Q")
    bench.appended()
    assert results(bench, token) == {GROUP: NONE}
    bench.join("Q")
    assert bench.members == ("Q-3",)


def test_a03_a_second_deletion_finds_the_group_gone() -> None:
    bench = emptied(hold_appends=True)
    first, second = deleting(bench), deleting(bench)
    bench.appended()
    bench.appended()
    assert results(bench, first) == {GROUP: NONE}
    assert results(bench, second) == {GROUP: NOT_FOUND}


def test_a03_a_commit_on_its_way_before_is_deleted_too() -> None:
    bench = emptied(hold_appends=True)
    commit = bench.send(bench.commit_request(offsets=(OffsetToCommit(partition=P1, offset=3),)))
    deleting(bench)
    (append,) = bench.told(Append)
    assert append.records[:-1] == (
        OffsetCommit(group_id=GROUP, partition=P0, value=None),
        OffsetCommit(group_id=GROUP, partition=P1, value=None),
    )
    bench.appended()
    bench.appended()
    assert not bench.is_parked(commit)
    assert fetched(bench) == ()


def test_a03_a_commit_written_after_the_deletion_makes_a_simple_group() -> None:
    bench = emptied(hold_appends=True)
    deleting(bench)
    commit = bench.send(bench.commit_request(offsets=(OffsetToCommit(partition=P1, offset=3),)))
    bench.appended()
    assert bench.coordinator.group(GROUP) is None
    bench.appended()
    assert not bench.is_parked(commit)
    assert fetched(bench) == (FetchedOffset(partition=P1, offset=3),)
    assert (bench.state, bench.group.protocol_type, bench.generation) == (EMPTY, None, 0)


@pytest.mark.parametrize("error", [NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
def test_a03_what_was_to_be_written_for_a_group_that_is_gone_changes_nothing(
    error: ErrorCode,
) -> None:
    """Whatever a log that answers out of turn says of it: a sync, a static return, Empty."""
    bench = Bench(hold_appends=True)
    bench.completing("A")
    bench.sync("A", {})
    bench.leave("A")
    assert bench.state is EMPTY
    deleting(bench)
    bench.handle(Appended(token=bench.held.pop().token))
    assert bench.coordinator.group_ids == ()
    while bench.held:
        assert bench.appended(error) == ()


@pytest.mark.parametrize("error", [NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
def test_a03_a_static_return_of_a_group_that_is_gone(error: ErrorCode) -> None:
    bench = at_state(STABLE, "S", instance="s")
    bench.hold_appends = True
    bench.join("S", member_id="")
    bench.leave("S")
    assert bench.state is EMPTY
    deleting(bench)
    bench.handle(Appended(token=bench.held.pop().token))
    assert bench.coordinator.group_ids == ()
    while bench.held:
        assert bench.appended(error) == ()
