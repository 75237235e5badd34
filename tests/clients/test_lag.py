"""Lag as it is measured, kept and read; time is given."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from assignors import ClusterMetadata, OptimizedAssignor, PartitionSet, Subscription
from assignors.optimized import LiveLags, Objective
from rebalance.clients.lag import BackgroundLag, LagReader, lags_of


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_lag_is_the_end_minus_what_is_committed() -> None:
    ends = {("t", 0): 10, ("t", 1): 10, ("t", 2): 3, ("t", 3): None}
    committed = {("t", 0): 4, ("t", 1): None, ("t", 2): 7}
    assert lags_of(ends, committed) == {("t", 0): 6, ("t", 1): 10, ("t", 2): 0}
    assert lags_of({("t", 0): 10}, {("t", 0): -1}) == {("t", 0): 10}  # Kafka's "none"


def test_before_the_first_measurement_there_is_nothing() -> None:
    assert LagReader().read() is None


def test_each_topic_has_its_own_age_and_its_own_gaps() -> None:
    clock = Clock()
    lag = LagReader(clock=clock)
    lag.measured({("a", 0): 5, ("a", 2): 7})
    clock.seconds += 3
    lag.measured({("b", 0): 1})
    clock.seconds += 1
    read = lag.read()
    assert read is not None
    assert dict(read.by_topic) == {"a": (5, None, 7), "b": (1,)}
    assert (read.age_ms("a"), read.age_ms("b")) == (4_000, 1_000)


def test_heavy_partitions_spread_and_old_lag_does_not_count() -> None:
    clock = Clock()
    lag = LagReader(clock=clock)
    lag.measured({("t", each): 1_000 if each < 2 else 0 for each in range(4)})
    assignor = OptimizedAssignor(objective=Objective(weights=LiveLags(lag.read)))
    members = {name: Subscription(topics=["t"]) for name in "ab"}
    cluster = ClusterMetadata({"t": 4})
    plan = assignor.assign(cluster, members)
    heavy = PartitionSet({"t": [0, 1]})
    assert [len(plan[name] & heavy) for name in "ab"] == [1, 1]
    clock.seconds += 3_600
    assert "it counts as the median" in assignor.solve(cluster, members).describe()


def test_in_the_background_until_it_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    measured = threading.Semaphore(0)
    calls = 0

    def measure() -> Mapping[tuple[str, int], int]:
        nonlocal calls
        calls += 1
        measured.release()
        if calls == 2:
            raise OSError("no broker")
        return {("t", 0): calls}

    lag = BackgroundLag(measure, interval_s=0.001)
    lag.start()
    for _ in range(4):
        assert measured.acquire(timeout=30)
    lag.stop()
    read = lag.read()
    assert read is not None
    assert read.by_topic["t"] == (calls,)
    assert "could not be measured: OSError('no broker')" in caplog.text  # and it went on


def test_an_interval_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="above 0"):
        BackgroundLag(dict, interval_s=0)
