"""What the processes of a check say to each other (`rebalance.testing.pipes`).

The rule kept here: nothing that an assignor's module defines is in a message, so that the process
which watches never imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OPTIONAL = ("ortools",)
"""Packages that a bare install lacks, and with which our assignors take another path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to judge.

    `hidden`: packages that are not to be found. `announce`: say each group. `below`: a group; ask
    about none that is as large.
    """

    spec: str
    promises: tuple[str, ...]
    also: tuple[str, ...]
    examples: int
    seed: int
    time_limit_s: float
    hidden: tuple[str, ...] = ()
    path: str = ""
    announce: bool = False
    below: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduced:
    """The assignor was found: its name on the wire and what it declares."""

    name: str
    declared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """There is no such assignor."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """So many groups of this promise have been judged."""

    promise: str
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The assignor is about to be asked about this group."""

    group: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The end; `loaded`: which optional packages the assignor used."""

    loaded: tuple[str, ...]
