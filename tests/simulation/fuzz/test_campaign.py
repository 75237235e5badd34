"""A campaign counts what is done, whatever becomes of the rest."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import pytest

from rebalance.simulation.fuzz import Batch, Campaign, WorkerDiedError, campaign

LONG_S = 120.0


def _dies_on_20(seeds: tuple[int, ...]) -> Batch:
    if 20 in seeds:
        os.kill(os.getpid(), signal.SIGKILL)
    return Batch(seeds=seeds, trace_events=tuple(0 for _ in seeds), processed=1)


def _raises_on_20(seeds: tuple[int, ...]) -> Batch:
    if 20 in seeds:
        raise MemoryError
    return Batch(seeds=seeds, trace_events=tuple(0 for _ in seeds), processed=1)


def _play_40(counted: Campaign) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        for batch in campaign.run(range(40), executor, workers=1, goes_on=lambda: True):
            counted.add(batch)


def test_what_was_done_before_a_worker_was_killed_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(campaign, "play_batch", _dies_on_20)
    counted = Campaign()
    with pytest.raises(WorkerDiedError, match=r"out of memory perhaps: 20, 21, ") as died:
        _play_40(counted)
    assert counted.seeds | set(died.value.seeds) <= set(range(40))
    assert counted.seeds <= set(range(20))
    assert set(died.value.seeds) >= set(range(20, 30))


def test_what_a_worker_raises_is_raised_after_all_that_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(campaign, "play_batch", _raises_on_20)
    counted = Campaign()
    with pytest.raises(MemoryError):
        _play_40(counted)
    assert counted.seeds >= set(range(20))


_IS_KILLED = """
from tests.simulation.fuzz.test_campaign import begins_and_never_ends
from rebalance.simulation.fuzz import campaign

if __name__ == "__main__":
    with campaign.processes(2) as executor:
        for number in range(2):
            executor.submit(begins_and_never_ends, number)
"""


def begins_and_never_ends(number: int) -> None:
    print(f"{number} begun", flush=True)
    Event().wait(LONG_S)


def test_workers_end_when_the_process_that_has_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "is_killed.py"
    script.write_text(_IS_KILLED, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        begun = {process.stdout.readline(), process.stdout.readline()}
        assert begun == {"0 begun\n", "1 begun\n"}
        process.kill()
        # It ends when nobody is left who could write to it.
        assert process.communicate(timeout=LONG_S / 2)[0] == ""
