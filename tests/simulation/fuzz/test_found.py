"""What the fuzzer found once stays found: each shrunk scenario is kept and holds today."""

import os
from pathlib import Path

import pytest

from rebalance.simulation import read, rewritten, run_scenario

FILES = sorted((Path(__file__).parents[2] / "testdata" / "found").glob("*.txt"))
REWRITE = os.environ.get("REBALANCE_REWRITE") == "1"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_found_does_not_come_back(path: Path) -> None:
    scenario = read(path)
    outcome = run_scenario(scenario)
    if REWRITE:
        path.write_text(rewritten(scenario, outcome.outputs), encoding="utf-8")
    assert not outcome.violations, "\n".join(map(str, outcome.violations))
    assert REWRITE or outcome.passed
