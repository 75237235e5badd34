"""`rebalance assign` in this process, and files for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rebalance.cli.main import run
from tests.cli.commands import Assign, Outcome


@pytest.fixture
def assign(capsys: pytest.CaptureFixture[str]) -> Assign:
    def call(*arguments: str) -> Outcome:
        code = run(["assign", *arguments])
        said = capsys.readouterr()
        return Outcome(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "group.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write
