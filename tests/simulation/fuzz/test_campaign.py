"""A campaign counts what is done, whatever becomes of the rest."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from rebalance.simulation.fuzz import Batch, Campaign, WorkerDiedError, campaign


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
