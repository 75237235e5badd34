"""What docs/assign.md shows is what the command prints, and its group file can be read.

`python -m tests.cli.test_assign_page` writes the page anew; read the difference before it is kept.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from rebalance.group_file import dump, load
from tests.cli.commands import COMMAND, ROOT

PAGE = ROOT / "docs" / "assign.md"
BLOCK = re.compile(r"```text\n\$ rebalance (?P<arguments>.*)\n(?P<output>(?:.*\n)*?)```\n")
EXAMPLES = sorted((ROOT / "examples" / "groups").glob("*.yaml"))


def printed(arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *shlex.split(arguments)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def blocks() -> list[tuple[str, str]]:
    return [(found["arguments"], found["output"]) for found in BLOCK.finditer(PAGE.read_text())]


@pytest.mark.parametrize(("arguments", "output"), blocks(), ids=lambda value: value[:60])
def test_the_page_shows_what_is_printed(arguments: str, output: str) -> None:
    assert printed(arguments) == output


def test_the_page_has_examples() -> None:
    assert len(blocks()) >= 4


def test_the_group_file_of_the_page_can_be_read() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    group = load(text, "docs/assign.md")
    assert list(group.members) == ["checkout-1", "checkout-2"]
    assert group.weights["orders"] == 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_does_what_its_first_lines_say(path: Path) -> None:
    text = path.read_text()
    group = load(text, path.name)
    assert load(dump(group), "dumped") == group
    commands = re.findall(r"^# +rebalance (assign .*)$", text, re.MULTILINE)
    assert commands
    for command in commands:
        assert "FAILED" not in printed(command)


def rewritten(page: str) -> str:
    return BLOCK.sub(
        lambda found: (
            f"```text\n$ rebalance {found['arguments']}\n{printed(found['arguments'])}```\n"
        ),
        page,
    )


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
