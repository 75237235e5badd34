"""What the command and the process of a foreign assignor say to each other: pickles, over pipes.

The rule kept here: nothing that an assignor's module defines is in a message, so that the command
never imports it. Those of `rebalance.testing.check` would not do: they need Hypothesis.
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rebalance.cli.assigning.running import Outcome
from rebalance.group_file import GroupFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Find the assignor. Answered by `Loaded`, or by `Failed` if there is none."""

    spec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run it on this group. Answered by `Ran`."""

    group: GroupFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """How is the group after its first round, or its last? Answered by `Followed`, `Failed`."""

    every_round: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Its own code runs from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """It has returned, or raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """It is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of it."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The group afterwards."""

    group: GroupFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """There is no answer, and why not, in one line."""

    why: str


def environment() -> dict[str, str]:
    """The environment of a process that finds the same modules as this one."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path}


def send(pipe: IO[bytes], message: Any) -> None:
    """One message into a pipe; raises OSError if nobody is at its other end."""
    pickle.dump(message, pipe)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next message of a pipe; raises EOFError when the other side has ended."""
    return pickle.load(pipe)
