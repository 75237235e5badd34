"""Builds the Go program beside this file, from the modules that its go.sum names.

Rule: built once per machine and version of the sources, into the user's cache directory. The
binary either is whole or does not exist.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from rebalance.testing.apache_kafka import libraries
from tests.support.requirements import not_run, require

_SOURCES = Path(__file__).parent / "go"
_BUILD_TIMEOUT_S = 600


class GoBuildError(RuntimeError):
    """The program could not be built: its message has Go's own words."""


def require_go(what: str) -> None:
    """Skip, or in CI fail, where the program cannot be built."""
    require("go", what=what)
    try:
        built()
    except GoBuildError as error:
        not_run(what, str(error))


@cache
def built() -> Path:
    """The program. Raises GoBuildError."""
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.iterdir()):
        digest.update(source.name.encode() + source.read_bytes())
    target = libraries.directory().parent / f"go-judge-{digest.hexdigest()[:8]}"
    if not target.is_file():
        _build(target)
    return target


def _build(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{target.name}.part-", dir=target.parent) as part:
        made = Path(part) / "judge"
        try:
            done = subprocess.run(
                ["go", "build", "-o", str(made), "."],
                cwd=_SOURCES,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_BUILD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GoBuildError(f"`go build` took {_BUILD_TIMEOUT_S} s") from None
        if done.returncode != 0:
            raise GoBuildError(f"`go build` failed: {done.stdout.strip()[-500:]}")
        os.replace(made, target)  # another run may have been first, with the same sources
