"""group.max.size: who is turned away, and what becomes of it (J03)."""

import dataclasses

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import MemberRemoved
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    EMPTY,
    GROUP,
    MEMBER_ID_REQUIRED,
    NONE,
    PREPARING,
    REBALANCE,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
    dead,
)

FULL = JoinGroupResponse(error=ErrorCode.GROUP_MAX_SIZE_REACHED, member_id="")


def lowered(bench: Bench, size: int) -> Bench:
    """Restart the coordinator with another group.max.size, and have it know the group still."""
    context = bench.coordinator._context
    context.config = dataclasses.replace(context.config, group_max_size=size)
    return bench


@pytest.mark.parametrize("version", range(10))
@pytest.mark.parametrize("state", [COMPLETING, STABLE])
def test_j03_a_newcomer_hears_it_before_it_gets_an_id(state: GroupState, version: int) -> None:
    bench = lowered(at_state(state, "A", "B"), 2)
    assert bench.refused(bench.join_request("C", version=version)) == FULL


@pytest.mark.parametrize("instance", [None, "b", "new"])
@pytest.mark.parametrize("state", [COMPLETING, STABLE])
def test_j03_a_static_newcomer_too_and_one_that_comes_back(
    state: GroupState, instance: str | None
) -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A")
    bench.enter("B", instance="b")
    bench.join("A")
    if state is STABLE:
        bench.sync("A", {})
        bench.sync("B")
    assert bench.state is state
    assert bench.refused(bench.join_request("C", instance=instance)) == FULL


@pytest.mark.parametrize(
    "changes",
    [{"protocol_type": "connect"}, {"protocols": ()}, {"member_id": "x"}, {"instance": "x"}],
)
def test_j03_comes_before_every_other_check_of_the_group(changes: dict[str, object]) -> None:
    bench = lowered(at_state(STABLE, "A", "B"), 2)
    assert bench.refused(bench.join_request("C", **changes)) == FULL


@pytest.mark.parametrize("size", [1, 2])
def test_j03_in_stable_and_completing_a_member_may_come_again(size: int) -> None:
    bench = lowered(at_state(COMPLETING, "A", "B"), size)
    assert bench.joined("B").error is NONE
    bench.sync("A", {})
    bench.sync("B")
    assert bench.joined("B").error is NONE


@pytest.mark.parametrize("pending", [1, 2, 5])
def test_j03_pending_ids_do_not_count(pending: int) -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A")
    for number in range(pending):
        assert bench.joined(f"P{number}").error is MEMBER_ID_REQUIRED
    assert bench.is_parked(bench.join("P0"))
    assert bench.state is PREPARING


@pytest.mark.parametrize("state", [EMPTY, GroupState.DEAD])
def test_j03_empty_and_dead_groups_do_not_count(state: GroupState) -> None:
    bench = Bench(group_max_size=1)
    bench.stable("A")
    bench.leave("A")
    expected = MEMBER_ID_REQUIRED
    if state is GroupState.DEAD:
        dead(bench)
        expected = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.joined("B").error is expected
    assert bench.joined("C").error is expected


def test_j03_in_preparing_whoever_is_parked_counts_and_may_ask_again() -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A", "B")
    first = bench.join("A")
    newcomer = bench.join("N", version=3)
    assert bench.is_parked(newcomer)
    second = bench.join("A")
    assert bench.is_parked(first)
    assert bench.is_parked(second), "it is parked already, so it does not count twice"
    assert bench.refused(bench.join_request("M")) == FULL


@pytest.mark.parametrize("instance", [None, "b"])
def test_j03_newcomers_turn_an_old_member_away(instance: str | None) -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A")
    bench.enter("B", instance=instance)
    bench.join("A")
    bench.sync("A", {})
    bench.sync("B")
    leader, newcomer = bench.join("A"), bench.join("N", version=3)
    old = bench.ids["B"]
    token = bench.join("B")
    assert bench.effects == (
        MemberRemoved(group_id=GROUP, member_id=old, cause=Cause.GROUP_FULL),
        Reply(token=token, response=FULL),
    )
    assert old not in bench.members
    assert bench.beat("B") is UNKNOWN_MEMBER_ID
    assert not [key for key in bench.coordinator.timers if key.member_id == old]
    assert bench.is_parked(leader), "nobody looks whether all have joined now"
    bench.advance(REBALANCE)
    assert bench.join_answer(leader).error is NONE
    assert {m.member_id for m in bench.join_answer(leader).members} == set(bench.members)
    assert bench.join_answer(newcomer).error is NONE


def test_j03_a_leader_that_is_turned_away_is_followed_by_another() -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A")
    for name in "CD":
        bench.join(name, version=3)
    assert bench.group.leader == bench.ids["A"]
    assert bench.joined("A") == FULL
    assert bench.group.leader == bench.ids["C"]


def test_j03_a_pending_id_is_forgotten_with_its_timer() -> None:
    bench = Bench(group_max_size=2)
    bench.stable("A")
    for name in "PQ":
        bench.join(name)
    bench.join("P")
    bench.join("A")
    assert bench.joined("Q") == FULL
    assert bench.pending == ()
    assert not [key for key in bench.coordinator.timers if key.member_id == bench.ids["Q"]]


def test_j03_after_lowering_the_last_to_rejoin_are_turned_away() -> None:
    bench = lowered(at_state(STABLE, "A", "B", "C", "D"), 2)
    tokens = [bench.join(name) for name in "ABCD"]
    assert [bench.is_parked(token) for token in tokens] == [True, True, False, False]
    assert [bench.join_answer(token) for token in tokens[2:]] == [FULL, FULL]
    assert bench.members == (bench.ids["A"], bench.ids["B"])
