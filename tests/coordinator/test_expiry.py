"""Session timers that fire (H06)."""

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import SessionTimedOut
from rebalance.protocol.notices import GroupWaits, MemberRemoved, RebalanceStarted, StateChanged
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    EMPTY,
    GROUP,
    NONE,
    PREPARING,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
)


@pytest.mark.parametrize("state", [STABLE, COMPLETING])
def test_h06_a_member_that_expires_starts_a_rebalance(state: GroupState) -> None:
    bench = at_state(state, "A", "B")
    bench.advance(5_000)
    bench.beat("A")
    bench.advance(5_000)
    removed = MemberRemoved(group_id=GROUP, member_id="B-2", cause=Cause.SESSION_EXPIRED)
    assert bench.effects == (
        removed,
        RebalanceStarted(
            group_id=GROUP,
            generation_id=1,
            cause=Cause.SESSION_EXPIRED,
            member_id="B-2",
            reason="removing member B-2 on heartbeat expiration",
        ),
        StateChanged(group_id=GROUP, previous=state, state=PREPARING, generation_id=1),
        GroupWaits(group_id=GROUP, generation_id=1, waits_for="join", members=("A-1",)),
    )


def test_h06_in_preparing_it_lets_the_rebalance_end() -> None:
    bench = at_state(PREPARING, "A", "B")
    bench.advance(SESSION)
    assert (bench.state, bench.members) == (COMPLETING, ("A-1",))
    assert bench.told(RebalanceStarted) == []


def test_h06_in_preparing_the_others_are_waited_for() -> None:
    bench = at_state(PREPARING, "A", "B", "C")
    bench.advance(5_000)
    bench.beat("C")
    bench.advance(5_000)
    assert (bench.state, bench.members) == (PREPARING, ("A-1", "C-3"))


def test_h06_a_parked_new_member_is_answered() -> None:
    bench = Bench()
    bench.preparing("A", "B", session_timeout_ms=1_800_000, rebalance_timeout_ms=1_800_000)
    token = bench.enter("N")
    bench.advance(300_000)
    assert bench.join_answer(token) == JoinGroupResponse(error=UNKNOWN_MEMBER_ID, member_id="")


def test_h06_a_new_member_that_beats_while_parked_has_its_own_session_from_then_on() -> None:
    bench = Bench()
    bench.preparing("A", "B", session_timeout_ms=1_800_000, rebalance_timeout_ms=1_800_000)
    token = bench.enter("N", session_timeout_ms=6_000)
    bench.advance(100_000)
    bench.beat("N")
    bench.advance(5_999)
    assert bench.is_parked(token)
    bench.advance(1)
    assert bench.join_answer(token).error is UNKNOWN_MEMBER_ID


def test_h06_a_pending_id_is_dropped_and_nothing_else_happens() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    bench.advance(SESSION - 1)
    bench.beat("A")
    bench.advance(1)
    assert bench.effects == ()
    assert (bench.state, bench.pending) == (STABLE, ())


def test_h06_a_pending_id_of_an_empty_group() -> None:
    bench = Bench()
    bench.join("P")
    bench.advance(SESSION)
    assert (bench.state, bench.generation, bench.pending) == (EMPTY, 0, ())
    assert bench.deadline_in is None


def test_h06_static_members_expire_too() -> None:
    bench = Bench()
    bench.stable("S", instance="s")
    bench.advance(SESSION)
    assert (bench.state, bench.members) == (EMPTY, ())
    token = bench.join("S", member_id="")
    bench.advance()
    assert bench.join_answer(token).error is NONE


def test_h06_the_last_member_leaves_an_empty_group_behind() -> None:
    bench = at_state(STABLE, "A")
    bench.advance(SESSION)
    assert (bench.state, bench.generation) == (EMPTY, 2)
    assert bench.deadline_in is None


def test_h06_members_that_expire_together_cause_one_rebalance() -> None:
    bench = at_state(STABLE, "A", "B", "C")
    effects = bench.coordinator.advance(SESSION)
    assert sum(isinstance(effect, RebalanceStarted) for effect in effects) == 1
    assert bench.generation == 2


@pytest.mark.parametrize("state", [STABLE, COMPLETING, PREPARING])
def test_h06_a_session_that_is_ended_early_ends_as_by_its_timer(state: GroupState) -> None:
    early, late = at_state(state, "A", "B"), at_state(state, "A", "B")
    late.advance(5_000)
    late.beat("A")
    early.handle(SessionTimedOut(group_id=GROUP, member_id="B-2"))
    late.advance(5_000)
    assert early.effects == late.effects
    assert (early.state, early.members) == (late.state, late.members)
    assert not any(key.member_id == "B-2" for key in early.timers)


def test_h06_a_pending_id_can_be_ended_early_too() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    bench.handle(SessionTimedOut(group_id=GROUP, member_id=bench.pending[0]))
    assert (bench.state, bench.pending) == (STABLE, ())


@pytest.mark.parametrize(("group", "member"), [(GROUP, "X-9"), ("other", "A-1"), (GROUP, "")])
def test_h06_only_a_session_that_runs_can_be_ended(group: str, member: str) -> None:
    bench = at_state(STABLE, "A")
    before = bench.group, dict(bench.timers)
    with pytest.raises(ValueError, match="no session of"):
        bench.handle(SessionTimedOut(group_id=group, member_id=member))
    assert (bench.group, dict(bench.timers)) == before


def test_j09_who_is_parked_cannot_be_ended_early() -> None:
    bench = at_state(PREPARING, "A", "B")
    bench.join("A")
    with pytest.raises(ValueError, match="J09"):
        bench.handle(SessionTimedOut(group_id=GROUP, member_id="A-1"))
    assert bench.members == ("A-1", "B-2")
