"""`rebalance fuzz`: what it prints, what it writes, how it is interrupted and gone on with."""

import json
import os
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


@pytest.mark.parametrize("how", ["1", "2", "dask"])
def test_an_interrupted_campaign_loses_no_seed_and_plays_none_twice(
    tmp_path: Path, how: str
) -> None:
    if how == "dask":
        pytest.importorskip("distributed", reason="pip install 'kafka-rebalance[distributed]'")
    kept, begun = tmp_path / "campaign.jsonl", tmp_path / "begun"
    script = Path(__file__).with_name("interrupted_campaign.py")
    command = [sys.executable, str(script), how, "--seeds", "12", "--resume", str(kept)]

    def play(**interrupt: str) -> tuple[int, str, set[int]]:
        environment = os.environ | {"BEGUN": str(begun)} | interrupt
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        told = json.loads(done.stdout)
        assert told["interrupted"] == bool(interrupt)
        seeds = [seed for batch in read_batches(kept) for seed in batch.seeds]
        assert told["seeds"] == len(seeds)
        assert sorted(map(int, begun.read_text(encoding="utf-8").split())) == sorted(seeds)
        return done.returncode, done.stderr, set(seeds)

    code, said, seeds = play(INTERRUPT="at once")
    assert (code, said) == (130, "rebalance: interrupted\n")
    assert 0 < len(seeds) < 12
    code, said, seeds = play()
    assert (code, said, seeds) == (0, "", set(range(12)))


def test_who_interrupts_again_waits_for_nothing(tmp_path: Path) -> None:
    kept, begun = tmp_path / "campaign.jsonl", tmp_path / "begun"
    script = Path(__file__).with_name("interrupted_campaign.py")
    command = [sys.executable, str(script), "2", "--seeds", "12", "--resume", str(kept)]
    environment = os.environ | {"BEGUN": str(begun), "INTERRUPT": "later", "STUCK": "3"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert (done.returncode, done.stderr) == (130, "rebalance: interrupted\n")
    (batch,) = read_batches(kept)
    assert json.loads(done.stdout)["seeds"] == len(batch.seeds)


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
sys.exit(run(["fuzz", "--from", "1", "--to", "9", "--workers", "1", *sys.argv[1:]]))
"""


def test_one_worker_finishes_its_seed_and_all_is_told(tmp_path: Path) -> None:
    kept, script = tmp_path / "campaign.jsonl", tmp_path / "twice.py"
    script.write_text(_TWICE, encoding="utf-8")
    command = [sys.executable, str(script), "--resume", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "rebalance: interrupted\n"
    assert done.stdout.startswith("3 seeds; 3 of them now, in ")
    assert done.stdout.endswith("No seed failed.\n")
    assert [batch.seeds for batch in read_batches(kept)] == [(1,), (2,), (3,)]


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
