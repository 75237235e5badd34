"""Answers that no machine of ours would give are found, and those that it gives are not."""

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetCommitRequest, OffsetToCommit
from rebalance.protocol.responses import CommittedPartition, OffsetCommitResponse
from rebalance.simulation.checkers import Fact
from tests.simulation.checkers.wire import (
    AGAIN,
    STABLE,
    answered,
    arrives,
    beat,
    completed,
    joined,
    refusal,
    removed,
    rules,
    state,
    sync,
    synced,
)

DEAD = state("Stable", "Dead")
STATIC: tuple[Fact, ...] = (*STABLE, joined("s-1", "s"))
REPLACED = (removed("s-1", "static member replaced"), joined("s-2", "s"))


@pytest.mark.parametrize(
    ("group", "answer"),
    [
        (STABLE, beat("a", 1, ErrorCode.NONE)),
        (STABLE, beat("a", 0, ErrorCode.ILLEGAL_GENERATION)),
        (STABLE, beat("b", 1, ErrorCode.UNKNOWN_MEMBER_ID)),
        ((*STABLE, AGAIN), beat("a", 1, ErrorCode.REBALANCE_IN_PROGRESS)),
        ((*STATIC, *REPLACED), beat("s-1", 1, ErrorCode.FENCED_INSTANCE_ID, "s")),
        ((*STABLE, DEAD), beat("a", 1, ErrorCode.NONE)),
        (STABLE, beat("b", 7, ErrorCode.NOT_COORDINATOR)),
    ],
    ids=["stable", "old", "stranger", "preparing", "twin", "loading", "elsewhere"],
)
def test_h01_heartbeats_that_are_answered_as_is_due(
    group: tuple[Fact, ...], answer: tuple[Fact, ...]
) -> None:
    assert rules(*group, *answer) == []


@pytest.mark.parametrize(
    ("group", "answer"),
    [
        (STABLE, beat("a", 0, ErrorCode.NONE)),
        (STABLE, beat("a", 0, ErrorCode.REBALANCE_IN_PROGRESS)),
        (STABLE, beat("b", 1, ErrorCode.NONE)),
        (STABLE, beat("a", 1, ErrorCode.UNKNOWN_MEMBER_ID)),
        ((*STABLE, AGAIN), beat("a", 1, ErrorCode.NONE)),
        ((*STATIC, *REPLACED), beat("s-1", 1, ErrorCode.UNKNOWN_MEMBER_ID, "s")),
    ],
    ids=["old", "old, preparing", "stranger", "member", "preparing", "twin"],
)
def test_h01_heartbeats_that_are_not(group: tuple[Fact, ...], answer: tuple[Fact, ...]) -> None:
    assert rules(*group, *answer) == ["H01"]


TWO = (joined("a"), joined("b"), state("Empty", "PreparingRebalance", 0), *completed(1, "a", "b"))
PLAN = sync("a", 1, {"a": b"all"})


def test_s01_an_assignment_for_another_generation() -> None:
    again = (state("CompletingRebalance", "PreparingRebalance"), *completed(2, "a", "b"))
    assert rules(*TWO, arrives(PLAN), synced(PLAN, b"all")) == []
    assert rules(*TWO, arrives(PLAN), *again, synced(PLAN, b"all")) == ["S01"]
    assert rules(*TWO, *again, arrives(PLAN), synced(PLAN, b"")) == ["S01"]
    assert rules(*TWO, *again, arrives(PLAN), refusal(PLAN, ErrorCode.ILLEGAL_GENERATION)) == []


def test_s01_an_assignment_for_no_member() -> None:
    stranger = sync("c", 1)
    told = (*TWO, arrives(PLAN), synced(PLAN, b"all"), arrives(stranger))
    assert rules(*told, refusal(stranger, ErrorCode.UNKNOWN_MEMBER_ID)) == []
    assert rules(*told, synced(stranger, b"")) == ["S01"]


def test_s02_a_sync_while_all_join_again() -> None:
    late = sync("a", 1)
    told = (*STABLE, AGAIN, arrives(late))
    assert rules(*told, refusal(late, ErrorCode.REBALANCE_IN_PROGRESS)) == []
    assert rules(*told, refusal(late, ErrorCode.UNKNOWN_MEMBER_ID)) == ["S01"]


def test_j12_a_parked_sync_may_be_called_off() -> None:
    parked, off = sync("b", 1), state("CompletingRebalance", "PreparingRebalance")
    told = (*TWO, arrives(parked), off)
    assert rules(*told, refusal(parked, ErrorCode.REBALANCE_IN_PROGRESS)) == []


def test_s02_an_assignment_that_the_leader_did_not_say_in_this_generation() -> None:
    again = (state("CompletingRebalance", "PreparingRebalance"), *completed(2, "a", "b"))
    new, follower = sync("a", 2, {"a": b"half"}), sync("b", 2)
    told = (*TWO, arrives(PLAN), *again, arrives(follower), arrives(new))
    assert rules(*told, synced(new, b"half"), synced(follower, b"")) == []
    assert rules(*told, synced(new, b"all")) == ["S02"]


def test_s02_who_is_no_leader_says_nothing() -> None:
    follower = sync("b", 1, {"b": b"all"})
    assert rules(*TWO, arrives(follower), synced(follower, b"all")) == ["S02"]


def test_s02_the_leader_says_nothing_more_once_the_group_is_stable() -> None:
    other = sync("a", 1, {"a": b"other"})
    told = (*TWO, arrives(PLAN), state("CompletingRebalance", "Stable"), arrives(other))
    assert rules(*told, synced(other, b"all")) == []
    assert rules(*told, synced(other, b"other")) == ["S02"]


def test_s02_and_j15_who_takes_a_static_member_s_place_gets_what_it_had() -> None:
    group = (joined("a"), joined("s-1", "s"), state("Empty", "PreparingRebalance", 0))
    plan = sync("a", 1, {"a": b"half", "s-1": b"rest"})
    stable = (*completed(1, "a", "s-1"), arrives(plan), state("CompletingRebalance", "Stable"))
    back = sync("s-2", 1)
    told = (*group, *stable, *REPLACED, arrives(back))
    assert rules(*told, synced(back, b"rest")) == []
    assert rules(*told, synced(back, b"")) == ["S02"]


def test_s02_and_p03_a_group_that_was_loaded_has_a_plan_that_nobody_heard() -> None:
    loaded = (state("Dead", "Stable", 4), joined("a"))
    asked = sync("a", 4)
    assert rules(*STABLE, DEAD, *loaded, arrives(asked), synced(asked, b"what it had")) == []


def commit(member_id: str, generation_id: int = 1) -> OffsetCommitRequest:
    return OffsetCommitRequest(
        group_id="g",
        generation_id=generation_id,
        member_id=member_id,
        offsets=(OffsetToCommit(partition=TopicPartition("t", 0), offset=1),),
    )


def committed(error: ErrorCode) -> OffsetCommitResponse:
    answer = CommittedPartition(partition=TopicPartition("t", 0), error=error)
    return OffsetCommitResponse(partitions=(answer,))


@pytest.mark.parametrize(
    ("group", "request_", "due"),
    [
        (STABLE, commit("a"), ErrorCode.NONE),
        ((*STABLE, AGAIN), commit("a"), ErrorCode.NONE),
        (TWO, commit("a"), ErrorCode.REBALANCE_IN_PROGRESS),
        (STABLE, commit("b"), ErrorCode.UNKNOWN_MEMBER_ID),
        (STABLE, commit("a", 0), ErrorCode.ILLEGAL_GENERATION),
        (STABLE, commit("", -1), ErrorCode.UNKNOWN_MEMBER_ID),
        ((), commit("", -1), ErrorCode.NONE),
        ((*STABLE, DEAD), commit("a"), ErrorCode.UNKNOWN_MEMBER_ID),
    ],
    ids=["stable", "preparing", "completing", "stranger", "old", "nobody", "simple", "gone"],
)
def test_o02_a_commit_is_taken_or_refused_by_where_it_comes_from(
    group: tuple[Fact, ...], request_: OffsetCommitRequest, due: ErrorCode
) -> None:
    wrong = ErrorCode.FENCED_INSTANCE_ID if due is ErrorCode.NONE else ErrorCode.NONE
    told = (*group, arrives(request_))
    assert rules(*told, answered(request_, committed(due))) == []
    assert rules(*told, answered(request_, committed(wrong))) == ["O02"]


def test_o02_a_commit_that_came_in_time_may_be_written_late() -> None:
    request = commit("a")
    told = (*STABLE, arrives(request), AGAIN, *completed(2, "a"))
    assert rules(*told, answered(request, committed(ErrorCode.NONE))) == []
