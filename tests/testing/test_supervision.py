"""What no process survives is a finding as well, with the group it died of."""

from __future__ import annotations

import pytest

from assignors.errors import AssignorError
from assignors.interface import Promise
from rebalance.testing.check import Judgement, Verdict, losses, supervised, supervision

BAD = "tests.testing.bad"


def judgement(name: str, promise: Promise = Promise.VALID) -> Judgement:
    report = supervised(f"{BAD}:{name}", promises=[promise], examples=60, time_limit_s=0.5)
    (found,) = report.judgements
    return found


def test_it_says_the_same_as_in_this_process() -> None:
    seen: list[int] = []
    report = supervised(
        "range", examples=10, progress=lambda promise, done: seen.append(done), seed=4
    )

    assert report.passed
    assert report.name == "range"
    assert [each.promise for each in report.judgements] == list(Promise)
    assert seen[0] == 0


def test_a_process_that_ends() -> None:
    report = supervised(
        f"{BAD}:EndsItsProcess",
        promises=[Promise.VALID, Promise.BALANCED, Promise.DETERMINISTIC],
        examples=60,
        time_limit_s=0.5,
    )

    valid, balanced, deterministic = report.judgements
    assert valid.verdict is Verdict.BROKEN
    assert valid.broken is not None
    assert "ended with exit code 7" in valid.broken.why
    assert str(valid.group) == "\n".join(
        ["topics none", *(f"m{number} subscribes to nothing" for number in (1, 2, 3))]
    )
    # The others are judged on what is smaller.
    for each in (balanced, deterministic):
        assert each.judged > 0
        assert "at least as large as the one for which its process ended" in each.left_out


def test_a_process_that_holds_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_SLACK_S", 3.0)
    monkeypatch.setattr(losses, "_MOST_SILENT", 1)
    monkeypatch.setattr(losses, "_SILENT_S", 2.0)
    monkeypatch.setattr(losses, "_CERTAIN_S", 2.0)
    found = judgement("HoldsTheInterpreter")

    assert found.broken is not None
    assert "gave no sign of life" in found.broken.why
    assert found.group is not None
    assert len(found.group.members) == 3


def test_what_ends_every_process_is_not_judged() -> None:
    told: list[Judgement] = []
    report = supervised(
        f"{BAD}:EndsItsProcessForUserData", examples=20, time_limit_s=0.5, tell=told.append
    )

    assert told == list(report.judgements)
    assert [each.promise for each in told] == list(Promise)
    assert report.verdict(Promise.VALID) is Verdict.BROKEN
    assert not report.passed


def test_both_ways_of_solving_are_judged() -> None:
    pytest.importorskip("ortools")
    report = supervised(
        "assignors.sticky:StickyAssignor", promises=[Promise.MINIMAL_MOVES], examples=20
    )

    assert [each.path for each in report.judgements] == ["", "without OR-tools"]
    assert report.passed


@pytest.mark.parametrize("spec", ["no_such_module:Thing", "rnage", "pathlib:Path"])
def test_no_such_assignor(spec: str) -> None:
    with pytest.raises(AssignorError, match=spec):
        supervised(spec)


def test_a_module_that_ends_the_process() -> None:
    with pytest.raises(AssignorError, match="ended with exit code 3 while importing it"):
        supervised("tests.testing.ends:Anything")
