"""`stranger`: what the coordinator answers to those who keep no rule."""

import pytest

from rebalance.simulation import ScenarioError, parse, run_scenario

GROUP = """\
# J10: a group.
set group.initial.rebalance.delay.ms=100
network delay=1..1ms
topic orders partitions=4
members A B topics=orders
start A
run for 50ms
start B
run until stable
run until 10s
"""


def answers(text: str) -> list[str]:
    outcome = run_scenario(parse(GROUP + text + "run for 100ms\nshow answers\n"))
    assert not outcome.violations
    return list(outcome.outputs[-1][1:])


def test_h01_the_order_of_heartbeats_checks() -> None:
    assert answers(
        "stranger X sends Heartbeat group=other member=A-1 generation=1\n"
        "stranger X sends Heartbeat member=A-9 generation=7\n"
        "stranger X sends Heartbeat member=A-1 generation=7\n"
        "stranger X sends Heartbeat member=A-1 generation=1\n"
    ) == [
        "X, Heartbeat: UNKNOWN_MEMBER_ID",
        "X, Heartbeat: UNKNOWN_MEMBER_ID",
        "X, Heartbeat: ILLEGAL_GENERATION",
        "X, Heartbeat: NONE",
    ]


def test_j05_it_says_of_itself_what_it_was_told_last() -> None:
    told = answers(
        "stranger X sends JoinGroup\nrun for 1s\nstranger X sends JoinGroup\nrun for 10s\n"
        "stranger X sends SyncGroup\nstranger X sends SyncGroup generation=1\n"
    )
    assert told[0] == "X, JoinGroup: MEMBER_ID_REQUIRED, member id X-3, generation -1, no leader"
    assert told[1:] == [
        "X, JoinGroup: member id X-3, generation 2, A-1 leads",
        "X, SyncGroup: NONE",
        "X, SyncGroup: ILLEGAL_GENERATION",
    ]


def test_h01_it_can_pass_itself_off_as_a_consumer() -> None:
    assert answers(
        "stranger sends Heartbeat member=A\n"
        "stranger sends Heartbeat member=A generation=0\n"
        "stranger sends SyncGroup member=B protocols=sticky\n"
    ) == [
        "stranger, Heartbeat: NONE",
        "stranger, Heartbeat: ILLEGAL_GENERATION",
        "stranger, SyncGroup: INCONSISTENT_GROUP_PROTOCOL",
    ]


def test_j01_a_session_that_the_broker_does_not_allow() -> None:
    assert answers("stranger X sends JoinGroup session=10ms\n") == [
        'X, JoinGroup: INVALID_SESSION_TIMEOUT, member id "", generation -1, no leader'
    ]


def test_h04_leaving_for_others() -> None:
    assert answers("stranger X sends LeaveGroup member=A-1,B-7\n") == [
        'X, LeaveGroup: NONE, "A-1" NONE, "B-7" UNKNOWN_MEMBER_ID'
    ]


def test_o02_a_commit_of_an_old_generation() -> None:
    assert answers("stranger X sends OffsetCommit member=A-1 generation=0 offset=5\n") == [
        "X, OffsetCommit: ILLEGAL_GENERATION"
    ]


def test_s01_a_sync_must_name_what_it_is_about() -> None:
    assert answers("stranger X sends SyncGroup member=A-1 generation=1 type=\n") == [
        "X, SyncGroup: INCONSISTENT_GROUP_PROTOCOL"
    ]


def test_an_answer_is_shown_once_and_an_open_request_until_it_is_there() -> None:
    text = (
        "stranger X sends JoinGroup\nrun for 10ms\nstranger X sends JoinGroup\nrun for 10ms\n"
        "show answers\nrun for 10s\nshow answers\nshow answers X\n"
    )
    outcome = run_scenario(parse(GROUP + text))
    assert [line.split(": ")[1] for line in outcome.outputs[-1][1:]] == [
        "MEMBER_ID_REQUIRED, member id X-3, generation -1, no leader",
        "no answer yet",
        "member id X-3, generation 2, A-1 leads",
    ]


WRONG = [
    ("stranger X", "expected `stranger NAME sends JoinGroup|"),
    ("stranger X sends Join", "did you mean 'JoinGroup'?"),
    ("stranger A sends Heartbeat", "'A' is a member"),
    ("stranger X sends Heartbeat topics=t", "is not an option of `stranger`"),
    ("stranger X sends Heartbeat generation=new", "generation='new': expected a whole number"),
]


@pytest.mark.parametrize(("line", "says"), WRONG, ids=[line for line, _ in WRONG])
def test_typo(line: str, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run_scenario(parse(GROUP + line + "\n"))
    assert says in str(caught.value)
