"""docs/compare.md: what it prints is what the commands print; docs/scenarios.md: so is its file."""

import re
import shlex
from pathlib import Path

import pytest

from rebalance.cli.main import run

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"```console\n\$ rebalance (.*?)\n(.*?)```", re.DOTALL)
SHOWN = CONSOLE.findall((ROOT / "docs" / "compare.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "printed"), SHOWN, ids=[command for command, _ in SHOWN])
def test_commands_print_what_the_page_says(
    command: str,
    printed: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    assert run([*shlex.split(command), "--width", "80", "--workers", "1"]) == 0
    assert capsys.readouterr().out == printed


def test_there_is_something_to_run() -> None:
    assert len(SHOWN) == 4


def test_the_file_that_options_stand_for_is_the_one_of_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    section = page.partition("## A deploy without a file")[2]
    command, file = section.split("```\n")[1], section.split("```\n")[3]
    assert run([*shlex.split(command)[1:], "--print-scenario"]) == 0
    assert capsys.readouterr().out == file
