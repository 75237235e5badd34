"""An assignor that is not ours, run in a process of its own and watched from here.

It may loop, crash, end its process or hold the interpreter for ever. The rule kept here: that is
the assignor's outcome, the command goes on in any case, and it never imports the assignor.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from assignors.errors import AssignorError
from rebalance.cli.assigning.messages import (
    Answered,
    Asking,
    Failed,
    Follow,
    Load,
    Run,
)
from rebalance.cli.assigning.running import Outcome
from rebalance.cli.assigning.today import Today
from rebalance.group_file import GroupFile
from rebalance.testing.pipes import Empty, PipedProcess

_WORKER = "rebalance.cli.assigning.worker"


class LostError(AssignorError):
    """The process ended, or its assignor did not return in time."""


class Isolated:
    """A candidate of which nobody knows what it does; a context manager, which ends its process.

    `label`: `module:Class`, or an entry point. `time_limit_s`: for each of its answers.
    Raises AssignorError on entering if there is no such assignor.
    """

    def __init__(self, label: str, time_limit_s: float) -> None:
        self.label = label
        self._time_limit_s = time_limit_s
        self._lost: str | None = None

    def __enter__(self) -> Self:
        self._process = PipedProcess(_WORKER, own_session=True)
        try:
            self._ask(Load(spec=self.label), "while importing it")
        except LostError as lost:
            self._lost = str(lost)  # an outcome like any other, once it is its turn
        except BaseException:
            self._process.end()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.end()

    def run(self, today: Today) -> Outcome:
        """Run it; what goes wrong is in the outcome."""
        error = self._lost
        if error is None:
            try:
                outcome: Outcome = self._ask(Run(group=today.group)).outcome
                return outcome
            except AssignorError as failure:
                error = str(failure)
        return Outcome(label=self.label, name=self.label, cooperative=False, error=error)

    def afterwards(self, outcome: Outcome, today: Today, *, every_round: bool) -> GroupFile:
        """See `running.afterwards`."""
        group: GroupFile = self._ask(Follow(every_round=every_round)).group
        return group

    def _ask(self, request: Any, when: str = "") -> Any:
        """The answer. Raises AssignorError if there is none."""
        self._process.send(request)
        within_s: float | None = None  # what is not the assignor's own takes as long as it takes
        while True:
            try:
                message = self._process.receive(within_s)
            except Empty:
                self._process.end()
                raise LostError(
                    f"{self.label} does not return{when and ' ' + when} (no answer after "
                    f"{within_s:g} s): it loops, or needs a longer --time-limit"
                ) from None
            except EOFError as end:
                raise LostError(
                    f"{self.label} cannot be relied on: its process {end}{when and ' ' + when}"
                ) from None
            if isinstance(message, Failed):
                raise AssignorError(message.why)
            if not isinstance(message, Asking | Answered):
                return message
            within_s = self._time_limit_s if isinstance(message, Asking) else None
