"""`check` in a process of its own, watched from outside.

An assignor can end its process or hold the interpreter for ever; that too is a finding, and the
command goes on. The rule kept here: this process never imports the assignor. When the other is lost
it is started once more with the same seed, so with the same groups, and says each before it asks:
the last one it said is the counter-example.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from assignors.errors import AssignorError
from assignors.interface import Promise
from rebalance.testing.check.engine import EXAMPLES, TIME_LIMIT_S, Progress
from rebalance.testing.check.judges import Broken
from rebalance.testing.check.losses import smallest_lost
from rebalance.testing.check.messages import (
    OPTIONAL,
    Asking,
    Done,
    Introduced,
    Job,
    Progressed,
    Unusable,
)
from rebalance.testing.check.processes import LostError, Process, SilentError
from rebalance.testing.check.report import Judgement, Report
from rebalance.testing.groups import Group

Tell = Callable[[Judgement], None]
"""Called with each judgement as soon as it is made."""

_SLACK_S = 20.0
"""Beyond twice the limit of one call: a process that starts or draws says nothing meanwhile."""

_MOST_LOST = 2
"""Processes, beyond the one that is a finding, until what is left of the promises is left out."""

WITHOUT = {"ortools": "without OR-tools"}
"""How the path is called on which an optional package is hidden."""


def supervised(
    spec: str,
    *,
    promises: Collection[Promise] = tuple(Promise),
    examples: int = EXAMPLES,
    seed: int = 0,
    also: Collection[Promise] = (),
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress = lambda promise, done: None,
    tell: Tell = lambda judgement: None,
) -> Report:
    """As `engine.check`, for an assignor by name or `module:Class`.

    An assignor that used OR-tools is judged once more where OR-tools cannot be imported, as on a
    bare install. `tell` gets each judgement as it comes. Raises AssignorError if there is no such
    assignor.
    """
    job = Job(
        spec=spec,
        promises=tuple(each.value for each in Promise if each in promises),
        also=tuple(each.value for each in Promise if each in also),
        examples=examples,
        seed=seed,
        time_limit_s=time_limit_s,
    )
    judgements: list[Judgement] = []

    def keep(watched: _Watched) -> None:
        for judgement in watched.judgements():
            tell(judgement)
            judgements.append(judgement)

    first = _Watched(job, progress)
    keep(first)
    for package in OPTIONAL:
        if package in first.loaded:
            keep(_Watched(replace(job, hidden=(package,), path=WITHOUT[package]), progress))
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
            if not left:
                return  # it had done all it was there for
            found = self._post_mortem(left.pop(0), lost)
            yield found
            yield from self._others(left, found.group, lost)

    def _others(
        self, left: list[Promise], deadly: Group | None, lost: LostError
    ) -> Iterator[Judgement]:
        """The other promises, on groups smaller than the one for which the process was lost."""
        losses = 0
        while left and losses < _MOST_LOST:
            names = tuple(each.value for each in left)
            try:
                for judgement in self._run(replace(self._job, promises=names, below=deadly)):
                    left.remove(judgement.promise)
                    yield replace(judgement, left_out=_left_out(judgement, deadly, lost))
            except LostError as again:
                losses += 1
                if left:
                    yield self._judgement(left.pop(0), left_out=f"all groups: its process {again}")
        for promise in left:
            yield self._judgement(promise, left_out=f"all groups: its process {lost}")

    @property
    def _patience_s(self) -> float:
        return 2 * self._job.time_limit_s + _SLACK_S

    def _run(self, job: Job) -> Iterator[Judgement]:
        with Process("worker", job) as process:
            while True:
                message = process.receive(self._patience_s)
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
        with Process("worker", again) as process:
            while True:
                try:
                    message = process.receive(self._patience_s)
                except LostError as error:
                    lost = error
                    break
                if isinstance(message, Asking):
                    last = message.group
                elif isinstance(message, Judgement | Done):
                    last = None  # this time it survived: all we know is how it ended
                    break
        if last is not None:
            silent = isinstance(lost, SilentError)
            last = smallest_lost(self._job, last, silent=silent)
        why = f"assignor {self.name!r} cannot be relied on: its process {lost}"
        return self._judgement(promise, group=last, broken=Broken(why=why))

    def _judgement(self, promise: Promise, **found: Any) -> Judgement:
        return Judgement(
            promise=promise,
            declared=promise in self._declared,
            judged=1 if "broken" in found else 0,
            seen=found.get("group"),
            path=self._job.path,
            **found,
        )


def _left_out(judgement: Judgement, deadly: Group | None, lost: LostError) -> str:
    if deadly is None:
        return judgement.left_out
    larger = f"groups at least as large as the one for which its process {lost}"
    return "; ".join(each for each in (larger, judgement.left_out) if each)
