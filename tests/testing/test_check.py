"""Every way of breaking a promise is caught, with the smallest group that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assignors.cooperative import CooperativeStickyAssignor
from assignors.errors import AssignorFailedError
from assignors.interface import Assignor, Promise, known_assignors
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.sticky import StickyAssignor
from rebalance.testing.check import Judgement, Report, Verdict, check, judged
from rebalance.testing.check.judges import JUDGES, Unjudged
from rebalance.testing.check.limits import TimeLimit
from rebalance.testing.check.patience import Patience
from rebalance.testing.check.subject import Subject
from rebalance.testing.groups import Group

from . import bad


def judgement(assignor: Any, promise: Promise, **more: Any) -> Judgement:
    (found,) = judged(assignor, [promise], **{"examples": 60, "time_limit_s": 2.0} | more)
    return found


def lines(found: Judgement) -> list[str]:
    assert found.group is not None, found
    return str(found.group).splitlines()


@pytest.mark.parametrize("name", known_assignors())
def test_built_in_assignors_keep_what_they_promise(name: str) -> None:
    report = check(name, examples=15)

    assert report.passed, "\n".join(line for each in report.broken for line in each.lines())
    assert all(each.judged and not each.left_out for each in report.judgements)


@pytest.mark.parametrize(
    ("assignor", "why", "group"),
    [
        (bad.Forgets(), "to nobody", ["topics a: 3", "m1 subscribes to a"]),
        (
            bad.Doubles(),
            "to 'm1' and to 'm2'",
            ["topics a: 1", "m1 subscribes to a", "m2 subscribes to a"],
        ),
        (bad.Invents(), "which has 2 partitions", ["topics a: 2", "m1 subscribes to a"]),
        (
            bad.IgnoresSubscriptions(),
            "not subscribed",
            ["topics a: 2", "m1 subscribes to a", "m2 subscribes to nothing"],
        ),
        (
            bad.Raises(),
            "KeyError('no common topic')",
            ["topics none", "m1 subscribes to nothing", "m2 subscribes to nothing"],
        ),
        (
            bad.Mutates(),
            "raised",
            ["topics none", "m1 subscribes to nothing", "m2 subscribes to nothing"],
        ),
        (
            bad.RaisesInUserData(),
            "in user_data",
            ["topics a: 2", "m1 subscribes to a, owns a0-1"],
        ),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_an_invalid_answer(assignor: Assignor, why: str, group: list[str]) -> None:
    found = judgement(assignor, Promise.VALID)

    assert found.verdict is Verdict.BROKEN
    assert found.broken is not None
    assert why in found.broken.why
    # What it keeps of generations does not matter here, but for one member that must have one.
    assert [line.partition(", generation")[0] for line in lines(found)] == group


def test_where_it_raised_is_said() -> None:
    found = judgement(bad.Raises(), Promise.VALID)

    assert found.broken is not None
    (line,) = found.broken.evidence
    assert line.startswith(f"raised at {bad.__file__}:")
    assert line.endswith("in assign")


def test_who_called_what_raised_is_said() -> None:
    found = judgement(bad.CallsALibrary(), Promise.VALID)

    assert found.broken is not None
    ours, library = found.broken.evidence
    assert ours.startswith(f"raised in a call from {bad.__file__}:")
    assert ours.endswith("in assign")
    assert "json/decoder.py:" in library


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, SystemExit, bad.OwnError])
def test_what_is_no_exception_is_an_answer_too(error: type[BaseException]) -> None:
    subject = Subject(bad.Escapes(error), TimeLimit(60.0))
    group = Group(ClusterMetadata({}), {m: Subscription(topics=()) for m in ("m1", "m2")})

    with pytest.raises(AssignorFailedError, match=error.__name__) as raised:
        subject.answer(group)
    assert isinstance(raised.value.__cause__, error)
    assert not subject.limit.overdue


@pytest.mark.parametrize(
    ("assignor", "size"), [(bad.NoRoomForTen(), (10, 0)), (bad.FirstDigit(), (2, 11))]
)
def test_what_shows_in_large_groups_only(assignor: Assignor, size: tuple[int, int]) -> None:
    found = judgement(assignor, Promise.VALID, examples=200)

    assert found.group is not None
    assert found.group.size[:2] == size


def test_what_shows_after_a_while_only() -> None:
    found = judgement(bad.FailsLater(), Promise.VALID, examples=200)

    assert found.group is not None
    (member,) = found.group.members.values()
    assert member == Subscription(topics=(), generation_id=member.generation_id)


@pytest.mark.parametrize(
    ("assignor", "group"),
    [
        (bad.Loops(), {"m1 subscribes to a", "m2 subscribes to a"}),
        (bad.LoopsLazily(), {"topics a: 2", "m1 subscribes to nothing"}),
        (bad.Sleeps(), {"m1 subscribes to nothing", "m2 subscribes to nothing"}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_an_answer_that_never_comes(assignor: Assignor, group: set[str]) -> None:
    found = judgement(assignor, Promise.VALID, time_limit_s=0.3)

    assert found.broken is not None
    assert "does not return (no answer after 0.3 s)" in found.broken.why
    assert group <= set(lines(found))
    assert len(lines(found)) <= 3


def test_an_assignor_that_loops_is_not_waited_for_in_vain() -> None:
    promises = [Promise.VALID, Promise.BALANCED, Promise.DETERMINISTIC]
    valid, *others = judged(bad.LoopsForTwo(), promises, examples=30, time_limit_s=0.3)

    assert valid.verdict is Verdict.BROKEN
    for each in others:
        assert each.broken is None
        assert each.left_out.endswith("the assignor does not always return")
        assert each.judged < 30


def test_how_small_a_loop_becomes_is_a_question_of_what_it_costs() -> None:
    limit = TimeLimit(0.3)
    patience = Patience(limit, calls=3, seconds=1.0)
    for overdue, waited_s, left_behind, over in [
        (2, 0.6, 0, False),
        (3, 0.6, 0, True),
        (1, 0.6, 1, True),
        (1, 1.0, 0, True),
    ]:
        limit.overdue, limit.waited_s, limit.left_behind = overdue, waited_s, left_behind
        assert patience.over is over


TWO_MEMBERS = ["topics a: 1", "m1 subscribes to a", "m2 subscribes to a"]


@pytest.mark.parametrize(
    ("assignor", "why"),
    [
        (bad.Remembers(), "it keeps state"),
        (bad.ByArrival(), "members in another order (m2, m1)"),
        (bad.ByHash(), "the order of a set"),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_an_answer_that_is_not_determined(assignor: Assignor, why: str) -> None:
    found = judgement(assignor, Promise.DETERMINISTIC)

    assert found.broken is not None
    assert why in found.broken.why
    assert [line[2:] for line in lines(found)] == [line[2:] for line in TWO_MEMBERS]


def test_hash_seeds_are_left_out_of_what_no_other_process_can_make() -> None:
    class Local(bad.ByHash):
        pass

    assert "hash seeds" in judgement(Local(), Promise.DETERMINISTIC).left_out


def test_a_claim_that_breaks_validity() -> None:
    found = judgement(bad.Claiming(), Promise.CONFLICT_PROOF)

    assert found.verdict is Verdict.BROKEN
    assert found.group is not None
    assert len(found.group.members) == 1
    assert sum(len(each.owned) for each in found.group.members.values()) == 1
    assert judgement(bad.Forgets(), Promise.CONFLICT_PROOF).verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("assignor", "promise", "most"),
    [
        (bad.Unbalanced(), Promise.BALANCED, (4, 2)),
        (bad.Forgetful(), Promise.MINIMAL_MOVES, (3, 3)),
        (bad.Rotates(), Promise.IDEMPOTENT, (3, 1)),
        (bad.HandsOver(), Promise.COOPERATIVE_SAFE, (3, 4)),
        (bad.WithholdsForEver(), Promise.VALID, (3, 2)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_other_promises(assignor: Assignor, promise: Promise, most: tuple[int, int]) -> None:
    found = judgement(assignor, promise)

    assert found.verdict is Verdict.BROKEN
    assert found.group is not None
    members_and_topics, partitions = found.group.size[:2]
    assert (members_and_topics, partitions) <= most


def test_the_same_seed_finds_the_same() -> None:
    found = [judgement(bad.Unbalanced(), Promise.BALANCED, seed=3) for _ in range(2)]

    assert found[0] == found[1]


def test_verdicts() -> None:
    report = check(bad.Unbalanced(), examples=100, also=[Promise.IDEMPOTENT])

    expected: Mapping[Promise, Verdict] = {
        Promise.VALID: Verdict.HELD,
        Promise.BALANCED: Verdict.BROKEN,
        Promise.MINIMAL_MOVES: Verdict.NOT_HELD,
        Promise.IDEMPOTENT: Verdict.KEPT,
        Promise.DETERMINISTIC: Verdict.HELD,
        Promise.CONFLICT_PROOF: Verdict.HELD,
        Promise.COOPERATIVE_SAFE: Verdict.NOT_HELD,
    }
    assert {promise: report.verdict(promise) for promise in Promise} == expected
    assert not report.passed
    assert [each.promise for each in report.broken] == [Promise.BALANCED]


@pytest.mark.parametrize("assignor", [bad.AlwaysRaises(), bad.ReturnsNone()])
def test_without_any_valid_plan_there_is_nothing_to_judge(assignor: Assignor) -> None:
    report = check(assignor, examples=10)

    assert report.verdict(Promise.VALID) is Verdict.NOT_HELD
    rest = {report.verdict(promise) for promise in Promise if promise is not Promise.VALID}
    assert rest == {Verdict.UNJUDGED}
    # What is declared and cannot be judged is not kept.
    assert [each.promise for each in report.unjudged] == [Promise.BALANCED]
    assert not report.broken
    assert not report.passed


def test_a_promise_that_was_not_asked_has_no_verdict() -> None:
    report = Report(assignor="a", name="a", examples=1, seed=0, judgements=())

    with pytest.raises(KeyError):
        report.verdict(Promise.VALID)


def test_a_counter_example_can_be_pasted() -> None:
    from assignors import ClusterMetadata, PartitionSet, Subscription

    found = judgement(bad.Forgetful(), Promise.MINIMAL_MOVES)
    names = {
        "Group": Group,
        "ClusterMetadata": ClusterMetadata,
        "Subscription": Subscription,
        "PartitionSet": PartitionSet,
    }

    assert eval(repr(found.group), names) == found.group


@pytest.mark.parametrize(
    ("promise", "verdict"),
    [
        (Promise.VALID, Verdict.KEPT),
        (Promise.BALANCED, Verdict.NOT_HELD),
        (Promise.MINIMAL_MOVES, Verdict.NOT_HELD),
        (Promise.COOPERATIVE_SAFE, Verdict.NOT_HELD),
    ],
)
def test_a_group_without_a_choice_is_no_witness(promise: Promise, verdict: Verdict) -> None:
    """What always gives everything to one member does not move least because it has to."""
    assert judgement(bad.AllToFirst(), promise, examples=200).verdict is verdict


def test_without_any_choice_nothing_is_judged() -> None:
    group = Group(
        ClusterMetadata({"a": 3, "b": 1}),
        {
            "m1": Subscription(topics=("a",), owned=PartitionSet({"a": [0]}), generation_id=5),
            "m2": Subscription(topics=("b",)),
        },
    )
    subject = Subject(StickyAssignor(), TimeLimit(2.0))
    for promise in (Promise.BALANCED, Promise.MINIMAL_MOVES, Promise.IDEMPOTENT):
        with pytest.raises(Unjudged):
            JUDGES[promise](subject, group)


@pytest.mark.parametrize(
    ("owned", "judged"), [({"m1": [0, 1]}, True), ({"m1": [0], "m2": [1]}, False)]
)
def test_only_a_hand_over_shows_that_hand_overs_are_safe(
    owned: dict[str, list[int]], judged: bool
) -> None:
    members = {
        m: Subscription(topics=["a"], owned=PartitionSet({"a": owned.get(m, [])}), generation_id=5)
        for m in ("m1", "m2")
    }
    subject = Subject(CooperativeStickyAssignor(), TimeLimit(2.0))
    group = Group(ClusterMetadata({"a": 2}), members)

    if judged:
        assert JUDGES[Promise.COOPERATIVE_SAFE](subject, group) is None
    else:
        with pytest.raises(Unjudged):
            JUDGES[Promise.COOPERATIVE_SAFE](subject, group)


def test_a_partition_that_nobody_gets_is_named() -> None:
    owner = Subscription(topics=["a"], owned=PartitionSet({"a": [0]}), generation_id=5)
    group = Group(ClusterMetadata({"a": 2}), {"m1": owner, "m2": Subscription(topics=["a"])})

    broken = JUDGES[Promise.VALID](Subject(bad.TakesTurns(), TimeLimit(2.0)), group)

    assert broken is not None
    assert broken.why.endswith("after 2 rebalances: partition 1 of 'a' has no owner")
