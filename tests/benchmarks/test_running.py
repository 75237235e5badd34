"""A subject's process: what it says is heard, and it ends when its time is up."""

from __future__ import annotations

import sys
from dataclasses import asdict

import pytest

from benchmarks.assignors.running import Outcome, Runs, turn


def ran(script: str, limit_s: float = 60) -> Outcome:
    outcome = Outcome()
    turn(outcome, [sys.executable, "-c", script], limit_s=limit_s, tell=lambda _: None)
    return outcome


def test_what_it_says_is_heard() -> None:
    outcome = ran("print('ready\\nfirst 3.5\\nsolver 9 9 9 9 9 1 2 3\\nwire 4\\npeak 77')")
    assert (outcome.state, outcome.first, outcome.peak_kib) == ("done", [3.5], 77)
    assert outcome.warm("solver") == 2  # five runs are warm-up
    assert outcome.warm("wire") == 4  # or there is only one
    assert outcome.warm("assign") is None
    assert outcome.steady("solver") is None


def test_many_runs_are_the_second_half_of_many() -> None:
    runs = Runs()
    runs.add([5.0] * 50 + [1.0] * 50)
    outcome = Outcome(figures={"solver": runs})
    assert (outcome.warm("solver"), outcome.steady("solver")) == (5, 1)


def test_an_outcome_survives_the_file() -> None:
    outcome = ran("print('ready\\nfirst 3.5\\nsolver 9 9 9 9 9 1 2 3\\nwire 4\\npeak 77')")
    assert Outcome.from_data(asdict(outcome)) == outcome


def test_too_late_is_unfinished() -> None:
    outcome = ran("import sys, time; print('ready', flush=True); time.sleep(600)", limit_s=0.05)
    assert (outcome.state, outcome.why) == ("unfinished", "> 0.05 s")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit('no such thing')", "no such thing"),
        ("print('ready', flush=True); raise SystemExit('lost')", "lost"),
        ("print('ready\\nfirst 1\\nsolver 1', flush=True); raise SystemExit(3)", "exit 3"),
    ],
)
def test_failing_is_told(script: str, why: str) -> None:
    outcome = ran(script)
    assert (outcome.state, outcome.why) == ("failed", why)
