"""A campaign that is interrupted at its first result; who plays notes each seed that is begun.

`interrupted_campaign.py HOW OPTION...`: HOW is a number of workers, or "dask". In the environment
BEGUN names the file of notes, INTERRUPT ("at once" or "later") says how a second Ctrl-C follows the
first, and STUCK is a seed that never ends.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from rebalance.cli import interruption
from rebalance.cli.main import run
from rebalance.simulation.fuzz import Played, batch, campaign

command = sys.modules["rebalance.cli.fuzz"]  # the package has the function by this name
play, keep = batch.play_seed, command._keep


def noted(seed: int) -> tuple[str, Played]:
    """Play a seed, in whatever process; a line of a file says that it was begun."""
    with open(os.environ["BEGUN"], "a", encoding="utf-8") as begun:
        begun.write(f"{seed}\n")
    if os.environ.get("STUCK") == str(seed):
        signal.pause()
    return play(seed)


def kept_and_interrupted(path: Path, played: batch.Batch) -> None:
    """As Ctrl-C comes: to the process that hands out."""
    keep(path, played)
    second = os.environ.pop("INTERRUPT", "")
    if second == "later":
        interruption._AT_ONCE_S = 0.0
    if second:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def workers(how: str) -> Iterator[list[str]]:
    """The options that name them."""
    if how != "dask":
        yield ["--workers", how]
        return
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield ["--scheduler", cluster.scheduler_address, "--workers", "2"]


batch.play_seed = noted
campaign.BATCH = 2
command._keep = kept_and_interrupted

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
    with workers(sys.argv[1]) as options:
        code = run(["fuzz", *options, "--json", *sys.argv[2:]])
    raise SystemExit(code)
