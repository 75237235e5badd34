"""`rebalance check`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assignors.interface import Promise
from rebalance.cli.check_report import Layout, as_json, lines
from rebalance.group_file import load
from rebalance.testing.check import Judgement, Report
from tests.cli.commands import complaint, rebalance

BAD = "tests.testing.bad"


def test_a_kept_promise(tmp_path: Path) -> None:
    file = tmp_path / "out.yaml"
    outcome = rebalance("check", "range", "--examples", "10", "--output", str(file))

    assert outcome.code == 0, outcome
    # Each verdict as it comes, where nobody looks at a terminal.
    assert len(outcome.err.splitlines()) == 7
    assert "valid: kept, 10 groups\n" in outcome.err
    assert "range (range): 10 examples, seed 0" in outcome.out
    assert "No group was found that breaks one of 4 declared promises." in outcome.out
    assert "\x1b" not in outcome.out
    assert not file.exists()


def test_a_broken_promise_is_printed_and_written(tmp_path: Path) -> None:
    file = tmp_path / "out.yaml"
    spec = f"{BAD}:Unbalanced"
    outcome = rebalance("check", spec, "--examples", "40", "--output", str(file))

    assert outcome.code == 1
    assert "balanced: the sum of squared loads is" in outcome.out
    assert "1 of 1 declared promises broken." in outcome.out
    group = load(file.read_text(), str(file))
    assert group.assignors == (spec,)
    assert len(group.members) == 2
    assigned = rebalance("assign", str(file))
    assert assigned.code == 0, assigned


def test_every_broken_promise_has_its_file(tmp_path: Path) -> None:
    arguments = ["--examples", "40", "--promise", "balanced", "--output", str(tmp_path / "x.yaml")]
    outcome = rebalance("check", f"{BAD}:ByArrival", *arguments)

    assert outcome.code == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.deterministic.yaml", "x.yaml"]


def test_json(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    outcome = rebalance(
        "check", f"{BAD}:Forgets", "--examples", "20", "--json", "--output", str(file)
    )

    document = json.loads(outcome.out)
    assert outcome.code == 1
    assert document["passed"] is False
    (valid,) = [each for each in document["promises"] if each["promise"] == "valid"]
    assert valid["verdict"] == "broken"
    assert valid["file"] == str(file)
    assert valid["counter_example"].startswith("topics a: 3")


def test_a_promise_that_cannot_be_judged(tmp_path: Path) -> None:
    arguments = ["--examples", "10", "--output", str(tmp_path / "x.yaml")]
    outcome = rebalance("check", f"{BAD}:AlwaysRaises", *arguments)

    assert outcome.code == 1
    assert outcome.out.endswith("\n1 declared promise could not be judged: balanced.\n")
    assert "No group was found" not in outcome.out


@pytest.mark.parametrize("width", [60, 120])
def test_what_is_left_out_is_said(width: int) -> None:
    why = "hash seeds, since the assignor does not always return"
    judgement = Judgement(promise=Promise.DETERMINISTIC, declared=True, judged=9, left_out=why)
    report = Report(assignor="a", name="a", examples=9, seed=0, judgements=(judgement,))

    shown = " ".join(" ".join(lines(report, {}, Layout(width=width, color=False))).split())
    assert "left out: hash seeds, since the assignor" in shown
    (promise,) = json.loads(as_json(report, {}))["promises"]
    assert promise["left_out"] == why


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_keeps_to_the_width(tmp_path: Path, width: int) -> None:
    arguments = ["--examples", "10", "--width", str(width), "--output", str(tmp_path / "x.yaml")]
    outcome = rebalance("check", f"{BAD}:Doubles", *arguments)

    # A path cannot be broken.
    lines = [line for line in outcome.out.splitlines() if "written to" not in line]
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnage"], ["rnage", "range"]),
        (["no_such_module:Thing"], ["no_such_module"]),
        ([f"{BAD}:NeverMade"], ["two lines"]),
        (["range", "--promise", "fast"], ["--promise fast", "balanced", "all"]),
        (["range", "--examples", "0"], ["--examples"]),
        (["range", "--output", "no/such/directory/x.yaml"], ["no/such/directory"]),
        ([], ["MODULE:ASSIGNOR"]),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line(arguments: list[str], words: list[str]) -> None:
    line = complaint(rebalance("check", *arguments))
    for word in words:
        assert word in line


def test_a_counter_example_of_a_clients_own_assignor_is_read_by_assign(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    spec = "kafka.coordinator.assignors.range:RangePartitionAssignor"
    outcome = rebalance("check", spec, "--examples", "100", "--output", str(file))

    assert outcome.code == 1
    assert "deterministic: with the members in another order" in outcome.out
    assigned = rebalance("assign", str(file))
    assert assigned.code == 0, assigned
    assert "as balanced as the" in assigned.out
