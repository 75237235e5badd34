"""Random conversations by the ten thousand: in chunks, each with brokers that begin with no group.

Why: who lists groups is told of all that were there before, so that a long campaign would spend its
time on lists. What a chunk came to is kept in a file, so that whoever was interrupted goes on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.brokers import both_running
from tests.conformance.campaign import Outcome, campaign
from tests.conformance.progress import Progress

_CHUNK = 1_000


def chunks(seeds: range) -> Iterator[range]:
    """The seeds, so many at once."""
    for first in range(seeds.start, seeds.stop, _CHUNK):
        yield range(first, min(first + _CHUNK, seeds.stop))


def played_in_chunks(seeds: range, kept: Path | None) -> Outcome:
    """Play all; what a file in `kept` tells of a chunk is taken from there."""
    whole = Outcome()
    for chunk in chunks(seeds):
        path = kept and kept / f"{chunk.start}-{chunk.stop - 1}.json"
        if path is not None and path.exists():
            outcome = _read(path)
        else:
            progress = Progress(f"from seed {chunk.start:,} on", len(chunk))
            with both_running() as brokers:
                outcome = campaign(
                    brokers,
                    chunk,
                    progress=lambda now, told=progress: told.tell(
                        now.conversations, now.differences
                    ),
                )
            if path is not None:
                _write(path, outcome)
        whole.conversations += outcome.conversations
        whole.acts += outcome.acts
        whole.answers += outcome.answers
        whole.differences += outcome.differences
    return whole


def _write(path: Path, outcome: Outcome) -> None:
    told = {
        "conversations": outcome.conversations,
        "acts": outcome.acts,
        "answers": [[*names, count] for names, count in sorted(outcome.answers.items())],
        "differences": outcome.differences,
    }
    path.write_text(json.dumps(told), encoding="utf-8")


def _read(path: Path) -> Outcome:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(
        conversations=told["conversations"],
        acts=told["acts"],
        answers=Counter({(api, error): count for api, error, count in told["answers"]}),
        differences=told["differences"],
    )
