"""The contract in a suite of somebody else's: what it collects, and what a failure says."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assignors import Cooperative, RangeAssignor, StickyAssignor
from assignors.errors import AssignorError
from assignors.interface import Promise
from rebalance.testing import AssignorContract

from . import bad

ROOT = Path(__file__).parents[2]
SUITE = """
from assignors import Promise
from rebalance.testing import AssignorContract
from tests.testing import bad

class Ours(AssignorContract):
    examples = 30

class TestGood(Ours):
    assignor = "range"

class TestForgets(Ours):
    assignor = bad.Forgets

class TestHeldToMore(Ours):
    assignor = bad.Doubles()
    also = frozenset({Promise.BALANCED})
"""


class TestRange(AssignorContract):
    assignor = RangeAssignor
    examples = 15


class TestStickyByTopic(AssignorContract):
    assignor = StickyAssignor("topic")
    examples = 15


class TestCooperativeRange(AssignorContract):
    assignor = Cooperative(RangeAssignor())
    examples = 15


def collected(contract: type[AssignorContract]) -> set[str]:
    return {name for name in dir(contract) if name.startswith("test") and getattr(contract, name)}


def test_what_is_not_declared_is_no_test() -> None:
    assert collected(TestRange) == {
        "test_valid",
        "test_idempotent",
        "test_deterministic",
        "test_conflict_proof",
    }
    assert collected(TestCooperativeRange) == {*collected(TestRange), "test_cooperative_safe"}


def test_every_promise_has_its_test() -> None:
    assert {f"test_{promise.name.lower()}" for promise in Promise} == collected(AssignorContract)


def test_no_assignor_is_said_at_once() -> None:
    with pytest.raises(AssignorError, match="rnage"):
        type("TestNothing", (AssignorContract,), {"assignor": "rnage"})


def test_in_another_suite(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SUITE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-W", "error", "."],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 failed, 6 passed" in done.stdout, done.stdout
    assert "valid: assignor 'forgets' gave partition 2 of 'a' to nobody" in done.stdout
    assert "balanced could not be judged: no valid plan" in done.stdout
    assert "  topics a: 3\n  m1 subscribes to a\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_also_is_read_as_promises_are() -> None:
    class Held(AssignorContract):
        assignor = RangeAssignor
        also = {"balanced"}  # type: ignore[assignment]  # noqa: RUF012

    assert "test_balanced" in collected(Held)


@pytest.mark.parametrize("also", [{"balancd"}, Promise.BALANCED, 3])
def test_what_is_no_promise_is_refused(also: object) -> None:
    with pytest.raises(AssignorError, match="give a set of Promise"):
        type("Held", (AssignorContract,), {"assignor": RangeAssignor, "also": also})


def test_what_an_assignor_logs_is_not_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    contract: AssignorContract = type("Held", (AssignorContract,), {"assignor": bad.Warns})()

    with pytest.raises(pytest.fail.Exception, match="to nobody"):
        contract.test_valid()
    assert caplog.records == []
    logging.getLogger("warns").critical("again")
    assert [each.message for each in caplog.records] == ["again"]


def test_a_contract_without_an_assignor_says_so() -> None:
    with pytest.raises(pytest.fail.Exception, match="Typo has no assignor"):
        type("Typo", (AssignorContract,), {"asignor": RangeAssignor})().test_valid()
