"""JoinGroup: who may join, who is parked, who is answered at once (J01-J07, J16-J22, G08)."""

from typing import Any

import pytest

from rebalance.protocol.causes import Cause
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import GroupWaits, MemberAdded, RebalanceStarted, StateChanged
from rebalance.protocol.records import GroupMetadata, GroupMetadataValue
from rebalance.protocol.requests import JoinGroupRequest
from rebalance.protocol.responses import JoinedMember, JoinGroupResponse
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    FENCED_INSTANCE_ID,
    GROUP,
    INCONSISTENT_GROUP_PROTOCOL,
    INVALID_GROUP_ID,
    MEMBER_ID_REQUIRED,
    NONE,
    PREPARING,
    REBALANCE_IN_PROGRESS,
    SESSION,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    at_state,
    offers,
)

VERSIONS = range(10)
INVALID_SESSION_TIMEOUT = ErrorCode.INVALID_SESSION_TIMEOUT


def refusal(error: ErrorCode, member_id: str) -> JoinGroupResponse:
    """Every field of a JoinGroup error, written out (J22)."""
    return JoinGroupResponse(
        error=error,
        generation_id=-1,
        protocol_type=None,
        protocol_name=None,
        leader="",
        skip_assignment=False,
        member_id=member_id,
        members=(),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"group_id": "", "session_timeout_ms": 1}, INVALID_GROUP_ID),
        ({"session_timeout_ms": 5_999}, INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 0}, INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": -1}, INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 1_800_001}, INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 1, "protocols": ()}, INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 1, "member_id": "x"}, INVALID_SESSION_TIMEOUT),
    ],
)
def test_j01_checks_of_the_request_alone_come_first(
    version: int, changes: dict[str, Any], error: ErrorCode
) -> None:
    bench = Bench()
    member_id = changes.get("member_id", "echo")
    request = bench.join_request("A", version=version, **({"member_id": "echo"} | changes))
    assert bench.refused(request) == refusal(error, member_id)
    assert bench.coordinator.group_ids == ()


@pytest.mark.parametrize("session_timeout_ms", [6_000, 1_800_000])
def test_j01_both_ends_of_the_session_timeout_are_allowed(session_timeout_ms: int) -> None:
    answer = Bench().joined("A", session_timeout_ms=session_timeout_ms)
    assert answer.error is MEMBER_ID_REQUIRED


@pytest.mark.parametrize("version", VERSIONS)
def test_j02_an_unknown_group_is_not_made_for_a_member_id(version: int) -> None:
    bench = Bench()
    request = bench.join_request("A", member_id="from-elsewhere", version=version)
    assert bench.refused(request) == refusal(UNKNOWN_MEMBER_ID, "from-elsewhere")
    assert bench.coordinator.group_ids == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"protocols": ()}, INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": ""}, INCONSISTENT_GROUP_PROTOCOL),
        ({}, MEMBER_ID_REQUIRED),
    ],
)
def test_j02_an_unknown_group_is_made_for_no_id_even_if_the_join_is_refused(
    changes: dict[str, Any], error: ErrorCode
) -> None:
    bench = Bench()
    token = bench.send(bench.join_request("A", **changes))
    assert bench.join_answer(token).error is error
    assert bench.state is EMPTY
    assert bench.generation == 0
    empty = GroupMetadataValue(
        protocol_type="",
        generation_id=0,
        protocol_name=None,
        leader=None,
        current_state_timestamp_ms=0,
        members=(),
    )
    record = GroupMetadata(group_id=GROUP, value=empty)
    assert bench.told(Append) == [Append(token=1, group_id=GROUP, records=(record,))]


@pytest.mark.parametrize("member_id", ["", "A-1", "stranger"])
def test_j04_dead_group(member_id: str) -> None:
    bench = at_state(DEAD, "A")
    request = bench.join_request("A", member_id=member_id)
    not_available = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.refused(request) == refusal(not_available, member_id)


@pytest.mark.parametrize("state", [PREPARING, COMPLETING, STABLE])
@pytest.mark.parametrize("member_id", ["", "A-1", "stranger"])
@pytest.mark.parametrize(
    "changes",
    [
        {"protocol_type": "connect"},
        {"protocol_type": ""},
        {"protocols": offers("sticky")},
        {"protocols": ()},
    ],
)
def test_j04_and_g08_protocol_mismatch_echoes_the_id(
    state: Any, member_id: str, changes: dict[str, Any]
) -> None:
    bench = at_state(state, "A", "B")
    request = bench.join_request("C", member_id=member_id, **changes)
    assert bench.refused(request) == refusal(INCONSISTENT_GROUP_PROTOCOL, member_id)


def test_g08_one_shared_name_is_enough() -> None:
    bench = Bench()
    bench.stable("A", protocols=offers("range", "sticky"))
    both = bench.join("B", version=3, protocols=offers("other", "sticky"))
    assert bench.is_parked(both)
    none_left = bench.join_request("C", protocols=offers("range"))
    assert bench.refused(none_left) == refusal(INCONSISTENT_GROUP_PROTOCOL, "")


def test_g08_a_lone_member_is_held_to_its_own_old_names() -> None:
    bench = at_state(STABLE, "A")
    request = bench.join_request("A", protocols=offers("sticky"))
    assert bench.refused(request) == refusal(INCONSISTENT_GROUP_PROTOCOL, "A-1")


def test_g08_an_empty_group_takes_another_type_and_other_names() -> None:
    bench = at_state(EMPTY, "A")
    bench.enter("C", protocol_type="connect", protocols=offers("sessioned"))
    bench.advance()
    assert (bench.group.protocol_type, bench.group.protocol_name) == ("connect", "sessioned")


def test_g08_a_name_that_is_sent_twice_counts_once() -> None:
    bench = Bench()
    token = bench.enter("A", protocols=offers("range", "range"))
    bench.advance()
    assert bench.join_answer(token).protocol_name == "range"
    assert bench.joined("B").error is MEMBER_ID_REQUIRED
    bench.leave("A")
    assert bench.coordinator._context.groups[GROUP].supported == {}


@pytest.mark.parametrize("version", [4, 5, 6, 7, 8, 9])
def test_j05_from_v4_a_dynamic_member_is_handed_an_id_first(version: int) -> None:
    bench = Bench()
    assert bench.joined("A", version=version) == refusal(MEMBER_ID_REQUIRED, "A-1")
    assert (bench.state, bench.members, bench.pending) == (EMPTY, (), ("A-1",))
    assert bench.deadline_in == SESSION
    token = bench.join("A", version=version)
    assert bench.is_parked(token)
    assert (bench.state, bench.members, bench.pending) == (PREPARING, ("A-1",), ())


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_j05_below_v4_a_dynamic_member_is_added_at_once(version: int) -> None:
    bench = Bench()
    assert bench.is_parked(bench.join("A", version=version))
    assert (bench.state, bench.members, bench.pending) == (PREPARING, ("A-1",), ())


@pytest.mark.parametrize("version", [5, 6, 7, 8, 9])
def test_j05_a_static_member_is_added_at_once(version: int) -> None:
    bench = Bench()
    assert bench.is_parked(bench.join("A", instance="a", version=version))
    assert (bench.state, bench.members, bench.pending) == (PREPARING, ("a-1",), ())


def test_j05_the_whole_of_two_steps_as_effects() -> None:
    bench = Bench()
    bench.join("A")
    bench.join("A", reason="starting")
    assert bench.effects == (
        MemberAdded(group_id=GROUP, member_id="A-1", client_id="A", group_instance_id=None),
        RebalanceStarted(
            group_id=GROUP,
            generation_id=0,
            cause=Cause.MEMBER_JOINED,
            member_id="A-1",
            reason="starting",
        ),
        StateChanged(group_id=GROUP, previous=EMPTY, state=PREPARING, generation_id=0),
        GroupWaits(group_id=GROUP, generation_id=0, waits_for="delay", members=()),
    )


def test_j05_a_pending_id_expires_with_the_session_it_asked_for() -> None:
    bench = Bench()
    bench.join("A", session_timeout_ms=7_000)
    bench.advance(6_999)
    assert list(bench.pending) == ["A-1"]
    bench.advance(1)
    assert list(bench.pending) == []
    request = bench.join_request("A")
    assert bench.refused(request) == refusal(UNKNOWN_MEMBER_ID, "A-1")


@pytest.mark.parametrize("state", [PREPARING, COMPLETING, STABLE])
@pytest.mark.parametrize(
    ("member_id", "instance", "error"),
    [
        ("S", "unmapped", UNKNOWN_MEMBER_ID),
        ("D", "s", FENCED_INSTANCE_ID),
        ("stranger", "s", FENCED_INSTANCE_ID),
        ("stranger", None, UNKNOWN_MEMBER_ID),
        ("D", "unmapped", UNKNOWN_MEMBER_ID),
    ],
)
def test_j06_who_is_not_who_it_says(
    state: Any, member_id: str, instance: str | None, error: ErrorCode
) -> None:
    bench = Bench()
    bench.completing("D")
    bench.join("S", instance="s")
    bench.join("D")
    if state is not COMPLETING:
        bench.sync("D", {"D": b"d", "S": b"s"})
        bench.sync("S")
    if state is PREPARING:
        bench.join("D")
    assert bench.state is state
    real_id = bench.ids.get(member_id, member_id)
    request = bench.join_request(member_id, member_id=real_id, instance=instance)
    assert bench.refused(request) == refusal(error, real_id)


def test_j06_a_static_member_may_leave_its_instance_unsaid() -> None:
    bench = Bench()
    bench.completing("S", instance="s")
    answer = bench.joined("S", instance=None, protocols=offers("range"))
    assert (answer.error, answer.member_id) == (NONE, "s-1")


def test_j07_preparing_updates_and_parks() -> None:
    bench = at_state(PREPARING, "A", "B", "C")
    before = bench.group
    token = bench.join("B", protocols=offers(range=b"new"), session_timeout_ms=20_000)
    assert bench.is_parked(token)
    assert bench.state is PREPARING
    (b,) = [member for member in bench.group.members if member.member_id == "B-2"]
    assert (b.metadata, b.session_timeout_ms, b.awaits_join) == (b"new", 20_000, True)
    assert before.members != bench.group.members


def test_j07_completing_identical_is_answered_at_once() -> None:
    bench = at_state(COMPLETING, "A", "B")
    follower = bench.join_request("B")
    assert bench.refused(follower) == JoinGroupResponse(
        generation_id=1,
        protocol_type="consumer",
        protocol_name="range",
        leader="A-1",
        member_id="B-2",
    )
    leader = bench.join_request("A")
    members = (
        JoinedMember(member_id="A-1", metadata=b""),
        JoinedMember(member_id="B-2", metadata=b""),
    )
    assert bench.refused(leader) == JoinGroupResponse(
        generation_id=1,
        protocol_type="consumer",
        protocol_name="range",
        leader="A-1",
        member_id="A-1",
        members=members,
    )


@pytest.mark.parametrize(
    "protocols",
    [
        offers(range=b"other", sticky=b""),
        offers("range"),
        offers("sticky", "range"),
        offers("range", "sticky", "roundrobin"),
    ],
)
@pytest.mark.parametrize("name", ["A", "B"])
@pytest.mark.parametrize("state", [COMPLETING, STABLE])
def test_j07_other_names_bytes_or_order_rebalance(state: Any, name: str, protocols: Any) -> None:
    bench = at_state(state, "A", "B", protocols=offers("range", "sticky"))
    assert bench.is_parked(bench.join(name, protocols=protocols))
    assert bench.state is PREPARING


def test_j07_stable_unchanged_follower_gets_the_generation_at_once() -> None:
    bench = at_state(STABLE, "A", "B")
    assert bench.refused(bench.join_request("B")) == JoinGroupResponse(
        generation_id=bench.generation,
        protocol_type="consumer",
        protocol_name="range",
        leader="A-1",
        member_id="B-2",
    )


def test_j07_stable_leader_always_rebalances() -> None:
    bench = at_state(STABLE, "A", "B")
    assert bench.is_parked(bench.join("A"))
    assert bench.told(RebalanceStarted) == [
        RebalanceStarted(
            group_id=GROUP,
            generation_id=bench.generation,
            cause=Cause.LEADER_REJOINED,
            member_id="A-1",
            reason="not provided",
        )
    ]


def test_j07_empty_knows_nobody() -> None:
    bench = at_state(EMPTY, "A")
    assert bench.refused(bench.join_request("A")) == refusal(UNKNOWN_MEMBER_ID, "A-1")


@pytest.mark.parametrize(
    ("reason", "words"),
    [(None, "not provided"), ("", "not provided"), ("x" * 1000, "x" * 1000)],
)
def test_j16_reason(reason: str | None, words: str) -> None:
    bench = at_state(STABLE, "A")
    bench.join("A", reason=reason)
    (started,) = bench.told(RebalanceStarted)
    assert started.reason == words


def test_j16_protocol_type_and_name_are_null_in_errors() -> None:
    bench = at_state(STABLE, "A")
    answer = bench.refused(bench.join_request("B", member_id="stranger"))
    assert isinstance(answer, JoinGroupResponse)
    assert (answer.protocol_type, answer.protocol_name) == (None, None)


def test_j17_a_second_join_replaces_the_parked_one() -> None:
    bench = at_state(PREPARING, "A", "B")
    first, second = bench.join("A"), bench.join("A")
    bench.join("B")
    assert bench.is_parked(first)
    assert bench.join_answer(second).error is NONE
    assert bench.state is COMPLETING


def test_j17_heartbeat_and_sync_of_a_parked_new_member() -> None:
    bench = at_state(STABLE, "A")
    bench.enter("B")
    assert bench.beat("B", generation_id=bench.generation) is REBALANCE_IN_PROGRESS
    assert bench.synced("B").error is REBALANCE_IN_PROGRESS
    assert bench.synced("B", generation_id=-1).error is ErrorCode.ILLEGAL_GENERATION


@pytest.mark.parametrize("state", [COMPLETING, STABLE])
def test_j18_an_answer_at_once_changes_neither_timeouts_nor_session(state: Any) -> None:
    bench = at_state(state, "A", "B")
    bench.advance(5_000)
    request = bench.join_request("B", session_timeout_ms=30_000, rebalance_timeout_ms=1)
    answer = bench.refused(request)
    assert isinstance(answer, JoinGroupResponse)
    assert answer.error is NONE


@pytest.mark.parametrize(
    ("begin", "changes", "echo"),
    [
        (None, {"group_id": "", "member_id": "m"}, "m"),
        (None, {"session_timeout_ms": 1, "member_id": "m"}, "m"),
        (None, {"member_id": "m"}, "m"),
        (DEAD, {"member_id": "m"}, "m"),
        (STABLE, {"protocols": (), "member_id": "m"}, "m"),
        (STABLE, {"member_id": "m"}, "m"),
        (STABLE, {"member_id": "m", "instance": "i"}, "m"),
        (STABLE, {"protocols": ()}, ""),
    ],
)
def test_j19_errors_echo_the_id_of_the_request(
    begin: Any, changes: dict[str, Any], echo: str
) -> None:
    bench = Bench() if begin is None else at_state(begin, "A")
    answer = bench.refused(bench.join_request("N", **changes))
    assert isinstance(answer, JoinGroupResponse)
    assert answer.error is not NONE
    assert answer.member_id == echo


def test_j19_removal_does_not_echo() -> None:
    bench = at_state(PREPARING, "A", "B")
    parked = bench.join("A")
    bench.leave("A")
    assert bench.join_answer(parked) == refusal(UNKNOWN_MEMBER_ID, "")


def test_j20_a_pending_id_with_an_instance() -> None:
    bench = Bench()
    bench.join("A")
    request = bench.join_request("A", instance="a")
    assert bench.refused(request) == refusal(ErrorCode.UNKNOWN_SERVER_ERROR, "")
    assert bench.pending == ("A-1",)


def test_j20_a_pending_id_with_protocols_nobody_shares_stays_pending() -> None:
    bench = at_state(STABLE, "A")
    bench.join("B")
    request = bench.join_request("B", protocols=offers("sticky"))
    assert bench.refused(request) == refusal(INCONSISTENT_GROUP_PROTOCOL, "B-2")
    assert bench.pending == ("B-2",)
    assert bench.is_parked(bench.join("B"))


def _errors() -> list[tuple[str, Bench, JoinGroupRequest]]:
    def case(name: str, bench: Bench, **changes: Any) -> tuple[str, Bench, JoinGroupRequest]:
        return name, bench, bench.join_request("N", **changes)

    pending = Bench()
    pending.join("N")
    static = Bench()
    static.stable("S", instance="s")
    return [
        case("no group id", Bench(), group_id=""),
        case("session", Bench(), session_timeout_ms=1),
        case("unknown group", Bench(), member_id="m"),
        case("dead", at_state(DEAD, "A")),
        case("protocols", at_state(STABLE, "A"), protocols=offers("sticky")),
        case("unknown member", at_state(STABLE, "A"), member_id="m"),
        case("unknown instance", at_state(STABLE, "A"), member_id="A-1", instance="i"),
        case("fenced", static, member_id="m", instance="s"),
        case("pending with instance", pending, instance="i"),
        case("new", at_state(STABLE, "A")),
    ]


@pytest.mark.parametrize(("bench", "request_"), [pytest.param(*c[1:], id=c[0]) for c in _errors()])
def test_j22_what_stands_in_every_error(bench: Bench, request_: JoinGroupRequest) -> None:
    answer = bench.replies[bench.send(request_)]
    assert isinstance(answer, JoinGroupResponse)
    assert answer.error is not NONE
    assert answer == refusal(answer.error, answer.member_id)
    assert [effect for effect in bench.effects if not isinstance(effect, Append)] == [
        Reply(token=max(bench.replies), response=answer)
    ]
