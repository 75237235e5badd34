"""The join phase: what it waits for and how it ends (G02, G04-G06, J08-J14)."""

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.notices import (
    GroupWaits,
    JoinCompleted,
    MemberRemoved,
    RebalanceStarted,
    StateChanged,
)
from rebalance.protocol.records import GroupMetadata, GroupMetadataValue
from rebalance.protocol.responses import JoinedMember, JoinGroupResponse, SyncGroupResponse
from tests.coordinator.support import (
    COMPLETING,
    EMPTY,
    GROUP,
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

FIVE_MINUTES = 300_000
GONE = JoinGroupResponse(error=UNKNOWN_MEMBER_ID, member_id="")


def test_g02_generation_counts_completed_join_phases() -> None:
    bench = Bench()
    bench.join("A")
    assert bench.generation == 0
    bench.join("A")
    assert bench.generation == 0
    bench.advance()
    assert bench.generation == 1
    bench.sync("A", {"A": b"a"})
    assert bench.generation == 1
    bench.join("A")
    assert bench.generation == 2


def test_g02_completing_to_empty_counts_too_and_keeps_the_type() -> None:
    bench = at_state(STABLE, "A")
    bench.leave("A")
    assert (bench.state, bench.generation) == (EMPTY, 2)
    assert (bench.group.protocol_type, bench.group.protocol_name) == ("consumer", None)
    value = GroupMetadataValue(
        protocol_type="consumer",
        generation_id=2,
        protocol_name=None,
        leader=None,
        current_state_timestamp_ms=0,
        members=(),
    )
    record = GroupMetadata(group_id=GROUP, value=value)
    assert [append.records for append in bench.told(Append)] == [(record,)]


def test_g02_generations_go_on_after_empty() -> None:
    bench = at_state(EMPTY, "A")
    token = bench.enter("B")
    bench.advance()
    assert bench.join_answer(token).generation_id == 3


def test_g04_a_pending_id_blocks_the_rebalance_until_its_timer() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    token = bench.join("A")
    bench.advance(SESSION - 1)
    assert bench.is_parked(token)
    bench.advance(1)
    assert bench.join_answer(token).error is NONE
    assert bench.pending == ()


def test_g04_a_pending_id_that_joins_completes_it() -> None:
    bench = at_state(STABLE, "A")
    bench.join("P")
    token = bench.join("A")
    assert bench.is_parked(token)
    bench.join("P")
    assert [m.member_id for m in bench.join_answer(token).members] == ["A-1", "P-2"]


@pytest.mark.parametrize(
    ("version", "session", "rebalance", "expected"),
    [(0, 20_000, -1, 20_000), (1, 20_000, 30_000, 30_000), (9, 20_000, 30_000, 30_000)],
)
def test_g05_rebalance_timeout_of_a_member(
    version: int, session: int, rebalance: int, expected: int
) -> None:
    bench = Bench()
    bench.enter("A", version=version, session_timeout_ms=session, rebalance_timeout_ms=rebalance)
    (member,) = bench.group.members
    assert member.rebalance_timeout_ms == expected


def test_g05_the_group_waits_as_long_as_its_slowest_member() -> None:
    bench = Bench()
    bench.enter("A", session_timeout_ms=200_000, rebalance_timeout_ms=1_000)
    bench.enter("B", session_timeout_ms=200_000, rebalance_timeout_ms=70_000)
    bench.enter("C", session_timeout_ms=200_000, rebalance_timeout_ms=3_000)
    bench.advance()
    for name in "ABC":
        bench.sync(name, {})
    token = bench.join("A", session_timeout_ms=200_000, rebalance_timeout_ms=1_000)
    bench.advance(69_999)
    assert bench.is_parked(token)
    bench.advance(1)
    assert bench.members == ("A-1",)
    assert not bench.is_parked(token)


def test_g06_the_first_member_leads() -> None:
    bench = at_state(COMPLETING, "A", "B")
    assert bench.group.leader == "A-1"


@pytest.mark.parametrize("state", [COMPLETING, STABLE, PREPARING])
def test_g06_a_leader_that_goes_is_followed_by_a_member(state: object) -> None:
    bench = at_state(state, "A", "B", "C")  # type: ignore[arg-type]
    bench.leave("A")
    assert bench.group.leader in bench.members


def test_g06_an_absent_static_leader_gives_way_to_a_member_that_joined() -> None:
    bench = Bench()
    for name in "SAB":
        bench.enter(name, instance="s" if name == "S" else None, session_timeout_ms=200_000)
    bench.advance()
    for name in "SAB":
        bench.sync(name, {})
    assert bench.group.leader == "s-1"
    bench.join("B", protocols=offers(range=b"new"), session_timeout_ms=200_000)
    token = bench.join("A", session_timeout_ms=200_000)
    bench.advance(REBALANCE)
    answer = bench.join_answer(token)
    assert (answer.error, answer.leader, bench.group.leader) == (NONE, "A-2", "A-2")
    assert bench.members == ("s-1", "A-2", "B-3")


def test_g06_without_anybody_joined_the_join_timer_is_armed_again() -> None:
    bench = Bench()
    long = {"session_timeout_ms": 200_000}
    bench.enter("S", instance="s", **long)
    bench.enter("A", **long)
    bench.advance()
    for name in "SA":
        bench.sync(name, {})
    bench.leave("A")
    assert (bench.state, bench.deadline_in) == (PREPARING, REBALANCE)
    bench.advance(REBALANCE)
    assert (bench.state, bench.generation, bench.members) == (PREPARING, 1, ("s-1",))
    assert bench.effects == ()
    assert bench.deadline_in == REBALANCE
    bench.join("S", **long)
    assert (bench.state, bench.generation) == (COMPLETING, 2)


def test_g06_the_timer_goes_round_until_the_session_ends_the_static_member() -> None:
    bench = Bench()
    bench.enter("S", instance="s", rebalance_timeout_ms=3_000)
    bench.enter("A", rebalance_timeout_ms=3_000)
    bench.advance()
    for name in "SA":
        bench.sync(name, {})
    bench.leave("A")
    bench.advance(SESSION)
    assert (bench.state, bench.generation, bench.members) == (EMPTY, 2, ())
    assert bench.deadline_in is None


def test_j08_a_new_member_has_five_minutes_until_its_first_join_completes() -> None:
    bench = Bench()
    bench.stable("A", session_timeout_ms=1_800_000, rebalance_timeout_ms=1_800_000)
    token = bench.enter("B")
    bench.advance(FIVE_MINUTES - 1)
    assert bench.is_parked(token)
    bench.advance(1)
    assert bench.join_answer(token) == GONE
    assert bench.members == ("A-1",)


def test_j08_five_minutes_end_with_the_first_join() -> None:
    bench = at_state(COMPLETING, "A")
    assert bench.deadline_in == SESSION


def test_j09_a_parked_member_that_is_not_new_does_not_expire() -> None:
    bench = Bench()
    bench.preparing("A", "B", session_timeout_ms=6_000)
    for _ in range(9):
        bench.advance(5_999)
        bench.beat("B")
    assert (bench.state, bench.members) == (PREPARING, ("A-1", "B-2"))


def test_j09_the_same_in_syncgroup() -> None:
    bench = Bench()
    bench.completing("A", "B", session_timeout_ms=6_000)
    bench.sync("B")
    for _ in range(9):
        bench.advance(5_999)
        bench.beat("A")
    assert bench.members == ("A-1", "B-2")


@pytest.mark.parametrize(
    ("arrivals", "completes_at"),
    [
        ([0], 3_000),
        ([0, 2_999], 6_000),
        ([0, 3_000], 3_000),
        ([0, 1, 2], 6_000),
        ([0, 2_000, 5_000], 9_000),
        ([0, 2_000, 5_000, 8_000], 10_000),
        ([0, 2_000, 5_000, 8_000, 9_500], 10_000),
    ],
)
def test_j10_the_initial_delay_is_prolonged_while_newcomers_come(
    arrivals: list[int], completes_at: int
) -> None:
    bench = Bench(delay=3_000)
    for number, arrival in enumerate(arrivals):
        bench.advance(arrival - bench.now)
        if bench.generation == 0:
            bench.enter(f"M{number}", rebalance_timeout_ms=10_000)
            assert bench.state is PREPARING, "never because all joined"
    while bench.state is PREPARING and bench.generation == 0:
        assert bench.deadline_in is not None
        bench.advance(bench.deadline_in)
    assert bench.now == completes_at


@pytest.mark.parametrize(
    ("delay", "rebalance", "completes_at"), [(3_000, 1_000, 3_000), (0, 60_000, 0)]
)
def test_j10_without_time_remaining_there_is_one_delay(
    delay: int, rebalance: int, completes_at: int
) -> None:
    bench = Bench(delay=delay)
    for name in "AB":
        bench.enter(name, rebalance_timeout_ms=rebalance)
    assert bench.deadline_in == completes_at
    bench.advance(completes_at)
    if delay:
        assert (bench.state, bench.generation) == (COMPLETING, 1)


def test_j10_a_rejoin_does_not_prolong() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    bench.advance(1_000)
    bench.join("A")
    bench.advance(2_000)
    assert bench.state is COMPLETING


@pytest.mark.parametrize("who", ["A", "P"])
def test_j10_no_leave_ends_it(who: str) -> None:
    bench = Bench(delay=3_000)
    for name in "AB":
        bench.enter(name)
    bench.join("P")
    bench.leave(who)
    assert bench.state is PREPARING
    bench.advance(2_999)
    assert bench.state is PREPARING


def test_j10_and_h06_an_expiry_that_leaves_all_joined_ends_it_at_once() -> None:
    bench = Bench(delay=60_000)
    token = bench.enter("A", rebalance_timeout_ms=1)
    bench.join("P")
    bench.advance(SESSION)
    assert bench.now < 60_000
    assert bench.join_answer(token).error is NONE
    assert (bench.state, bench.generation) == (COMPLETING, 1)


def test_j10_a_newcomer_of_the_last_window_is_remembered_until_the_next_first_join() -> None:
    """As Kafka 4.4.0 does: the second first join waits twice although nobody came."""
    bench = Bench(delay=3_000)
    for name in "AB":
        bench.enter(name, rebalance_timeout_ms=3_000)
    bench.advance(3_000)
    assert bench.state is COMPLETING, "no time remained"
    bench.leave("A", "B")
    bench.enter("C")
    bench.advance(3_000)
    assert bench.state is PREPARING
    bench.advance(3_000)
    assert bench.state is COMPLETING


def test_j10_the_last_joiner_leaves() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    bench.leave("A")
    assert bench.state is PREPARING
    bench.advance(3_000)
    assert (bench.state, bench.generation) == (EMPTY, 1)


def test_j10_also_when_the_group_was_emptied() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    bench.advance(3_000)
    bench.leave("A")
    assert bench.state is EMPTY
    bench.enter("B")
    bench.advance(2_999)
    assert bench.state is PREPARING
    bench.advance(1)
    assert bench.state is COMPLETING


def test_j11_who_does_not_rejoin_in_time_is_out_with_its_timer() -> None:
    bench = Bench()
    bench.preparing("A", "B", session_timeout_ms=200_000)
    bench.advance(REBALANCE)
    assert bench.members == ("A-1",)
    removed = MemberRemoved(group_id=GROUP, member_id="B-2", cause=Cause.REJOIN_EXPIRED)
    assert bench.told(MemberRemoved) == [removed]
    bench.sync("A", {"A": b"a"})
    bench.beat("A")
    assert bench.deadline_in == 200_000
    assert bench.beat("B") is UNKNOWN_MEMBER_ID


def test_j11_a_static_member_stays_with_its_old_metadata() -> None:
    bench = Bench()
    bench.enter("A", session_timeout_ms=200_000)
    bench.enter("S", instance="s", session_timeout_ms=200_000, protocols=offers(range=b"old"))
    bench.advance()
    for name in "AS":
        bench.sync(name, {})
    token = bench.join("A", session_timeout_ms=200_000)
    bench.advance(REBALANCE)
    assert bench.join_answer(token).members == (
        JoinedMember(member_id="A-1", metadata=b""),
        JoinedMember(member_id="s-2", group_instance_id="s", metadata=b"old"),
    )


def test_j11_the_join_phase_ends_as_soon_as_all_joined() -> None:
    bench = at_state(PREPARING, "A", "B")
    bench.advance(1_000)
    bench.join("B")
    assert bench.state is COMPLETING


def test_j12_entering_preparing_from_completing_answers_parked_syncs() -> None:
    bench = at_state(COMPLETING, "A", "B", "C")
    parked = [bench.sync("B"), bench.sync("C")]
    bench.advance(5_000)
    bench.join("A", protocols=offers(range=b"new"))
    refused = SyncGroupResponse(error=REBALANCE_IN_PROGRESS)
    assert bench.effects == (
        *(Reply(token=token, response=refused) for token in parked),
        RebalanceStarted(
            group_id=GROUP,
            generation_id=1,
            cause=Cause.LEADER_REJOINED,
            member_id="A-1",
            reason="not provided",
        ),
        StateChanged(group_id=GROUP, previous=COMPLETING, state=PREPARING, generation_id=1),
        GroupWaits(group_id=GROUP, generation_id=1, waits_for="join", members=("B-2", "C-3")),
    )


def test_j12_the_sync_timer_is_cancelled() -> None:
    bench = Bench()
    bench.completing("A", "B", session_timeout_ms=500_000, rebalance_timeout_ms=400_000)
    bench.advance(1_000)
    bench.join("A", protocols=offers(range=b"x"), session_timeout_ms=500_000)
    bench.advance(399_000)
    assert bench.members == ("A-1", "B-2"), "the rebalance timeout began anew"
    assert bench.deadline_in == 1_000


def test_j13_the_answers_of_a_completed_join_phase() -> None:
    bench = Bench()
    first = bench.enter("A", protocols=offers(range=b"a", sticky=b"no"))
    second = bench.enter("B", protocols=offers(range=b"b"))
    third = bench.enter("S", instance="s", protocols=offers(range=b"s"))
    bench.advance()

    def answer(member_id: str, members: tuple[JoinedMember, ...] = ()) -> JoinGroupResponse:
        return JoinGroupResponse(
            generation_id=1,
            protocol_type="consumer",
            protocol_name="range",
            leader="A-1",
            member_id=member_id,
            members=members,
        )

    everybody = (
        JoinedMember(member_id="A-1", metadata=b"a"),
        JoinedMember(member_id="B-2", metadata=b"b"),
        JoinedMember(member_id="s-3", group_instance_id="s", metadata=b"s"),
    )
    assert bench.effects == (
        StateChanged(group_id=GROUP, previous=PREPARING, state=COMPLETING, generation_id=1),
        JoinCompleted(
            group_id=GROUP,
            generation_id=1,
            protocol_type="consumer",
            protocol_name="range",
            leader="A-1",
            members=("A-1", "B-2", "s-3"),
        ),
        GroupWaits(group_id=GROUP, generation_id=1, waits_for="sync", members=("A-1",)),
        Reply(token=first, response=answer("A-1", everybody)),
        Reply(token=second, response=answer("B-2")),
        Reply(token=third, response=answer("s-3")),
    )


def test_j13_sessions_begin_anew_and_all_must_sync() -> None:
    bench = Bench()
    bench.preparing("A", "B", session_timeout_ms=10_000, rebalance_timeout_ms=20_000)
    bench.advance(9_000)
    bench.join("B", session_timeout_ms=10_000, rebalance_timeout_ms=20_000)
    assert bench.deadline_in == 10_000
    for _ in range(2):
        bench.advance(9_999)
        for name in "AB":
            assert bench.beat(name) is NONE
    bench.advance(2)
    assert bench.members == ()
    removed = [(told.member_id, told.cause) for told in bench.told(MemberRemoved)]
    assert removed == [("A-1", Cause.SYNC_EXPIRED), ("B-2", Cause.SYNC_EXPIRED)]


def test_j14_a_parked_member_that_leaves() -> None:
    bench = at_state(PREPARING, "A", "B")
    parked = bench.join("A")
    bench.leave("A")
    assert bench.join_answer(parked) == GONE


@pytest.mark.parametrize("how", ["leave", "expiry of a new member"])
def test_j14_a_parked_new_member_that_goes(how: str) -> None:
    bench = Bench()
    bench.stable("A", session_timeout_ms=1_800_000, rebalance_timeout_ms=1_800_000)
    parked = bench.enter("B")
    if how == "leave":
        bench.leave("B")
    else:
        bench.advance(FIVE_MINUTES)
    assert bench.join_answer(parked) == GONE


def test_j14_and_h08_a_parked_sync_of_a_member_that_leaves_is_answered() -> None:
    bench = at_state(COMPLETING, "A", "B")
    parked = bench.sync("B")
    bench.leave("B")
    assert bench.replies[parked] == SyncGroupResponse(error=UNKNOWN_MEMBER_ID)


@pytest.mark.parametrize("rebalance", [0, -1, -(2**31)])
def test_g06_a_static_member_without_rebalance_timeout_does_not_make_time_stand_still(
    rebalance: int,
) -> None:
    bench = Bench()
    bench.enter("S", instance="s", rebalance_timeout_ms=REBALANCE)
    bench.enter("A")
    bench.advance()
    for name in "SA":
        bench.sync(name, {})
    bench.join("S", rebalance_timeout_ms=rebalance, protocols=offers(range=b"new"))
    bench.leave("A")
    bench.sync("S", {})
    bench.join("P")
    bench.leave("P")
    assert (bench.state, bench.members) == (PREPARING, ("s-1",))
    effects = bench.coordinator.advance(0)
    assert effects == ()
    assert bench.deadline_in == 1
    bench.advance(SESSION)
    assert (bench.state, bench.members) == (EMPTY, ())


@pytest.mark.parametrize("rebalance", [0, -1, -(2**31)])
def test_g05_a_negative_rebalance_timeout_is_none_at_all(rebalance: int) -> None:
    bench = Bench()
    bench.enter("A", rebalance_timeout_ms=rebalance)
    bench.advance()
    assert bench.effects, "the join phase completed, then nobody synced in time"
    assert (bench.state, bench.members) == (EMPTY, ())
