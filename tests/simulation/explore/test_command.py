"""`rebalance explore`: what it prints, what it writes, how it exits, how it is stopped."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.explore import explore
from rebalance.member import reconcile
from rebalance.timeline.trace import read_trace
from tests.simulation.explore.groups import ALONE, EAGER


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    path = tmp_path / "alone.txt"
    path.write_text(ALONE, encoding="utf-8")
    return path


def run(path: Path, **options: Any) -> int:
    """The exit code."""
    try:
        explore(path, **options)
    except typer.Exit as stop:
        return stop.exit_code
    return 0


def never_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "callback_done", lambda core, event: None)


def test_counts_and_verdict(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(alone) == 0
    told = capsys.readouterr().out
    assert "A (eager, range); partitions t:2; faults none" in told
    assert "Exhaustive: in every state the invariants hold" in told


def test_as_json(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(alone, json_output=True, protocol="cooperative") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"]
    assert told["exhaustive"]
    assert told["members"][0]["protocol"] == "cooperative"
    assert told["counts"]["known_again"] == told["counts"]["transitions"] - (
        told["counts"]["states"] - 1
    )


def test_without_a_violation_no_trace_is_written_that_nobody_could_draw(
    alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "none.jsonl"
    assert run(alone, trace=written) == 0
    assert not written.exists()
    assert f"{written} is not written: nothing was found wrong" in capsys.readouterr().err


def test_a_violation_is_exit_code_1_a_story_and_a_trace(
    alone: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never_settles(monkeypatch)
    written = tmp_path / "broken.jsonl"

    assert run(alone, trace=written) == 1

    told = capsys.readouterr().out
    assert " 1  A starts" in told
    assert "I05 violated: from here no way leads to rest" in told
    assert read_trace(written).header.source == "explore"
    assert run(alone, json_output=True) == 1
    violation = json.loads(capsys.readouterr().out)["violation"]
    assert violation["rule"] == "I05"
    assert violation["steps"][0] == {"label": "A starts", "fault": ""}


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    pair = Path(__file__).parents[3] / "examples" / "explore" / "pair.txt"
    assert run(pair, max_states=200, protocol="cooperative") == 0
    assert "A (cooperative, cooperative-range)" in capsys.readouterr().out


def test_stopped_early(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(alone, max_states=1) == 0
    assert "Not exhaustive (--max-states 1): 1 states were not looked at" in capsys.readouterr().out


def test_used_wrongly(alone: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose one of eager, cooperative"):
        run(alone, protocol="lazy")
    with pytest.raises(UsageError, match="--assignor nothing: no assignor is called"):
        run(alone, assignor="nothing")
    with pytest.raises(UsageError, match="give the path of a scenario file"):
        run(tmp_path / "absent.txt")
    played = tmp_path / "played.txt"
    played.write_text(ALONE + "crash A\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"played\.txt:4: .*'crash' is not for exploring"):
        run(played)


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    """A group that takes minutes, interrupted once it says how far it is."""
    large = tmp_path / "large.txt"
    large.write_text(EAGER + "explore crash=1 cut=1\n", encoding="utf-8")
    command = [sys.executable, "-m", "rebalance.cli.main", "explore", str(large), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        assert "states" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()

    told = json.loads(out)
    assert process.returncode == 0
    assert told["stopped_by"] == "interrupted"
    assert not told["exhaustive"]
    assert told["counts"]["states"] > 100
