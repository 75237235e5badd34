"""One promise after the other, in this process.

The rule kept here: declared or not, each is judged in the same way; what an assignor says of itself
only decides whether a failure is one.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import replace

from assignors.interface import Assignor, Promise
from rebalance.testing.check.hash_seeds import Twins, TwinsUnavailableError
from rebalance.testing.check.limits import TimeLimit
from rebalance.testing.check.report import Judgement, Report
from rebalance.testing.check.search import Found, search
from rebalance.testing.check.subject import Subject
from rebalance.testing.foreign import adapted

EXAMPLES = 200
TIME_LIMIT_S = 10.0
_MOST_TWIN_EXAMPLES = 60

Progress = Callable[[Promise, int], None]
"""Called before each group that is judged: the promise, and how many were judged before."""


def check(
    assignor: Assignor | type | str,
    *,
    examples: int = EXAMPLES,
    seed: int = 0,
    also: Collection[Promise] = (),
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress = lambda promise, done: None,
) -> Report:
    """Judge every promise of an assignor.

    `assignor`: as `assignors.resolve` takes it, or one of aiokafka's or kafka-python's own (see
    `foreign.adapted`). `examples`: groups to judge for each promise. `also`: promises to
    hold it to besides the declared ones. `time_limit_s`: for one call of the assignor.
    Raises AssignorError if there is no such assignor.
    """
    found = adapted(assignor)
    judgements = judged(
        found,
        tuple(Promise),
        examples=examples,
        seed=seed,
        also=also,
        time_limit_s=time_limit_s,
        progress=progress,
        source=assignor if isinstance(assignor, str) else None,
    )
    return Report(
        assignor=assignor if isinstance(assignor, str) else found.name,
        name=found.name,
        examples=examples,
        seed=seed,
        judgements=tuple(judgements),
    )


def judged(
    assignor: Assignor,
    promises: Collection[Promise],
    *,
    examples: int = EXAMPLES,
    seed: int = 0,
    also: Collection[Promise] = (),
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress = lambda promise, done: None,
    source: str | bytes | None = None,
    hidden: Collection[str] = (),
    path: str = "",
    subject: Subject | None = None,
) -> Iterator[Judgement]:
    """One judgement after the other, in the order given.

    `source`: where other processes find the assignor, to ask it under other hash seeds; default:
    itself, pickled. If it cannot be found there, hash seeds are left out. `hidden`: packages that
    are not to be found there either.
    """
    limit = TimeLimit(time_limit_s)
    subject = subject or Subject(assignor, limit, frozenset(also))
    with closing(subject.limit):
        for promise in promises:
            found = _found(subject, promise, examples, seed, progress, source, hidden)
            yield Judgement(
                promise=promise,
                declared=promise in subject.promises,
                judged=found.judged,
                broken=found.broken,
                group=found.group,
                seen=found.seen,
                path=path,
                left_out=found.left_out,
            )


def _found(
    subject: Subject,
    promise: Promise,
    examples: int,
    seed: int,
    progress: Progress,
    source: str | bytes | None,
    hidden: Collection[str],
) -> Found:
    done = 0

    def tick() -> None:
        nonlocal done
        progress(promise, done)
        done += 1

    found = search(subject, promise, examples=examples, seed_=seed, tick=tick)
    if promise is not Promise.DETERMINISTIC or found.broken is not None:
        return found
    if subject.limit.overdue:
        why = (
            f"and {found.left_out}"
            if found.left_out
            else "since the assignor does not always return"
        )
        return replace(found, left_out=f"hash seeds, {why}")
    try:
        source = source or pickle.dumps(subject.assignor)
        with Twins(source, subject.limit.seconds, tuple(hidden)) as twins:
            hashed = search(
                subject,
                promise,
                examples=min(examples, _MOST_TWIN_EXAMPLES),
                seed_=seed,
                judge=twins.judge,
                tick=tick,
            )
            return replace(hashed, judged=found.judged + hashed.judged)
    except (TwinsUnavailableError, pickle.PicklingError, AttributeError, TypeError):
        why = "hash seeds, since the assignor cannot be made in another process"
        return replace(found, left_out=why)
