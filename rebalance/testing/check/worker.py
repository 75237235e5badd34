"""`python -m rebalance.testing.check.worker`: judges one assignor and reports on standard output.

The process that may be lost: the assignor is imported and called here and nowhere else. The rule
kept here: what the assignor prints is no report, and what hides a dependency does so before
anything is imported.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import suppress
from typing import IO, Any

from rebalance.testing.check.messages import (
    OPTIONAL,
    Asking,
    Done,
    Introduced,
    Job,
    Progressed,
    Unusable,
)
from rebalance.testing.pipes import receive, send

_TICK_S = 0.1
_PROBE_TOPICS = {"a": 2, "b": 3}
_PROBE = (("m1", ["a", "b"]), ("m2", ["b"]))
"""No simple group: an assignor that solves anything has to solve this one."""


def main() -> int:
    """0 when everything was judged, 1 if there is no such assignor."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logging.lastResort = None  # the assignor's log is not asked for
    job: Job = receive(sys.stdin.buffer)
    hidden: dict[str, Any] = dict.fromkeys(job.hidden)
    sys.modules.update(hidden)
    return _judge(job, out)


def _judge(job: Job, out: IO[bytes]) -> int:
    from assignors.errors import AssignorError
    from assignors.interface import Promise, assignor_promises
    from assignors.model import ClusterMetadata, Subscription
    from rebalance.testing.check.engine import judged
    from rebalance.testing.check.limits import TimeLimit
    from rebalance.testing.check.subject import Subject
    from rebalance.testing.check.watched import Watched
    from rebalance.testing.foreign import adapted
    from rebalance.testing.groups import Group

    also = frozenset(Promise(each) for each in job.also)
    try:
        assignor = adapted(job.spec)
        declared = assignor_promises(assignor)
    except AssignorError as error:
        send(out, Unusable(message=str(error)))
        return 1
    names = tuple(each.value for each in Promise if each in declared)
    send(out, Introduced(name=assignor.name, declared=names))
    told = 0.0

    def progress(promise: Promise, done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TICK_S or done == 0:
            told = time.monotonic()
            send(out, Progressed(promise=promise.value, done=done))

    announce = (lambda group: send(out, Asking(group=group))) if job.announce else None

    def asked() -> Subject:
        limit = TimeLimit(job.time_limit_s)
        return Watched(assignor, limit, also, announce=announce, below=job.below)

    subject = asked()
    # Before anything is judged: judges use these packages too.
    probe = Group(ClusterMetadata(_PROBE_TOPICS), {m: Subscription(topics=t) for m, t in _PROBE})
    with suppress(AssignorError):
        asked().answer(probe)
    loaded = tuple(each for each in OPTIONAL if sys.modules.get(each))
    for judgement in judged(
        assignor,
        [Promise(each) for each in job.promises],
        examples=job.examples,
        seed=job.seed,
        progress=progress,
        source=job.spec,
        hidden=job.hidden,
        path=job.path,
        subject=subject,
    ):
        send(out, judgement)
    send(out, Done(loaded=loaded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
