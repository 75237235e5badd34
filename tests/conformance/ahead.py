"""The conversations of a long run, played in a process of its own while other tests run.

Why: they are half of the whole suite's time, and mostly wait for time to pass. Their brokers are
nobody else's, so that they can be played whenever there is a processor for them. What a test is
told is what it would have been told had it played them itself.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any

from tests.conformance.brokers import both_running
from tests.conformance.campaign import Outcome, campaign
from tests.conformance.cases import CASES
from tests.conformance.played import Played
from tests.conformance.table import play_everywhere

WORTHWHILE = 1_000
"""So many cases are played ahead; fewer are played by the test that wants them."""


class Ahead:
    """A process that plays cases by their names, then random conversations by their seeds."""

    def __init__(self, cases: Sequence[str], chunks: Sequence[range]) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.ahead"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdin is not None
        wanted = {"cases": list(cases), "chunks": [[each.start, each.stop] for each in chunks]}
        with self._process.stdin as stdin:
            stdin.write(json.dumps(wanted).encode())
        self._table: Future[Mapping[str, Played]] = Future()
        self._outcomes: dict[range, Future[Outcome]] = {chunk: Future() for chunk in chunks}
        Thread(target=self._listen, daemon=True).start()

    def table(self) -> Mapping[str, Played]:
        """The cases by name, once they are all played."""
        return self._table.result()

    def outcome(self, seeds: range) -> Outcome:
        """What came of these seeds, once they are played."""
        return self._outcomes[seeds].result()

    def stop(self) -> None:
        """Nobody waits for the rest; its brokers end with it."""
        self._process.terminate()
        self._process.wait()

    def _listen(self) -> None:
        futures: list[Future[Any]] = [self._table, *self._outcomes.values()]
        assert self._process.stdout is not None
        for number, future in enumerate(futures):
            try:
                future.set_result(pickle.load(self._process.stdout))
            except Exception as error:
                self._errors.seek(0)
                said = f"the process that plays ahead ended: {error}\n{self._errors.read()}"
                for other in futures[number:]:
                    other.set_exception(RuntimeError(said))
                return


def main() -> None:
    """Play what standard input asks for; say each result on standard output as it is there."""
    wanted = json.load(sys.stdin)
    names = set(wanted["cases"])
    with both_running() as brokers:
        cases = [case for case in CASES if case.name in names]
        _say({both.case.name: both for both in play_everywhere(brokers, cases)})
        for first, end in wanted["chunks"]:
            _say(campaign(brokers, range(first, end)))


def _say(result: object) -> None:
    sys.stdout.buffer.write(pickle.dumps(result))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
