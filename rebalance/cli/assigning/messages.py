"""What the command and the process of a foreign assignor say to each other, over pipes.

The rule kept here: nothing that an assignor's module defines is in a message, so that the command
never imports it.
"""

from __future__ import annotations

from dataclasses import dataclass

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
