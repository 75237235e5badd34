"""From a group for which a process was lost to a small one.

The rule kept here: each candidate is asked in a process that no other one has harmed, and how many
processes that may cost is counted. What is lost by silence is found with less patience than it was
at first, so the smallest is asked once more with all of it.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rebalance.testing.check.messages import Job
from rebalance.testing.check.processes import LostError, Process
from rebalance.testing.check.reducing import reduced
from rebalance.testing.groups import Group

_MOST_LOST = 30
_MOST_SILENT = 8
_SILENT_S = 3.0
_CERTAIN_S = 10.0
_STARTING_S = 60.0
_CALL_S = 1.0
"""For a call that can be interrupted, and is no loss."""


def smallest_lost(job: Job, group: Group, *, silent: bool) -> Group:
    """The smallest group found for which the process of this job is lost.

    `silent`: it did not end, but gave no sign of life. The group itself if it happens no more.
    """
    try:
        with _Asked(job, _SILENT_S if silent else _CERTAIN_S) as asked:
            if not asked.loses(group):
                return group
            asked.left = _MOST_SILENT if silent else _MOST_LOST
            found = reduced(group, asked.loses)
        with _Asked(job, _CERTAIN_S) as asked:
            return found if not silent or asked.loses(found) else group
    except LostError:  # before it was asked
        return group


class _Asked:
    """Asks one group after the other, in a new process when the last one was lost."""

    def __init__(self, job: Job, within_s: float) -> None:
        self._hello = job.spec, min(job.time_limit_s, _CALL_S), job.hidden
        self._within_s = within_s
        self._processes = ExitStack()
        self._process: Process | None = None
        self.left = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._processes.close()

    def loses(self, group: Group) -> bool:
        """Whether the process that is asked about this group is lost; False when none are left."""
        if not (self.left and group.members):
            return False
        if self._process is None:
            self._process = self._processes.enter_context(Process("twin", self._hello))
            self._process.receive(_STARTING_S)
        try:
            self._process.ask(group, self._within_s)
        except LostError:
            self.left -= 1
            self._processes.close()
            self._process = None
            return True
        return False
