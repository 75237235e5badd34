"""`check` in a process of its own, watched from outside.

An assignor can end its process or hold the interpreter for ever; that too is a finding, and the
command goes on. The rule kept here: this process never imports the assignor. When the other is lost
it is started once more with the same seed, so with the same groups, and says each before it asks:
the last one it said is the counter-example.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from assignors.errors import AssignorError
from assignors.interface import Promise
from rebalance.testing.check.engine import EXAMPLES, TIME_LIMIT_S, Progress
from rebalance.testing.check.judges import Broken
from rebalance.testing.check.messages import (
    OPTIONAL,
    Asking,
    Done,
    Introduced,
    Job,
    Progressed,
    Unusable,
    environment,
    receive,
    send,
)
from rebalance.testing.check.report import Judgement, Report
from rebalance.testing.groups import Group

_SLACK_S = 20.0
"""Beyond twice the limit of one call: a process that starts or draws says nothing meanwhile."""

WITHOUT = {"ortools": "without OR-tools"}
"""How the path is called on which an optional package is hidden."""


class LostError(Exception):
    """The process ended, or does not say anything any more."""


def supervised(
    spec: str,
    *,
    promises: Collection[Promise] = tuple(Promise),
    examples: int = EXAMPLES,
    seed: int = 0,
    also: Collection[Promise] = (),
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress = lambda promise, done: None,
) -> Report:
    """As `engine.check`, for an assignor by name or `module:Class`.

    An assignor that used OR-tools is judged once more where OR-tools cannot be imported, as on a
    bare install. Raises AssignorError if there is no such assignor.
    """
    job = Job(
        spec=spec,
        promises=tuple(each.value for each in Promise if each in promises),
        also=tuple(each.value for each in Promise if each in also),
        examples=examples,
        seed=seed,
        time_limit_s=time_limit_s,
    )
    first = _Watched(job, progress)
    judgements = [*first.judgements()]
    for package in OPTIONAL:
        if package in first.loaded:
            bare = replace(job, hidden=(package,), path=WITHOUT[package])
            judgements += _Watched(bare, progress).judgements()
    return Report(
        assignor=spec, name=first.name, examples=examples, seed=seed, judgements=tuple(judgements)
    )


class _Watched:
    """One job, over as many processes as it takes."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self._job = job
        self._progress = progress
        self.name = ""
        self.loaded: tuple[str, ...] = ()
        self._declared: frozenset[Promise] = frozenset()

    def judgements(self) -> Iterator[Judgement]:
        """One for each promise. Raises AssignorError if there is no such assignor."""
        left = [Promise(each) for each in self._job.promises]
        try:
            for judgement in self._run(self._job):
                left.remove(judgement.promise)
                yield judgement
        except LostError as lost:
            if not self.name:
                raise AssignorError(
                    f"{self._job.spec} cannot be loaded: its process {lost} while importing it"
                ) from None
            yield self._post_mortem(left[0], lost)
            for promise in left[1:]:
                yield self._judgement(promise)

    def _run(self, job: Job) -> Iterator[Judgement]:
        with _Process(job) as process:
            while True:
                message = process.receive(2 * job.time_limit_s + _SLACK_S)
                if isinstance(message, Introduced):
                    self.name = message.name
                    declared = {*message.declared, *job.also}
                    self._declared = frozenset(Promise(each) for each in declared)
                elif isinstance(message, Unusable):
                    raise AssignorError(message.message)
                elif isinstance(message, Progressed):
                    self._progress(Promise(message.promise), message.done)
                elif isinstance(message, Judgement):
                    yield message
                elif isinstance(message, Done):
                    self.loaded = message.loaded
                    return

    def _post_mortem(self, promise: Promise, lost: LostError) -> Judgement:
        """The same again, for the last group that the process was asked about."""
        again = replace(self._job, promises=(promise.value,), announce=True)
        last: Group | None = None
        with _Process(again) as process:
            while True:
                try:
                    message = process.receive(2 * again.time_limit_s + _SLACK_S)
                except LostError as error:
                    lost = error
                    break
                if isinstance(message, Asking):
                    last = message.group
                elif isinstance(message, Judgement | Done):
                    break  # this time it survived: all we know is how it ended
        why = f"assignor {self.name!r} cannot be relied on: its process {lost}"
        return self._judgement(promise, group=last, broken=Broken(why=why))

    def _judgement(self, promise: Promise, **found: Any) -> Judgement:
        return Judgement(
            promise=promise,
            declared=promise in self._declared,
            judged=1 if found else 0,
            seen=found.get("group"),
            path=self._job.path,
            **found,
        )


class _Process:
    """A worker and what it says."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._said: SimpleQueue[Any] = SimpleQueue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rebalance.testing.check.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(PYTHONHASHSEED="0"),
        )
        send(self._process.stdin, self._job)
        self._reader = threading.Thread(target=self._read, name="check-worker", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def receive(self, within_s: float) -> Any:
        """What it says next. Raises LostError if it has ended or says nothing for so long."""
        try:
            message = self._said.get(timeout=within_s)
        except Empty:
            raise LostError(f"gave no sign of life for {within_s:g} s") from None
        if message is None:
            code = self._process.wait()
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise LostError(how)
        return message

    def _read(self) -> None:
        while True:
            try:
                self._said.put(receive(self._process.stdout))
            except Exception:  # a torn pickle can raise anything; it is the end all the same
                self._said.put(None)
                return
