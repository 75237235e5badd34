"""What the command runs side by side, whichever process it runs in.

The rule kept here: what we wrote runs in this process, where it starts at once; anybody else's code
runs in one of its own, which may be lost (isolation.py).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from assignors.interface import BUILT_IN, Assignor
from rebalance.cli.assigning.isolation import Isolated
from rebalance.cli.assigning.optimizing import configured
from rebalance.cli.assigning.running import Outcome, afterwards, run
from rebalance.cli.assigning.today import Today
from rebalance.group_file import GroupFile


class Candidate(Protocol):
    """One that runs."""

    @property
    def label(self) -> str:
        """How the assignor was asked for."""

    def run(self, today: Today) -> Outcome:
        """Run it; what goes wrong is in the outcome."""

    def afterwards(self, outcome: Outcome, today: Today, *, every_round: bool) -> GroupFile:
        """The group once it follows the first plan, or the last. Raises AssignorError."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """An assignor of ours."""

    label: str
    assignor: Assignor

    def run(self, today: Today) -> Outcome:
        """See `Candidate`."""
        return run(self.assignor, self.label, today)

    def afterwards(self, outcome: Outcome, today: Today, *, every_round: bool) -> GroupFile:
        """See `Candidate`."""
        return afterwards(self.assignor, outcome, today, every_round=every_round)


def candidate(spec: str, group: GroupFile, time_limit_s: float, running: ExitStack) -> Candidate:
    """The assignor asked for; `running` ends its process, if it has one.

    Raises AssignorError if there is none.
    """
    if spec in BUILT_IN:
        return InProcess(spec, configured(spec, group))
    return running.enter_context(Isolated(spec, time_limit_s))
