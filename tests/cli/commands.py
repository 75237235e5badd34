"""Runs `rebalance` as its own process, as a user does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "rebalance.cli.main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Assign: TypeAlias = Callable[..., Outcome]
"""`rebalance assign` in this process; see the fixture."""


def loaded(assign: Assign, *arguments: str, code: int = 0) -> Any:
    """What it prints as JSON."""
    outcome = assign(*arguments, "--json")
    assert outcome.code == code, outcome
    return json.loads(outcome.out)


def rebalance(*arguments: str, timeout_s: float = 90, path: Path | None = None) -> Outcome:
    """Run one command to its end; modules in `path` can be imported."""
    environment = dict(os.environ)
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Outcome(code=done.returncode, out=done.stdout, err=done.stderr)


def complaint(outcome: Outcome) -> str:
    """The one line of a command that was used wrongly: exit code 2, no traceback, nothing else."""
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("rebalance: error: ")
    return lines[0]
