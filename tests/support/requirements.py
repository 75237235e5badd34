"""What a machine may lack, and what follows: a test skipped with the reason, or a failure in CI.

Rule: a test that cannot run says what is lacking. With ``REBALANCE_REQUIRE=all``, which CI sets,
nothing may be lacking, so that a green CI run means that everything ran.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import NoReturn

import pytest

REQUIRE_VARIABLE = "REBALANCE_REQUIRE"
_MINIMUM_JAVA = 17


_lacks: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    """A tool, the commands by which it may be known, and what to install."""

    commands: tuple[str, ...]
    advice: str


_TOOLS = {
    "java": _Tool(commands=("java",), advice=f"install Java {_MINIMUM_JAVA} or later"),
    "javac": _Tool(commands=("javac",), advice=f"install a JDK {_MINIMUM_JAVA} or later"),
    "mvn": _Tool(commands=("mvn",), advice="install Maven"),
    "go": _Tool(commands=("go",), advice="install Go"),
    "browser": _Tool(
        commands=("chromium", "chromium-browser", "google-chrome"),
        advice="install Chromium",
    ),
}


def require(*tools: str, what: str = "this test") -> None:
    """Go on only if every tool ("java", "javac", "mvn", "go", "browser") is here.

    ``what`` names in the plural what is not run else: "Apache Kafka tests".
    """
    lacks = [lack for lack in map(lack_of, tools) if lack is not None]
    if lacks:
        not_run(what, "; ".join(lacks))


def not_run(what: str, lack: str) -> NoReturn:
    """Skip, or fail where nothing may be lacking."""
    message = f"{what} not run: {lack}"
    if os.environ.get(REQUIRE_VARIABLE) == "all":
        pytest.fail(f"{message} ({REQUIRE_VARIABLE}=all forbids skipping)", pytrace=False)
    _lacks.add(f"Skipped: {message}")
    pytest.skip(message)


def fold(report: pytest.TestReport) -> None:
    """Give all skips of ``not_run`` one place: pytest's summary then has one line for all of them.

    No line number, which pytest's summary allows and its annotation does not.
    """
    if isinstance(report.longrepr, tuple) and report.longrepr[2] in _lacks:
        report.longrepr = ("this machine", None, report.longrepr[2])  # type: ignore[assignment]


def lack_of(tool: str) -> str | None:
    """What is lacking for a tool and what to do, None if nothing is."""
    wanted = _TOOLS[tool]
    found = next(filter(None, map(shutil.which, wanted.commands)), None)
    if found is None:
        names = " or ".join(f"`{command}`" for command in wanted.commands)
        return f"no {names} on PATH ({wanted.advice})"
    if tool == "java":
        return _java_lack(found, wanted.advice)
    return None


def _java_lack(java: str, advice: str) -> str | None:
    """macOS ships a ``java`` that only asks for a Java; distributions still ship old ones."""
    said = subprocess.run(
        [java, "-version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    version = re.search(r'version "(\d+)', said.stdout)
    if said.returncode != 0 or version is None:
        return f"`java` on PATH does not run ({advice})"
    if int(version[1]) < _MINIMUM_JAVA:
        return f"`java` on PATH is version {version[1]} ({advice})"
    return None
