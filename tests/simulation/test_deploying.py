"""`restart`, `every`, `by` and `measure from here`: a deploy of many consumers in a few lines."""

import pytest

from rebalance.simulation import Outcome, Overrides, parse, run_scenario
from rebalance.simulation.deploys import Deploy, Kind
from rebalance.simulation.values import expanded
from rebalance.timeline.figures import figures
from rebalance.timeline.trace import (
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    RebalanceStarted,
    Step,
)

GROUP = """\
# J10: a group.
set group.initial.rebalance.delay.ms=100
topic orders partitions=8
members pod-1..4 topics=orders
start pod-1..4
run until stable
run until 10s
"""


def play(text: str, **overrides: bool | int) -> Outcome:
    how = Overrides(**overrides)  # type: ignore[arg-type]
    outcome = run_scenario(parse(GROUP + text), overrides=how, measure=figures)
    assert not outcome.violations
    return outcome


def moments(outcome: Outcome, kind: type[MemberStarted] | type[MemberStopped]) -> dict[str, int]:
    """lane -> when that happened (s), of what came after the tenth second."""
    return {
        event.member: event.t // 1000
        for event in outcome.trace.events
        if isinstance(event, kind) and event.t >= 10_000
    }


def steps(outcome: Outcome) -> list[str]:
    return [event.text for event in outcome.trace.events if isinstance(event, Step)]


def causes(outcome: Outcome) -> list[str]:
    return [event.cause for event in outcome.trace.events if isinstance(event, RebalanceStarted)]


def test_names_are_written_out() -> None:
    assert expanded(["a", "pod-1..3", "x08..10"]) == (
        "a",
        "pod-1",
        "pod-2",
        "pod-3",
        "x08",
        "x09",
        "x10",
    )
    with pytest.raises(ValueError, match="ends before it begins"):
        expanded(["pod-3..1"])


def test_each_is_away_and_comes_back_before_all_is_at_rest() -> None:
    outcome = play("restart pod-1..4 every 5s away 2s\nrun until stable\n")
    assert moments(outcome, MemberStopped) == {"pod-1": 10, "pod-2": 15, "pod-3": 20, "pod-4": 25}
    assert moments(outcome, MemberStarted) == {
        "pod-1.2": 12,
        "pod-2.2": 17,
        "pod-3.2": 22,
        "pod-4.2": 27,
    }


def test_waves() -> None:
    outcome = play("restart pod-1..4 away 2s every 5s by 2\nrun until stable\n")
    assert moments(outcome, MemberStopped) == {"pod-1": 10, "pod-2": 10, "pod-3": 15, "pod-4": 15}


def test_all_at_once() -> None:
    outcome = play("restart pod-1..4 away 2s\nrun until stable\n")
    assert set(moments(outcome, MemberStopped).values()) == {10}
    assert set(moments(outcome, MemberStarted).values()) == {12}


def test_killed_says_nothing_to_the_coordinator() -> None:
    text = "restart pod-1 away 2s killed\nrun until stable\n"
    outcome = play(text, static=False)
    assert "pod-1 is killed" in steps(outcome)
    removed = [event for event in outcome.trace.events if isinstance(event, MemberRemoved)]
    assert [event.cause for event in removed] == ["session expired"]


def test_who_does_not_close_in_time_is_killed() -> None:
    outcome = play("busy pod-1 for 30s\nrestart pod-1 away 5s\nrun until stable\n")
    assert "pod-1 has not closed in time and is killed" in steps(outcome)
    assert moments(outcome, MemberStopped) == {"pod-1": 15}


def test_static_members_come_back_without_a_rebalance() -> None:
    outcome = play("restart pod-1..4 every 5s away 2s\nrun until stable\n", static=True)
    assert causes(outcome) == ["member joined"]


def test_closing_and_starting_at_a_pace() -> None:
    outcome = play("close pod-1..3 every 2s by 2\nrun until stable\n")
    assert moments(outcome, MemberStopped) == {"pod-1": 10, "pod-2": 10, "pod-3": 12}


def test_what_came_before_is_not_measured() -> None:
    text = "run for 5s\nmeasure from here\nclose pod-4\nrun until stable\n"
    outcome = play(text)
    assert outcome.measured_from == 15_000
    whole = figures(outcome.trace)["g"]
    part = figures(outcome.trace, outcome.measured_from)["g"]
    assert (whole["rebalances"], part["rebalances"]) == (2, 1)
    before = figures(play("run for 5s\n").trace)["g"]
    for name in ("unavailable, partition-ms", "time to stable, ms", "partitions moved"):
        assert whole[name] == before[name] + part[name]
    assert part["longest unavailable, ms"] < 1_000


KINDS = [
    (Kind.ROLLING, {}, "restart pod-1..6 every 8s..12s away 20s"),
    (Kind.ROLLING, {"by": 3, "every_ms": 1500}, "restart pod-1..6 every 1.2s..1.8s by 3 away 20s"),
    (Kind.ALL_AT_ONCE, {"restart_ms": 5000}, "restart pod-1..6 away 5s"),
    (Kind.SCALE_OUT, {"count": 2}, "start pod-7..8 every 8s..12s"),
    (Kind.SCALE_IN, {"count": 2, "by": 2}, "close pod-5..6 every 8s..12s by 2"),
    (Kind.CRASH, {}, "restart pod-1 every 8s..12s away 20s killed"),
]


@pytest.mark.parametrize(("kind", "more", "act"), KINDS, ids=[act for _, _, act in KINDS])
def test_a_deploy_in_numbers_is_a_scenario_that_plays(
    kind: Kind, more: dict[str, int], act: str
) -> None:
    text = Deploy(members=6, partitions=12, kind=kind, **more).text()
    assert act in text.splitlines()
    assert len(text.splitlines()) <= 12
    outcome = run_scenario(parse(text), measure=figures)
    assert not outcome.violations
    assert not outcome.simulation.unrest()
    assert outcome.measured_from > 0


WRONG = [
    ({"members": 0}, "--members 0: expected 1 or more"),
    ({"partitions": 0}, "--partitions 0"),
    ({"kind": Kind.SCALE_IN, "count": 6}, "--count 6: expected less than the 6 members"),
    ({"kind": Kind.CRASH, "count": 7}, "only 6 members"),
    ({"by": 0}, "--by 0"),
]


@pytest.mark.parametrize(("numbers", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_deploy_that_cannot_be(numbers: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Deploy(**{"members": 6, "partitions": 12, **numbers})  # type: ignore[arg-type]


def test_i05_a_deploy_may_take_longer_than_a_group_may_take_to_come_to_rest() -> None:
    outcome = play("restart pod-1..4 every 250s away 20s\nrun until stable\n----\n")
    told = outcome.blocks[-1].output[-1]
    assert told.startswith("stable at 780.")
    assert not outcome.unrest


def test_of_many_steps_to_come_a_few_are_named() -> None:
    outcome = play("restart pod-1..4 every 250s away 20s\nrun until stable within 10s\n----\n")
    told = outcome.blocks[-1].output[-1]
    assert told.startswith("not stable within 10s: pod-1 is still to come back; ")
    assert "2 more steps are still to come" in told
