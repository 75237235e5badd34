"""`rebalance fuzz`: what it prints, what it writes, how it is interrupted and gone on with."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rebalance.cli.main import run
from rebalance.simulation.fuzz import play_batch, read_batches
from tests.cli.commands import rebalance
from tests.mutations.catalogue import MUTATIONS


def test_no_seed_failed_and_coverage_names_what_was_not_reached(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    code = run(["fuzz", "--seeds", "4", "--workers", "1", "--coverage", "--out", out])
    said = capsys.readouterr().out
    assert code == 0
    assert said.startswith("4 seeds; 4 of them now, in ")
    assert "           4  group Empty -> PreparingRebalance\n" in said  # of the seeds
    assert "Not reached: " in said
    assert said.endswith("No seed failed.\n")
    assert not (tmp_path / "out").exists()


def test_a_campaign_goes_on_where_it_left_off(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "campaign.jsonl"
    arguments = ["fuzz", "--from", "7", "--workers", "1", "--resume", str(kept), "--json"]
    assert run([*arguments, "--to", "10"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["seeds"] == 3
    for to in (12, 13):
        kept.write_text(kept.read_text(encoding="utf-8") + '{"seeds": [10', encoding="utf-8")
        assert run([*arguments, "--to", str(to)]) == 0
        then = json.loads(capsys.readouterr().out)
        assert then["seeds"] == to - 7
        assert then["processed"] > first["processed"]
    assert kept.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize("text", ["nonsense\n", "nonsense"])
def test_what_is_no_campaign_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "campaign.jsonl"
    file.write_text(text, encoding="utf-8")
    outcome = rebalance("fuzz", "--seeds", "1", "--resume", str(file))
    assert outcome.code == 2
    assert f"{file}:1: expected what a campaign wrote" in outcome.err
    assert file.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_written_is_told_before_anything_is_played(tmp_path: Path) -> None:
    outcome = rebalance("fuzz", "--seeds", "1", "--resume", str(tmp_path / "none" / "c.jsonl"))
    assert outcome.code == 2
    assert "--resume" in outcome.err


def test_a_failing_seed_becomes_a_small_file_that_simulate_plays(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with MUTATIONS["eager_member_keeps_what_it_has"]():
        arguments = ["--from", "1", "--to", "2", "--workers", "1", "--out", str(tmp_path)]
        code = run(["fuzz", *arguments])
        said = capsys.readouterr().out
        (file,) = tmp_path.glob("seed-1-I01.txt")
        assert code == 1
        assert "seed 1: I01 violated at " in said
        assert f"rebalance simulate {file}" in said
        assert said.endswith("\n1 seed failed.\n")
        assert len(file.read_text(encoding="utf-8").splitlines()) < 30
        assert run(["simulate", str(file)]) == 1
        assert "I01 violated at " in capsys.readouterr().out
    assert run(["simulate", str(file)]) in (0, 1)
    assert "I01 violated at " not in capsys.readouterr().out


_INTERRUPTED = """
import signal, sys
from rebalance.cli import fuzz as command
from rebalance.cli.main import run
from rebalance.simulation.fuzz import campaign

keep = command._keep

def keep_and_be_interrupted(path, batch):
    keep(path, batch)
    signal.raise_signal(signal.SIGINT)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
    command._keep = keep_and_be_interrupted
    campaign.BATCH = 2
    arguments = ["--seconds", "600", "--workers", "2", "--resume", sys.argv[1], "--json"]
    sys.exit(run(["fuzz", *arguments]))
"""


def test_an_interruption_keeps_what_there_is(tmp_path: Path) -> None:
    kept, script = tmp_path / "campaign.jsonl", tmp_path / "interrupted.py"
    script.write_text(_INTERRUPTED, encoding="utf-8")
    command = [sys.executable, str(script), str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "rebalance: interrupted\n"
    told = json.loads(done.stdout)
    assert told["interrupted"]
    assert told["seeds"] == 2
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 1


_TWICE = """
import signal, sys
from rebalance.cli.main import run
from rebalance.simulation.fuzz import campaign

play = campaign.play_batch

def play_and_be_interrupted(seeds):
    if 3 in seeds:
        signal.raise_signal(signal.SIGINT)
    return play(seeds)

def told(*lines, end=None):
    signal.raise_signal(signal.SIGINT)  # the second one comes while results are told
    print(*lines)

signal.signal(signal.SIGINT, signal.default_int_handler)
campaign.play_batch = play_and_be_interrupted
sys.modules["rebalance.cli.fuzz"].print = told
sys.exit(run(["fuzz", "--from", sys.argv[2], "--to", "9", "--workers", "1", *sys.argv[3:]]))
"""


@pytest.mark.parametrize(("first", "seeds"), [(1, 2), (3, 0)])
def test_one_worker_loses_no_more_than_the_seed_that_is_interrupted(
    tmp_path: Path, first: int, seeds: int
) -> None:
    kept, script = tmp_path / "campaign.jsonl", tmp_path / "twice.py"
    script.write_text(_TWICE, encoding="utf-8")
    command = [sys.executable, str(script), "", str(first), "--resume", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "rebalance: interrupted\n"
    assert done.stdout.startswith(f"{seeds} seeds; {seeds} of them now, in ")
    assert done.stdout.endswith("No seed failed.\n") == bool(seeds)
    batches = read_batches(kept) if kept.exists() else []
    assert [batch.seeds for batch in batches] == [(1,), (2,)][:seeds]


def test_seeds_that_were_other_stories_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "campaign.jsonl"
    batch = replace(play_batch((0,)), stories="another")
    old = batch.to_json().replace('"stories": "another", ', "")
    for line in (batch.to_json(), old):
        file.write_text(f"{line}\n", encoding="utf-8")
        outcome = rebalance("fuzz", "--seeds", "1", "--resume", str(file))
        assert outcome.code == 2
        assert f"--resume {file}:1: another version of the fuzzer" in outcome.err
        assert "name a new file" in outcome.err
        assert file.read_text(encoding="utf-8") == f"{line}\n"


def test_seeds_that_cannot_be_meant() -> None:
    outcome = rebalance("fuzz", "--from", "5", "--to", "5")
    assert outcome.code == 2
    assert "--to is the end of the seeds" in outcome.err


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    outcome = rebalance("fuzz", "--seeds", "1", "--scheduler", "127.0.0.1:9")
    assert outcome.code == 2
    assert "--scheduler" in outcome.err


def test_a_campaign_on_two_worker_processes_of_dask() -> None:
    pytest.importorskip("distributed", reason="pip install 'kafka-rebalance[distributed]'")
    script = Path(__file__).with_name("dask_campaign.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["seeds"] == 20
    assert told["failures"] == []
