"""The same assignor in two processes whose strings hash differently.

What depends on the order of a set is the same within one process and another in the next: a new
leader, another plan. The rule kept here: both processes are asked the same and must answer the
same; each lives as long as it is asked.
"""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from rebalance.testing.check.judges import Broken, Unjudged, differing, need_two
from rebalance.testing.check.subject import NotAskedError, Subject
from rebalance.testing.groups import Group
from rebalance.testing.pipes import environment, receive, send

HASH_SEEDS = ("1", "7")
"""Sets of {m1, m2}, {m1, m2, m3}, {a, b} and {a, b, c} iterate differently under the two."""


class TwinsUnavailableError(Exception):
    """The assignor cannot be made in another process, e.g. because it was defined in a function."""


class Twins:
    """Two processes with one assignor each.

    `source`: `module:Class` or a registered name, or the pickled assignor. `time_limit_s`: for one
    call there. `hidden`: packages not to be found there. Entering raises TwinsUnavailableError if
    the assignor cannot be made there.
    """

    def __init__(
        self, source: str | bytes, time_limit_s: float, hidden: tuple[str, ...] = ()
    ) -> None:
        self._hello = source, time_limit_s, hidden
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for hash_seed in HASH_SEEDS:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-P", "-m", "rebalance.testing.check.twin"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(PYTHONHASHSEED=hash_seed),
                )
            )
        try:
            for process in self._processes:
                send(process.stdin, self._hello)
            if not all(receive(process.stdout) for process in self._processes):
                raise TwinsUnavailableError
        except (OSError, EOFError):
            self.__exit__(None, None, None)
            raise TwinsUnavailableError from None
        except TwinsUnavailableError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.kill()  # it holds nothing that is worth an end of its own
            process.communicate()
        self._processes = []

    def judge(self, subject: Subject, group: Group) -> Broken | None:
        """Whether both say the same of a group."""
        try:
            subject.before(group)
            for process in self._processes:
                send(process.stdin, group)
            first, second = (receive(process.stdout) for process in self._processes)
        except (OSError, EOFError, NotAskedError) as lost:
            raise Unjudged from lost
        if first == second:
            need_two(group, first)
            return None
        seeds = " and ".join(HASH_SEEDS)
        why = f"under PYTHONHASHSEED {seeds} it answers differently: it uses the order of a set"
        return differing(why, first, second)
