"""The same seed gives the same bytes, whatever Python's hash seed; another seed gives others."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from rebalance.simulation import Overrides, read, run_scenario

SCENARIOS = Path(__file__).parents[1] / "testdata" / "scenarios"
STORIES = (
    "scale_out_and_in.txt",
    "subscription_changes.txt",
    "zombie.txt",
    "crash.txt",
    "answer_lost.txt",
    "broker_crash.txt",
    "clocks.txt",
    "coordinator_moves.txt",
    "failing_disk.txt",
    "network_splits.txt",
    "several_groups.txt",
    "slow_and_paused.txt",
)

PROGRAM = """
import hashlib, sys
from pathlib import Path
from rebalance.simulation import read, run_scenario

digest = hashlib.sha256()
for name in sys.argv[1:]:
    path = Path(name)
    text = path.read_text().replace("show metrics", "show groups")
    from rebalance.simulation import parse
    outcome = run_scenario(parse(text, path.name))
    digest.update("\\n".join([*outcome.trace.lines(), repr(outcome.outputs)]).encode())
    digest.update(str(outcome.simulation.events_processed).encode())
print(digest.hexdigest())
"""


def played_with(hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    files = [str(SCENARIOS / name) for name in STORIES]
    command = [sys.executable, "-c", PROGRAM, *files]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_same_bytes_under_any_hash_seed() -> None:
    first = played_with("0")
    assert len(first.strip()) == 64
    assert first == played_with("1") == played_with("4242")


def digest(seed: int) -> str:
    outcome = run_scenario(read(SCENARIOS / "crash.txt"), overrides=Overrides(seed=seed))
    return hashlib.sha256("\n".join(outcome.trace.lines()).encode()).hexdigest()


def test_seed_decides() -> None:
    assert digest(7) == digest(7)
    assert digest(7) != digest(8)
