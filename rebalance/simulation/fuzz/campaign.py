"""Many seeds on many workers: handed out in batches, stopped at any time, gone on with later.

Rule kept: results count as they come in and are written down at once; who wants to stop
(`goes_on`) is given what is in play when it is done, so that a seed that was begun is neither lost
nor played twice. Where they are played is the executor's business: this process, processes on all
cores, or a dask cluster; all three have the interface of `concurrent.futures`.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from rebalance.simulation.fuzz.batch import Batch, BatchError, Found, play_batch
from rebalance.simulation.fuzz.coverage import Reached

__all__ = [
    "Campaign",
    "Here",
    "WorkerDiedError",
    "append_batch",
    "cores",
    "give_up",
    "processes",
    "read_batches",
    "run",
]

BATCH = 10
"""Seeds in one batch: a second or two of work, so that progress and stopping are prompt."""
_AHEAD = 2
"""Batches that are handed out for each worker: one to play, one to go on with."""


class WorkerDiedError(Exception):
    """A process that played was killed, and nothing can be played there any more.

    The seeds that were being played, `seeds`, have not come out; one of them may be what killed it.
    """

    def __init__(self, seeds: tuple[int, ...]) -> None:
        super().__init__(
            "a worker died while these seeds were played, out of memory perhaps: "
            + ", ".join(map(str, seeds))
        )
        self.seeds = seeds


@dataclass(slots=True, kw_only=True)
class Campaign:
    """What came of all seeds so far."""

    seeds: set[int] = field(default_factory=set)
    trace_events: list[int] = field(default_factory=list)
    processed: int = 0
    reached: Counter[Reached] = field(default_factory=Counter)
    reached_in: Counter[Reached] = field(default_factory=Counter)
    """By how many seeds."""
    limits: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Count a batch; seeds that were counted before are not counted again."""
        if self.seeds.isdisjoint(batch.seeds):
            self.seeds.update(batch.seeds)
            self.trace_events += batch.trace_events
            self.processed += batch.processed
            self.reached.update(batch.reached)
            self.reached_in.update(batch.reached_in)
            self.limits.update(batch.limits)
            self.found = sorted([*self.found, *batch.found], key=lambda each: each.seed)

    @property
    def median_events(self) -> int:
        """Events of the trace of a scenario in the middle; 0 without any."""
        return int(median(self.trace_events)) if self.trace_events else 0


def read_batches(path: Path) -> list[Batch]:
    """The batches of a campaign's file; a last line that was cut off is left out.

    Raises:
        BatchError: another line cannot be read, or tells of other stories; OSError as reading
            raises it.
    """
    *whole, rest = path.read_text(encoding="utf-8").split("\n")
    if rest and not rest.startswith("{"):
        whole.append(rest)  # nobody's half line of ours
    batches: list[Batch] = []
    for number, line in enumerate(whole, start=1):
        try:
            batches.append(Batch.from_json(line))
        except BatchError as error:
            raise BatchError(f"{path}:{number}: {error}") from None
    return batches


def append_batch(path: Path, batch: Batch) -> None:
    """Write down one more, in place of a last line that was cut off when its writer was killed.

    Raises:
        OSError: as reading and writing raise it.
    """
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        if file.read() != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write(batch.to_json().encode() + b"\n")


def run(
    seeds: Iterable[int],
    executor: Executor,
    *,
    workers: int,
    goes_on: Callable[[], bool],
) -> Iterator[Batch]:
    """Play `seeds`, batches in the order in which they are done, for as long as `goes_on()`.

    Then what was handed out is still waited for and given: other processes have begun it. `Here`
    seed by seed.

    Raises:
        WorkerDiedError: after all that was done was given; what a worker raises, likewise.
    """
    size, ahead = (1, 1) if isinstance(executor, Here) else (BATCH, workers * _AHEAD)
    left = iter(seeds)
    running: dict[Future[Batch], tuple[int, ...]] = {}
    try:
        while True:
            while len(running) < ahead and goes_on():
                batch = tuple(islice(left, size))
                if not batch:
                    break
                running[executor.submit(play_batch, batch)] = batch
            if not running:
                return
            done = wait(running, return_when=FIRST_COMPLETED).done
            for future in sorted(
                done, key=lambda each: (each.exception() is not None, running[each])
            ):
                result = future.result()
                del running[future]
                yield result
    except BrokenExecutor as error:
        lost = sorted(seed for batch in running.values() for seed in batch)
        raise WorkerDiedError(tuple(lost)) from error


class Here(Executor):
    """Plays in this process: what `--workers 1` means, and what a debugger can step into."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Play now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def processes(workers: int) -> AbstractContextManager[Executor]:
    """So many processes of their own. An interruption is this process's to deal with, and if it is
    killed they end."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)


def give_up(executor: Executor) -> None:
    """Wait for nothing that is in play: a process of ours that plays is ended, a task cancelled."""
    executor.shutdown(wait=False)
    for child in active_children():
        child.terminate()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A worker whose parent is gone would play what was handed out, and wait for ever for more.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
