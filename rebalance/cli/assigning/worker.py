"""`python -m rebalance.cli.assigning.worker`: the process of one assignor that is not ours.

It may be lost: the assignor is imported and called here and nowhere else. The rule kept here: what
the assignor prints, reads or raises is no message, and its own interrupt is not the user's.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import IO, Any

from assignors.errors import AssignorError, AssignorFailedError
from assignors.interface import Assignor
from assignors.model import GroupAssignment
from rebalance.cli.assigning.messages import (
    Answered,
    Asking,
    Failed,
    Follow,
    Followed,
    Load,
    Loaded,
    Ran,
    Run,
)
from rebalance.cli.assigning.running import Outcome, afterwards, run
from rebalance.cli.assigning.today import Today
from rebalance.testing.foreign import adapted
from rebalance.testing.pipes import receive, send


def main() -> None:
    """Answer requests until nobody makes any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # it may be killed at any time
    requests = _requests(_private(0, "rb", os.open(os.devnull, os.O_RDONLY)))
    worker = _Worker(_private(1, "wb", 2))
    while True:
        worker.answer(requests.get())


def _private(descriptor: int, mode: str, instead: int) -> IO[bytes]:
    """A pipe that the assignor does not know; what it takes for it is something else."""
    kept = os.fdopen(os.dup(descriptor), mode)
    os.dup2(instead, descriptor)
    return kept


def _requests(pipe: IO[bytes]) -> SimpleQueue[Any]:
    """What is asked for; once nobody can ask, the process ends, whatever it is doing."""
    requests: SimpleQueue[Any] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                requests.put(receive(pipe))
        except EOFError:
            os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return requests


class _Worker:
    """The assignor, once it is loaded, and what came of it, once it ran."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._spec = ""
        self._assignor: Assignor
        self._today: Today
        self._outcome: Outcome

    def answer(self, request: Any) -> None:
        """One answer to each request, whatever happens."""
        try:
            send(self._out, self._answer(request))
        except AssignorError as error:
            send(self._out, Failed(why=_line(error)))

    def _answer(self, request: Any) -> Any:
        if isinstance(request, Load):
            self._spec = request.spec
            with self._asking():
                self._assignor = adapted(request.spec)
            return Loaded()
        if isinstance(request, Run):
            self._today = Today.of(request.group)
            outcome = run(self._assignor, self._spec, self._today, asking=self._asking)
            with self._asking():
                self._outcome = _own(outcome, self._today)
            return Ran(outcome=self._outcome)
        assert isinstance(request, Follow)
        with self._asking():
            group = afterwards(
                self._assignor, self._outcome, self._today, every_round=request.every_round
            )
        return Followed(group=group)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Its own code is at work. Raises AssignorError, whatever that code raises."""
        send(self._out, Asking())
        try:
            yield
        except AssignorError:
            raise
        except BaseException as error:
            raise AssignorFailedError(
                f"{self._spec} raised {_words(error)}: fix it, or choose another"
            ) from error
        finally:
            send(self._out, Answered())


def _own(outcome: Outcome, today: Today) -> Outcome:
    """The same in objects of ours: names and plans may be of classes that only this process has."""
    index = today.settled.index
    rounds = tuple(
        replace(
            each,
            plan=GroupAssignment(
                {
                    member: index.partitions(index.numbers(each.plan[member]))
                    for member in today.members
                }
            ),
        )
        for each in outcome.rounds
    )
    return replace(outcome, name=str.__str__(outcome.name), rounds=rounds)


def _line(error: AssignorError) -> str:
    return " ".join(_words(error, str).split())


def _words(error: BaseException, say: Any = repr) -> str:
    """What it says of itself; its class where even that raises."""
    try:
        return str.__str__(say(error))
    except BaseException:
        return type(error).__name__


if __name__ == "__main__":
    main()
