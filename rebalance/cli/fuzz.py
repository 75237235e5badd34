"""`rebalance fuzz`: seeds to hostile scenarios; a failing one is shrunk to a file to replay."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.interruption import Interruption, interruptible
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import check_writable

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.progress import Task

    from rebalance.simulation.fuzz import Batch, Campaign, Found

_DEFAULT_SEEDS = 1000


def fuzz(
    seeds: Annotated[
        int | None,
        bounded(least=1, metavar="N", help=f"How many seeds; {_DEFAULT_SEEDS} by default."),
    ] = None,
    first: Annotated[int, bounded("--from", least=0, metavar="N", help="The first seed.")] = 0,
    to: Annotated[
        int | None, bounded("--to", least=1, metavar="M", help="Up to this seed, without it.")
    ] = None,
    seconds: Annotated[
        float | None,
        bounded(least=0.1, metavar="S", help="Stop after so long; alone: as many as fit."),
    ] = None,
    workers: Annotated[
        int | None, bounded(least=1, metavar="N", help="Processes; default: one a core.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Play on the workers of this dask scheduler."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep results here; go on with what is there."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where shrunk failing scenarios go.")
    ] = Path("fuzz-failures"),
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which transitions, errors and faults were reached.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Play hostile scenarios made out of seeds, with every checker on.

    Two to eight consumers, several topics, three to six kinds of fault each. Exit code 1: a seed
    failed; its scenario, as short as it could be made, is a file that `rebalance simulate` plays.
    Interrupted (130), it finishes the seeds in play and prints what there is so far; interrupted
    once more, it stops at once.

    Example: rebalance fuzz --seeds 10000 --resume campaign.jsonl --coverage

    Example: rebalance fuzz --from 5000 --seconds 60 --out failures
    """
    from rebalance.simulation.fuzz import Campaign, WorkerDiedError, cores, give_up, run

    if to is not None and (seeds is not None or to <= first):
        raise UsageError("--to is the end of the seeds: above --from, and not beside --seeds")
    check_writable(resume, "--resume")
    campaign, total = Campaign(), _total(seeds, first, to, seconds)
    for batch in _kept(resume):
        campaign.add(batch)
    wanted = count(first) if total is None else range(first, first + total)
    left = (seed for seed in wanted if seed not in campaign.seeds)
    started, before = time.monotonic(), len(campaign.seeds)
    at_work = workers or cores()
    with _executor(at_work, scheduler) as executor, interruptible() as interruption:
        stopped: BaseException | None = None
        goes_on = _until(started, seconds, interruption)
        try:
            with _progress(total, campaign, interruption) as tell:
                for batch in run(left, executor, workers=at_work, goes_on=goes_on):
                    campaign.add(batch)
                    _keep(resume, batch)
                    tell()
        except KeyboardInterrupt as insisted:
            stopped = insisted
            give_up(executor)
        except WorkerDiedError as error:
            stopped = error
        interruption.over = True
        if interruption.asked and stopped is None:
            stopped = KeyboardInterrupt()
        took_s = time.monotonic() - started
        files = [_write(out, found) for found in campaign.found]
        interrupted = isinstance(stopped, KeyboardInterrupt)
        if json_output:
            print(json.dumps(_as_json(campaign, files, took_s, interrupted), indent=2))
        else:
            for line in _report(campaign, files, len(campaign.seeds) - before, took_s, coverage):
                print(line)
    _end(campaign, stopped)


def _end(campaign: "Campaign", stopped: BaseException | None) -> None:
    """The exit code; 130, of which `main` says what it means, only where no seed failed."""
    interrupted = isinstance(stopped, KeyboardInterrupt)
    if interrupted and not campaign.found:
        raise typer.Exit(130)
    if stopped is not None:
        print(f"rebalance fuzz: {'interrupted' if interrupted else stopped}", file=sys.stderr)
    if campaign.found or stopped is not None:
        raise typer.Exit(1)


def _total(seeds: int | None, first: int, to: int | None, seconds: float | None) -> int | None:
    """How many seeds; None: as many as there is time for."""
    if to is not None:
        return to - first
    return seeds if seeds is not None or seconds is not None else _DEFAULT_SEEDS


def _until(started: float, seconds: float | None, interruption: Interruption) -> Callable[[], bool]:
    def goes_on() -> bool:
        in_time = seconds is None or time.monotonic() - started < seconds
        return in_time and not interruption.asked

    return goes_on


# --- who plays -----------------------------------------------------------------------------------


def _executor(workers: int, scheduler: str | None) -> "AbstractContextManager[Executor]":
    from rebalance.simulation.fuzz import Here, processes

    if scheduler is not None:
        return _cluster(scheduler)
    return nullcontext(Here()) if workers == 1 else processes(workers)


@contextmanager
def _cluster(address: str) -> "Iterator[Executor]":
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "--scheduler needs dask.distributed: pip install 'kafka-rebalance[distributed]'"
        ) from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise UsageError(f"--scheduler {address}: no scheduler answers there ({error})") from None
    with client, client.get_executor() as executor:
        yield executor


# --- what is kept --------------------------------------------------------------------------------


def _kept(path: Path | None) -> "Iterable[Batch]":
    from rebalance.simulation.fuzz import BatchError, read_batches

    if path is None or not path.exists():
        return ()
    try:
        return read_batches(path)
    except BatchError as error:
        raise UsageError(f"--resume {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--resume {path}: cannot be read ({error})") from None


def _keep(path: Path | None, batch: "Batch") -> None:
    from rebalance.simulation.fuzz import append_batch

    if path is not None:
        append_batch(path, batch)


def _write(directory: Path, found: "Found") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"seed-{found.seed}-{found.kind}.txt"
    path.write_text(found.text, encoding="utf-8")
    return path


# --- what is told --------------------------------------------------------------------------------


@contextmanager
def _progress(
    total: int | None, campaign: "Campaign", interruption: Interruption
) -> Iterator[Callable[[], None]]:
    """Seeds done, rate, time left and failures; on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, RenderableColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.progress import TimeRemainingColumn as Remaining

    class Stops(RenderableColumn):
        """What the bar waits for after Ctrl-C."""

        def render(self, task: "Task") -> str:
            return "finishes what is in play; Ctrl-C again: stops" if interruption.asked else ""

    before = len(campaign.seeds)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), Stops())
    bar = Progress(*columns, Elapsed(), Remaining(), console=Console(stderr=True), transient=True)
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with bar:
        task = bar.add_task("", total=total, completed=before if total else 0)
        started = time.monotonic()

        def tell() -> None:
            done = len(campaign.seeds) - before
            rate = done / max(time.monotonic() - started, 0.001)
            text = f"{rate:.0f}/s · {len(campaign.found)} failed"
            bar.update(task, completed=len(campaign.seeds), description=text)

        yield tell


def _report(
    campaign: "Campaign", files: list[Path], played: int, took_s: float, coverage: bool
) -> Iterator[str]:
    rate = played / max(took_s, 0.001)
    yield (
        f"{len(campaign.seeds):,} seeds; {played:,} of them now, in {took_s:.1f} s "
        f"({rate:.1f} a second)"
    )
    yield (
        f"A scenario has {campaign.median_events:,} events in its trace (median); "
        f"{campaign.processed:,} simulated events in all."
    )
    for limit, seeds in campaign.limits.items():
        yield f"A limit of Kafka's protocol, no failure, in {seeds:,} seeds: {limit}."
    if coverage:
        yield from _coverage(campaign)
    for found, path in zip(campaign.found, files, strict=True):
        smallest = " (there was more to try)" if found.gave_up else ""
        yield f"seed {found.seed}: {found.message}"
        yield f"  shrunk in {found.plays} plays{smallest}: rebalance simulate {path}"
    if not campaign.seeds:
        yield "No seed was played to its end."
    elif campaign.found:
        yield f"{len(campaign.found):,} seed{'s' * (len(campaign.found) > 1)} failed."
    else:
        yield "No seed failed."


def _coverage(campaign: "Campaign") -> Iterator[str]:
    from rebalance.simulation.fuzz import everything, words

    missed = []
    yield f"{'times':>12}  {'in seeds':>10}"
    for item in everything():
        times, seeds = campaign.reached[item], campaign.reached_in[item]
        if times:
            yield f"{times:>12,}  {seeds:>10,}  {words(item)}"
        else:
            missed.append(words(item))
    yield f"Not reached: {'; '.join(missed) or 'nothing'}."


def _as_json(
    campaign: "Campaign", files: list[Path], took_s: float, interrupted: bool
) -> dict[str, Any]:
    from rebalance.simulation.fuzz import everything

    return {
        "seeds": len(campaign.seeds),
        "seconds": round(took_s, 3),
        "interrupted": interrupted,
        "median_trace_events": campaign.median_events,
        "processed": campaign.processed,
        "limits": dict(campaign.limits),
        "reached": {" ".join(item): campaign.reached[item] for item in everything()},
        "reached_in_seeds": {" ".join(item): campaign.reached_in[item] for item in everything()},
        "failures": [
            asdict(found) | {"file": str(path)}
            for found, path in zip(campaign.found, files, strict=True)
        ],
    }
