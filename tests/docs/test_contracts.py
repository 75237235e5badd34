"""The import contracts of pyproject.toml hold, name every module they mean, and can be broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("assignors", "rebalance")
VOCABULARY = {
    "__init__",
    "model",
    "interface",
    "codec",
    "claims",
    "columns",
    "errors",
    "partitions",
    "wire",
}
SCHEMA = {"__init__", "trace", "events", "decoding"}

BREAKS = [
    ("assignors", "assignors/claims.py", "import kio"),
    ("core", "rebalance/coordinator/sessions.py", "import secrets"),
    ("core", "rebalance/member/polling.py", "import time"),
    ("core", "assignors/balance.py", "import random"),
    ("layers", "rebalance/coordinator/sessions.py", "import rebalance.member"),
    ("layers", "rebalance/simulation/network.py", "import rebalance.broker"),
    ("clients", "rebalance/clients/aiokafka/wire.py", "import rebalance.coordinator"),
    ("timeline", "rebalance/timeline/spans.py", "import assignors.model"),
    ("vocabulary", "rebalance/coordinator/sessions.py", "import assignors.balance"),
    ("schema", "rebalance/broker/tracing.py", "import rebalance.timeline.metrics"),
]


def _contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def _lint(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", script, "--no-cache", *arguments],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_contracts_are_kept() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert f"{len(_contracts())} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), BREAKS, ids=lambda value: value)
def test_a_contract_notices_what_it_forbids(
    tmp_path: Path, contract: str, file: str, line: str
) -> None:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = _lint(tmp_path, "--contract", contract)
    assert done.returncode == 1, done.stdout
    assert "0 kept, 1 broken" in done.stdout


def test_every_contract_is_broken_once_here() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(_contracts())


def test_lists_of_modules_are_complete() -> None:
    contracts = _contracts()
    algorithms = {f"assignors.{p.stem}" for p in (ROOT / "assignors").glob("*.py")}
    algorithms -= {f"assignors.{name}" for name in VOCABULARY}
    assert algorithms <= set(contracts["vocabulary"]["forbidden_modules"])
    room = ROOT / "rebalance/timeline"
    modules = [*room.glob("*.py"), *(file.parent for file in room.glob("*/__init__.py"))]
    drawing = {f"rebalance.timeline.{module.stem}" for module in modules}
    drawing -= {f"rebalance.timeline.{name}" for name in SCHEMA}
    assert drawing == set(contracts["schema"]["forbidden_modules"])
